/* SPDX-License-Identifier: MIT
 *
 * A program that restricts its own system calls: what a search needs is no longer allowed then, so there is none, and the exit status is the program's own.
 * Who asks for one is told.
 */
// leaks: | leak_exitcode=23 | reports=0
// leaks: ask | leak_exitcode=23 | reports=0
#include <sys/prctl.h>

#include "tests/programs/leak.h"

static char *kept;

int main(int argc, char **argv)
{
	kept = keep(10);
	lose(100);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (argc > 1)
		look();
	say_ok();
	return 0;
}
