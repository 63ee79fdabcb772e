/* SPDX-License-Identifier: MIT
 *
 * Plugin of ok_deepbind.c.
 */
// build: -shared -fPIC
#include <stdlib.h>
#include <string.h>

char *make(size_t size)
{
	return memset(malloc(size), 'm', size);
}

void use(void)
{
	char *p = malloc(100);

	p = realloc(p, 200);
	free(p);
	free(strdup("text"));
}
