/* SPDX-License-Identifier: MIT
 *
 * A block made by a library that is unloaded when the damage is found: the stack still names the library's function and line.
 */
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: in main *dlclosed_owner.c:27
// expect: in make_block *plugin_owner.c:*[unloaded]
// expect: in main *dlclosed_owner.c:24
// status: 0
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	char path[4096];

	snprintf(path, sizeof path, "%.*s/plugin_owner", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
	void *plugin = dlopen(path, RTLD_NOW);
	if (!plugin)
		return 1;
	char *(*make_block)(void) = (char *(*)(void))dlsym(plugin, "make_block");
	char *block = make_block();
	dlclose(plugin);
	block[30] = 0;
	free(block);
	return 0;
}
