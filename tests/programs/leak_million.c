/* SPDX-License-Identifier: MIT
 *
 * Two million blocks: lost one by one, lost as one list (which no stack for marking holds), and kept as one list.
 */
// leaks: apart | | direct=2000000:32000000
// leaks: list | | direct=1:16 indirect=1999999:31999984
// leaks: kept | | direct=1:100 reachable=2000000
#include "tests/programs/leak.h"

static char **kept;

int main(int argc, char **argv)
{
	char **list = NULL;

	for (int i = 0; i < 2000000; i++) {
		char **block = (char **)malloc(16);

		block[0] = strcmp(argv[1], "apart") ? (char *)list : NULL;
		block[1] = NULL;
		list = block;
	}
	if (!strcmp(argv[1], "kept")) {
		kept = list;
		lose(100);
	}
	say_ok();
	return 0;
}
