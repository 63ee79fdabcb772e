/* SPDX-License-Identifier: MIT
 *
 * Starts within 64 MiB of address space: the program sets the limit and executes itself.
 */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/programs/ok.h"

int main(int argc, char **argv)
{
	if (argc == 1) {
		struct rlimit limit = { 64 << 20, 64 << 20 };

		CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
		execl("/proc/self/exe", argv[0], "limited", (char *)NULL);
		CHECK(0);
	}
	char *blocks[20];
	for (int i = 0; i < 20; i++) {
		CHECK(blocks[i] = malloc(1 << 20));
		memset(blocks[i], i, 1 << 20);
	}
	for (int i = 0; i < 20; i++)
		free(blocks[i]);
	/* What was freed can be used again, whatever was held back. */
	for (int i = 0; i < 200; i++) {
		char *p = malloc(10 << 20);

		CHECK(p);
		memset(p, i, 10 << 20);
		free(p);
	}
	void *whole = malloc(128 << 20);
	CHECK(!whole);
	puts("ok");
	return 0;
}
