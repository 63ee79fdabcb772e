/* SPDX-License-Identifier: MIT
 *
 * Linked against a library whose constructor allocates, takes a lock of the C library, and starts a thread that allocates.
 */
#include <string.h>

#include "tests/programs/ok.h"

char *plugin_constructor_block(void);

int main(void)
{
	CHECK(strcmp(plugin_constructor_block(), "made in a constructor") == 0);
	free(plugin_constructor_block());
	puts("ok");
	return 0;
}
