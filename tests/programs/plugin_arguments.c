/* SPDX-License-Identifier: MIT
 *
 * Plugin of ok_arguments.c: keeps what its constructor was given.
 */
// build: -shared -fPIC
#include <stdlib.h>

int plugin_count;
char **plugin_arguments;
const char *plugin_variable;

__attribute__((constructor)) static void construct(int argc, char **argv)
{
	plugin_count = argc;
	plugin_arguments = argv;
	plugin_variable = getenv("PATH");
}
