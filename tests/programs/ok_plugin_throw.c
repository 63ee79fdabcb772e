/* SPDX-License-Identifier: MIT
 *
 * A C program, without libstdc++, that loads a C++ plugin again and again; the plugin throws and catches, and hands out blocks that
 * outlive it.
 */
#include <dlfcn.h>
#include <string.h>

#include "tests/programs/ok.h"

int main(int argc, char **argv)
{
	char path[4096];
	char *kept[10];

	snprintf(path, sizeof path, "%.*s/plugin_throw", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
	for (int i = 0; i < 10; i++) {
		void *plugin = dlopen(path, RTLD_NOW);
		if (!plugin)
			puts(dlerror());
		CHECK(plugin);
		int (*sum_by_exceptions)(int) = (int (*)(int))dlsym(plugin, "sum_by_exceptions");
		char *(*make_text)(void) = (char *(*)(void))dlsym(plugin, "make_text");
		CHECK(sum_by_exceptions && make_text);
		CHECK(sum_by_exceptions(100) == 5050);
		kept[i] = make_text();
		dlclose(plugin);
	}
	for (int i = 0; i < 10; i++) {
		CHECK(strcmp(kept[i], "text of a plugin") == 0);
		free(kept[i]);
	}
	puts("ok");
	return 0;
}
