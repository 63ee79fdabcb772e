/* SPDX-License-Identifier: MIT
 *
 * malloc and free on a small alternate signal stack, with 8 KiB above what the system needs itself.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static void *made;

static void handle(int signal)
{
	for (size_t size = 1; size < 100000; size *= 3) {
		void *p = malloc(size);

		memset(p, signal, size);
		free(p);
	}
	made = malloc(500);
}

int main(void)
{
	size_t bytes = (size_t)sysconf(_SC_MINSIGSTKSZ) + 8192;
	stack_t stack = { .ss_sp = malloc(bytes), .ss_size = bytes };
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_ONSTACK };

	CHECK(sigaltstack(&stack, NULL) == 0);
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	for (int i = 0; i < 10; i++) {
		raise(SIGUSR1);
		CHECK(made);
		free(made);
	}
	stack.ss_flags = SS_DISABLE;
	CHECK(sigaltstack(&stack, NULL) == 0);
	free(stack.ss_sp);
	puts("ok");
	return 0;
}
