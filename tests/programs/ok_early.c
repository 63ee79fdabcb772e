/* SPDX-License-Identifier: MIT
 *
 * Allocations before any constructor: functions of .preinit_array run before every library's, ours included. Their blocks live on, are
 * resized and freed at all later times. The loader is asked for names then, too, which may allocate.
 */
#include <dlfcn.h>
#include <string.h>

#include "tests/programs/ok.h"

static char *early[50], *in_constructor, *grown;

static void run_before_all(void)
{
	for (size_t i = 0; i < 50; i++) {
		early[i] = calloc(1, 10 + i * 100);
		memset(early[i], (int)i, 10 + i * 100);
	}
	free(early[10]);
	early[10] = NULL;
	grown = malloc(100);
	strcpy(grown, "kept");
	(void)dlsym(RTLD_DEFAULT, "no_such_name"); /* a miss: dlerror allocates */
	(void)dlopen("no_such_library.so", RTLD_LAZY);
}

__attribute__((section(".preinit_array"), used)) static void (*const entry)(void) = run_before_all;

__attribute__((constructor)) static void construct(void)
{
	in_constructor = strdup("from the constructor");
	grown = realloc(grown, 5000);
	free(early[11]);
	early[11] = NULL;
}

__attribute__((destructor)) static void destruct(void)
{
	free(in_constructor);
	free(early[12]);
	free(malloc(1000));
}

int main(void)
{
	CHECK(strcmp(grown, "kept") == 0);
	free(grown);
	CHECK(strcmp(in_constructor, "from the constructor") == 0);
	for (size_t i = 0; i < 50; i++) {
		if (!early[i])
			continue;
		for (size_t j = 0; j < 10 + i * 100; j++)
			CHECK(early[i][j] == (char)i);
		if (i == 20)
			early[i] = realloc(early[i], 100000);
		if (i != 12)
			free(early[i]);
	}
	puts("ok");
	return 0;
}
