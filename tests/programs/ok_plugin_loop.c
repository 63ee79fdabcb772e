/* SPDX-License-Identifier: MIT
 *
 * A C program that opens and closes a C++ plugin with static objects again and again, from several threads, too; at the end it stays open.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "tests/programs/ok.h"

static char path[4096];

static void *use_open(void *plugin)
{
	int (*use)(int) = (int (*)(int))dlsym(plugin, "use_statics");

	CHECK(use && use(1) == 36);
	return NULL;
}

int main(int argc, char **argv)
{
	snprintf(path, sizeof path, "%s", argv[0]);
	strcpy(strrchr(path, '/') + 1, "plugin_statics");
	for (int i = 0; i < 100; i++) {
		void *plugin = dlopen(path, i % 2 ? RTLD_NOW : RTLD_LAZY);
		pthread_t thread;

		CHECK(plugin);
		if (i % 4 == 0)
			use_open(plugin);
		CHECK(pthread_create(&thread, NULL, use_open, plugin) == 0);
		CHECK(pthread_join(thread, NULL) == 0);
		if (i < 99)
			CHECK(dlclose(plugin) == 0);
	}
	puts("ok");
	return 0;
}
