/* SPDX-License-Identifier: MIT
 *
 * A plugin opened with RTLD_DEEPBIND binds to the C library's own malloc and free, while what the C library allocates for it comes from the program's
 * malloc. Blocks go both ways between program and plugin all the same. (Without the library all is one heap.)
 *
 * What the library cannot help: a plugin opened by a bare name that only the RUNPATH of its opener finds keeps its bindings, and if it frees a block of
 * ours, the C library ends the process, as it does under any preloaded malloc.
 */
#include <dlfcn.h>
#include <string.h>

#include "tests/programs/ok.h"

int main(int argc, char **argv)
{
	char path[4096];

	snprintf(path, sizeof path, "%.*s/plugin_deepbind", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
	void *plugin = dlopen(path, RTLD_LAZY | RTLD_DEEPBIND);
	CHECK(plugin);
	CHECK(!dlerror());
	char *(*make)(size_t) = (char *(*)(size_t))dlsym(plugin, "make");
	char *(*grow)(char *, size_t) = (char *(*)(char *, size_t))dlsym(plugin, "grow");
	void (*drop)(char *) = (void (*)(char *))dlsym(plugin, "drop");
	void (*use)(void) = (void (*)(void))dlsym(plugin, "use");
	char **early = dlsym(plugin, "plugin_early");

	for (size_t size = 1; size < 1 << 20; size = size * 3 + 1) {
		char *block = make(size);

		use();
		CHECK(block[0] == 'm' && block[size - 1] == 'm');
		free(block);
		block = make(size);
		block = realloc(block, size + 1000);
		CHECK(block[0] == 'm' && block[size - 1] == 'm');
		drop(block);
		block = strcpy(malloc(size + 5), "mine");
		block = grow(block, size + 500);
		CHECK(strcmp(block, "mine") == 0);
		free(block);
	}
	for (int i = 0; i < 100; i++) {
		if (i % 3 == 0)
			early[i] = realloc(early[i], (size_t)i * 3000 + 100);
		CHECK(early[i][0] == 'e' && early[i][i * 3000] == 'e');
		if (i % 2)
			drop(early[i]);
		else
			free(early[i]);
	}
	CHECK(dlopen(path, RTLD_LAZY | RTLD_DEEPBIND) == plugin);
	CHECK(dlclose(plugin) == 0 && dlclose(plugin) == 0);
	CHECK(!dlopen("./no_such_plugin", RTLD_LAZY | RTLD_DEEPBIND) && dlerror());
	puts("ok");
	return 0;
}
