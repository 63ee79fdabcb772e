/* SPDX-License-Identifier: MIT
 *
 * Plugin of event_close.c: keeps blocks in its variables, of which one is the C library's copy of a string, and gives one away.
 */
// build: -shared -fPIC
#include <stdlib.h>
#include <string.h>

static char *kept[2];

void plugin_keep(void)
{
	kept[0] = malloc(21);
	kept[1] = strdup("ten bytes");
}

void plugin_clean(void)
{
	free(kept[0]);
	free(kept[1]);
}

char *plugin_give(void)
{
	char *given = malloc(24);

	given[0] = 'g';
	return given;
}
