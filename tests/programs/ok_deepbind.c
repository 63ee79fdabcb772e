/* SPDX-License-Identifier: MIT
 *
 * A plugin opened with RTLD_DEEPBIND binds to the C library's own malloc and free. Blocks of that heap are passed on by our free; the
 * plugin frees its own itself.
 */
#include <dlfcn.h>
#include <string.h>

#include "tests/programs/ok.h"

int main(int argc, char **argv)
{
	char path[4096];

	snprintf(path, sizeof path, "%.*s/plugin_deepbind", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
	void *plugin = dlopen(path, RTLD_NOW | RTLD_DEEPBIND);
	CHECK(plugin);
	char *(*make)(size_t) = (char *(*)(size_t))dlsym(plugin, "make");
	void (*use)(void) = (void (*)(void))dlsym(plugin, "use");
	for (size_t size = 1; size < 1 << 20; size = size * 3 + 1) {
		char *block = make(size);

		use();
		CHECK(block[0] == 'm' && block[size - 1] == 'm');
		free(block);
		block = make(size);
		block = realloc(block, size + 1000);
		CHECK(block[0] == 'm' && block[size - 1] == 'm');
		free(block);
	}
	puts("ok");
	return 0;
}
