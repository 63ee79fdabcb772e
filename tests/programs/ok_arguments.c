/* SPDX-License-Identifier: MIT
 *
 * The C library's own start is as without us, although our constructor comes before it and loads a library: environment, program name, and the
 * arguments that constructors get, in the program and in a plugin.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static int early_count;
static char **early_arguments, **early_environment;
static const char *early_variable;

__attribute__((constructor)) static void construct(int argc, char **argv, char **envp)
{
	early_count = argc;
	early_arguments = argv;
	early_environment = envp;
	early_variable = getenv("PATH");
}

int main(int argc, char **argv, char **envp)
{
	char path[4096];

	CHECK(early_count == argc && early_arguments == argv && early_environment == envp);
	CHECK(environ == envp && environ[0]);
	CHECK(early_variable && getenv("PATH") == early_variable);
	CHECK(setenv("MADE_HERE", "yes", 1) == 0 && strcmp(getenv("MADE_HERE"), "yes") == 0);
	CHECK(strcmp(program_invocation_name, argv[0]) == 0);
	CHECK(strcmp(program_invocation_short_name, "ok_arguments") == 0);
	snprintf(path, sizeof path, "%.*s/plugin_arguments", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
	void *plugin = dlopen(path, RTLD_NOW);
	CHECK(plugin);
	CHECK(*(int *)dlsym(plugin, "plugin_count") == argc && *(char ***)dlsym(plugin, "plugin_arguments") == argv);
	CHECK(*(const char **)dlsym(plugin, "plugin_variable"));
	puts("ok");
	return 0;
}
