/* SPDX-License-Identifier: MIT
 *
 * The C library starts as it always does: environment, arguments and the program's name are there, in every one of their forms. (A library that opens
 * another one before the C library has started makes it start without them.)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

int main(int argc, char **argv, char **envp)
{
	const char *slash = strrchr(argv[0], '/');

	printf("environ %d, third argument %d, PATH %d\n", environ && *environ, envp == environ, getenv("PATH") != NULL);
	printf("name %d %d\n", !strcmp(program_invocation_name, argv[0]), !strcmp(program_invocation_short_name, slash ? slash + 1 : argv[0]));
	return argc == 1 && environ && *environ && envp == environ && getenv("PATH") && !strcmp(program_invocation_name, argv[0]) ? 0 : 1;
}
