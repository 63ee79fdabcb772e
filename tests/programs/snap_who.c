/* SPDX-License-Identifier: MIT
 *
 * Who points to a block: a chain from each kind of root, the inside of blocks, and nobody.
 */
// options: leaks=no
// output: global variable *snap_who+0x
// output: points to the start of
// output: 40-byte block by calloc in T0: *snap_who.c:53 in make_node
// output: at offset 8 points to the start of
// output: 40-byte block by calloc in T0
// output: at offset 8 points 4 bytes into
// output: 24-byte block by malloc in T0: *in hang_in
// output: through two blocks: 3
// output: thread-local variable of thread T0
// output: thread-local: 1
// output: thread-local variable of thread T1
// output: another thread's: 1
// output: stack of thread T1
// output: another stack: 1
// output: memory that the program or a library mapped
// output: mapped: 1
// output: Nothing leads there: once that thread has forgotten it, it is leaked.
// output: shared, not named: 0
// output: memory that the program registered as a root
// output: shared, named: 1
// output: 32-byte block by malloc in T0: *in make_leaked_chain
// output: at offset 24 points to the start of
// output: 16-byte block
// output: Only blocks that are leaked themselves lead there: once that thread has forgotten it, it is leaked.
// output: leaked ones: 0
// output: Nothing leads there: once that thread has forgotten it, it is leaked.
// output: who asks: 0
// output: no root was found within 32 blocks
// output: a long list: 0
// output: no block: -22 -22 -22 -9
#include <malloc_debug.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/programs/ok.h"

struct node {
	long number;
	void *next;
	char rest[24];
};

static __attribute__((noinline, noclone)) struct node *make_node(void *next)
{
	struct node *node = calloc(1, sizeof *node);

	node->next = next;
	return node;
}

static struct node *global;
static __thread void *local;
static uintptr_t hidden[16]; /* addresses as nobody would recognise them */

/* The work of each step is done in a frame of its own, so that none of this is left on the stack of main. */
#define APART __attribute__((noinline, noclone))

static APART void hang_in(void)
{
	char *inside = malloc(24);

	hidden[0] = ~(uintptr_t)inside;
	global = make_node(make_node(inside + 4));
}

static APART void make(int i, size_t bytes)
{
	hidden[i] = ~(uintptr_t)malloc(bytes);
}

static APART void set(void **place, int i)
{
	*place = (void *)~hidden[i];
}

/* Overwrites what calls before have left below. */
static APART void wipe(void)
{
	volatile char below[8192];

	for (size_t i = 0; i < sizeof below; i++)
		below[i] = 0;
}

/* The address is on the stack of main only while it is asked for. */
static APART long ask(int i)
{
	return malloc_debug_who_points(STDOUT_FILENO, (const void *)~hidden[i]);
}

static void say(const char *what, int i)
{
	wipe();
	long result = ask(i);

	printf("%s: %ld\n", what, result);
}

static pthread_barrier_t barrier;

static void *hold(void *unused)
{
	void *volatile on_stack = NULL;

	set(&local, 2);
	set((void **)&on_stack, 3);
	wipe();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	local = NULL;
	on_stack = NULL;
	return unused;
}

static APART void make_leaked_chain(void)
{
	void **last = malloc(16), **first = malloc(32);

	hidden[6] = ~(uintptr_t)last;
	first[3] = last;
	first = last = NULL;
}

static APART void make_list(void)
{
	void *node = NULL;

	for (int i = 0; i < 100; i++) {
		node = make_node(node);
		if (i == 0)
			hidden[8] = ~(uintptr_t)node;
	}
	global = node;
}

int main(void)
{
	pthread_t thread;
	void **shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void **mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	setvbuf(stdout, NULL, _IONBF, 0);
	hang_in();
	say("through two blocks", 0);
	make(1, 100);
	set(&local, 1);
	say("thread-local", 1);

	make(2, 110);
	make(3, 120);
	pthread_barrier_init(&barrier, NULL, 2);
	CHECK(pthread_create(&thread, NULL, hold, NULL) == 0);
	pthread_barrier_wait(&barrier);
	say("another thread's", 2);
	say("another stack", 3);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);

	make(4, 130);
	set(&mapped[77], 4);
	say("mapped", 4);
	make(5, 140);
	set(&shared[7], 5);
	say("shared, not named", 5);
	CHECK(malloc_debug_root_add(shared, 4096) == 0);
	say("shared, named", 5);
	CHECK(malloc_debug_root_remove(shared, 4096) == 0);
	make_leaked_chain();
	say("leaked ones", 6);

	void *volatile mine = malloc(150);

	hidden[7] = ~(uintptr_t)mine;
	say("who asks", 7);
	make_list();
	say("a long list", 8);
	printf("no block: %ld %ld %ld %ld\n", malloc_debug_who_points(STDOUT_FILENO, &global), malloc_debug_who_points(STDOUT_FILENO, NULL),
		malloc_debug_who_points(STDOUT_FILENO, (char *)mine + 150), malloc_debug_who_points(-1, mine));
	return 0;
}
