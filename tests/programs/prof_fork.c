/* SPDX-License-Identifier: MIT
 *
 * Three children, one after the other, of which each keeps something of its own.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static void *kept;

__attribute__((noinline)) static void keep_in_child(size_t size)
{
	kept = malloc(size);
}

__attribute__((noinline)) static void keep_in_parent(void)
{
	kept = malloc(7);
}

int main(void)
{
	keep_in_parent();
	for (size_t i = 1; i <= 3; i++) {
		pid_t child = fork();
		int status;

		CHECK(child >= 0);
		if (!child) {
			keep_in_child(i * 1000);
			return 0;
		}
		CHECK(waitpid(child, &status, 0) == child && status == 0);
	}
	return 0;
}
