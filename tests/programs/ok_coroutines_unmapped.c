/* SPDX-License-Identifier: MIT
 *
 * Coroutines whose stacks are unmapped while blocks live on that were made on them, and are freed from other stacks; new stacks come to the same places.
 * One stack is still switched to when the process exits.
 */
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "tests/programs/ok.h"

#define STACK (64 << 10)
#define COUNT 500

static ucontext_t home, away;
static char *blocks[COUNT];
static int current;

static void make_block(void)
{
	blocks[current] = malloc((size_t)current * 5 + 10);
	CHECK(blocks[current]);
	memset(blocks[current], current, (size_t)current * 5 + 10);
	swapcontext(&away, &home);
	CHECK(0);
}

static void leave(void)
{
	for (int i = 0; i < COUNT; i++)
		free(blocks[i]);
	puts("ok");
	exit(0);
}

static void start(void *stack, void (*function)(void))
{
	CHECK(getcontext(&away) == 0);
	away.uc_stack.ss_sp = stack;
	away.uc_stack.ss_size = STACK;
	away.uc_link = NULL;
	makecontext(&away, function, 0);
	swapcontext(&home, &away);
}

int main(void)
{
	void *stack = NULL;

	for (current = 0; current < COUNT; current++) {
		stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(stack != MAP_FAILED);
		start(stack, make_block);
		CHECK(munmap(stack, STACK) == 0);
	}
	for (int i = 0; i < COUNT; i += 2) {
		free(blocks[i]);
		blocks[i] = NULL;
	}
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(stack != MAP_FAILED);
	start(stack, leave);
	return 1;
}
