/* SPDX-License-Identifier: MIT
 *
 * How much stack a call of malloc and its relatives takes: under 4 KB, so that threads with the smallest stacks, signal stacks and coroutines have
 * room. Measured by painting the stack below the call, in threads whose very first call it is and later, and through a frame that only
 * an expression describes (a stack realigned with a variable frame).
 */
// build: -Wl,-z,now
#include <alloca.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include "tests/programs/ok.h"

#define DEPTH_MAX 4096
#define PAINTED 32768

typedef void action(void);

static size_t deepest;
static const char *deepest_name;

/* Two calls at the same depth: one paints, one looks how far down the action came. */
static __attribute__((noinline)) void paint(void)
{
	volatile char *area = alloca(PAINTED);

	for (size_t i = 0; i < PAINTED; i++)
		area[i] = 0x5a;
}

static __attribute__((noinline)) size_t measure(void)
{
	volatile char *area = alloca(PAINTED);
	size_t untouched = 0;

	while (untouched < PAINTED && area[untouched] == 0x5a)
		untouched++;
	return PAINTED - untouched;
}

static __attribute__((noinline)) void measured(const char *name, action *act)
{
	paint();
	act();
	size_t depth = measure();

	if (depth > deepest) {
		deepest = depth;
		deepest_name = name;
	}
	if (depth > DEPTH_MAX)
		printf("%s: %zu bytes of stack\n", name, depth);
}

static void *volatile block;

static void act_malloc(void)
{
	block = malloc(100);
}

static void act_free(void)
{
	free(block);
}

static void act_calloc(void)
{
	block = calloc(10, 100000);
}

static void act_realloc(void)
{
	block = realloc(block, malloc_usable_size(block) * 2 + 1);
}

static void act_memalign(void)
{
	block = memalign(8192, 100);
}

static void act_fail(void)
{
	void *volatile none = calloc((size_t)1 << 62, 16);
	(void)none;
}

/* Its frame's address is kept in a register that is itself saved in the frame. */
static __attribute__((noinline)) void act_realigned(void)
{
	_Alignas(64) volatile char aligned[64];
	volatile char *variable = alloca((size_t)(rand() % 64) + 1);

	aligned[0] = variable[0] = 1;
	free(malloc((size_t)aligned[0]));
	measured("nested", act_malloc);
	act_free();
}

static void *run(void *argument)
{
	measured("first malloc", act_malloc);
	measured("first free", act_free);
	measured("realigned", act_realigned);
	for (int i = 0; i < 500; i++) {
		measured("malloc", act_malloc);
		if (i % 3)
			measured("realloc", act_realloc);
		if (i % 100 == 99)
			for (int j = 0; j < 5; j++)
				measured("large realloc", act_realloc);
		measured("free", act_free);
		measured("calloc", act_calloc);
		act_free();
		measured("memalign", act_memalign);
		act_free();
	}
	measured("failing calloc", act_fail);
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	run(NULL);
	for (int i = 0; i < 2; i++) {
		CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
		CHECK(pthread_join(thread, NULL) == 0);
	}
	if (argc > 1)
		fprintf(stderr, "%s: %zu\n", deepest_name, deepest);
	puts("ok");
	return 0;
}
