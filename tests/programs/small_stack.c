/* SPDX-License-Identifier: MIT
 *
 * Bugs in threads with the smallest stack that the system allows, and in a signal handler on an alternate stack of the least size: there is room for
 * a report. How much it took is measured by painting.
 */
// build: -Wl,-z,now
// expect: ERROR: malloc-debug: heap-buffer-overflow on address * (T1,
// expect: directly after the 20-byte block
// expect: in overflow *small_stack.c:40
// expect: ERROR: malloc-debug: double-free on address * (T1,
// expect: in free_twice *small_stack.c:49
// expect: ERROR: malloc-debug: bad-free on address * (T1,
// expect: on the stack of thread T1
// expect: in free_local *small_stack.c:56
// expect: ERROR: malloc-debug: double-free on address * (T0,
// expect: in handle *small_stack.c:65
// output: went on
// output: enough
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define PAINTED 9000
#define DEPTH_MAX 4096

static size_t deepest;

static void overflow(void)
{
	char *block = malloc(20);

	if (!block)
		abort();
	block[20] = 1;
	free(block);
}

static void free_twice(void)
{
	char *volatile block = malloc(30);

	free(block);

	free(block);
}

static void free_local(void)
{
	char local[64] = "";

	free(local + 32);
}

static char *volatile shared;

static void handle(int signal)
{
	(void)signal;

	free(shared);
}

static __attribute__((noinline)) void paint(void)
{
	volatile char *area = alloca(PAINTED);

	for (size_t i = 0; i < PAINTED; i++)
		area[i] = 0x5a;
}

static __attribute__((noinline)) void look(void)
{
	volatile char *area = alloca(PAINTED);
	size_t untouched = 0;

	while (untouched < PAINTED && area[untouched] == 0x5a)
		untouched++;
	if (PAINTED - untouched > deepest)
		deepest = PAINTED - untouched;
}

static void *run(void *argument)
{
	static void (*const acts[])(void) = { overflow, free_twice, free_local };

	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
		paint();
		acts[i]();
		look();
	}
	return argument;
}

int main(int argc, char **argv)
{
	pthread_attr_t attributes;
	pthread_t thread;
	stack_t stack = { .ss_size = (size_t)sysconf(_SC_MINSIGSTKSZ) + 8192 };
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_ONSTACK };

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN));
	if (pthread_create(&thread, &attributes, run, NULL) != 0)
		return 1;
	pthread_join(thread, NULL);
	stack.ss_sp = malloc(stack.ss_size);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	shared = malloc(10);
	free(shared);
	raise(SIGUSR1);
	puts("went on");
	if (deepest > DEPTH_MAX || argc > 1)
		printf("%zu bytes of stack\n", deepest);
	else
		puts("enough");
	return 0;
}
