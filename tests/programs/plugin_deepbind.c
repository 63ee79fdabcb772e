/* SPDX-License-Identifier: MIT
 *
 * Plugin of ok_deepbind.c.
 */
// build: -shared -fPIC -Wl,-z,relro,-z,now
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *plugin_early[100];

/* Runs inside dlopen: these come from the C library's heap whatever is done afterwards. */
__attribute__((constructor)) static void construct(void)
{
	for (size_t i = 0; i < 100; i++)
		plugin_early[i] = memset(malloc(i * 3000 + 1), 'e', i * 3000 + 1);
	free(malloc(100));
}

char *make(size_t size)
{
	return memset(malloc(size), 'm', size);
}

void drop(char *block)
{
	free(block);
}

char *grow(char *block, size_t size)
{
	return realloc(block, size);
}

void use(void)
{
	char *p = malloc(100), *printed;

	p = realloc(p, 200);
	free(p);
	free(strdup("text")); /* allocated by the C library, for us */
	if (asprintf(&printed, "%d", 12345) > 0)
		free(printed);
}
