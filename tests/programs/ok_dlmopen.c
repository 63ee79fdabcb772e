/* SPDX-License-Identifier: MIT
 *
 * Namespaces of dlmopen: each has a C library of its own, with its own heap, and the plugin in it allocates, starts threads and frees there. Loaded and unloaded
 * again and again, beside blocks of the program's.
 */
#include <dlfcn.h>
#include <string.h>

#include "tests/programs/ok.h"

int main(int argc, char **argv)
{
	char path[4096];

	CHECK(argc == 1);
	snprintf(path, sizeof path, "%s", argv[0]);
	strcpy(strrchr(path, '/') + 1, "plugin_namespace");
	for (int i = 0; i < 30; i++) {
		void *before = malloc(1000), *plugin = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);

		if (!plugin)
			puts(dlerror());
		CHECK(plugin);
		int (*work)(int) = (int (*)(int))dlsym(plugin, "work_in_namespace");

		CHECK(work && work(i) == i + 1);
		free(before);
		CHECK(dlclose(plugin) == 0);
	}
	puts("ok");
	return 0;
}
