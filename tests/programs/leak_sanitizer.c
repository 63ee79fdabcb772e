/* SPDX-License-Identifier: MIT
 *
 * A program made with -fsanitize=leak, whose library replaces malloc as well: where ours stands back, both hand on, each to the next, and nobody calls
 * in circles while a name is looked up.
 */
// build: -fsanitize=leak
#include <dlfcn.h>
#include <string.h>

#include "tests/programs/ok.h"

int main(void)
{
	char *blocks[100] = { 0 };

	for (size_t i = 0; i < 5000; i++) {
		free(blocks[i % 100]);
		blocks[i % 100] = malloc(i);
		CHECK(blocks[i % 100]);
		memset(blocks[i % 100], 1, i);
	}
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
	for (int i = 0; i < 10; i++) /* names that nobody has: the loader allocates its message */
		CHECK(!dlsym(RTLD_DEFAULT, "a_name_that_nobody_has") && dlerror());
	puts("ok");
	return 0;
}
