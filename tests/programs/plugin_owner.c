/* SPDX-License-Identifier: MIT
 *
 * Plugin of dlclosed_owner.c.
 */
// build: -shared -fPIC
#include <stdlib.h>

char *make_block(void)
{
	char *block = malloc(30);

	return block;
}
