/* SPDX-License-Identifier: MIT
 *
 * Stacks for signals that nobody but the kernel knows of, as runtimes set them up for each thread: main's, another thread's, and one that
 * was in use and is not any more. The kernel has the address of the first two, which are in use.
 */
// leaks: | | direct=1:20000 reachable=2
#include <pthread.h>
#include <unistd.h>

#include "tests/programs/leak.h"

#define STACK_BYTES 20000

static pthread_barrier_t ready, never;

static __attribute__((noinline)) void set(void)
{
	volatile char far[4096]; /* as in lose() */
	stack_t stack = { .ss_size = STACK_BYTES };

	far[0] = 2;
	stack.ss_sp = keep(STACK_BYTES);
	CHECK(sigaltstack(&stack, NULL) == 0);
	stack.ss_sp = NULL;
}

static __attribute__((noinline)) void set_far(void)
{
	volatile char far[8192];

	far[0] = 2;
	set();
}

static void *run(void *unused)
{
	set_far();
	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&never);
	return unused;
}

int main(void)
{
	const stack_t none = { .ss_flags = SS_DISABLE };
	pthread_t thread;

	pthread_barrier_init(&ready, NULL, 2);
	pthread_barrier_init(&never, NULL, 2);
	set_far();
	CHECK(sigaltstack(&none, NULL) == 0);
	set_far();
	CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
	pthread_barrier_wait(&ready);
	say_ok();
	return 0;
}
