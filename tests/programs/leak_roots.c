/* SPDX-License-Identifier: MIT
 *
 * Threads register and unregister memory as roots while leaks are looked for again and again. What was registered all the time always counts.
 */
// leaks: 30 | leaks=no:leak_roots=globals,stacks,registers,tls | direct=1:100 reachable=1 reports=30
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "include/malloc_debug.h"
#include "tests/programs/leak.h"

#define THREADS 4

static atomic_int stop;
static char *pages[THREADS + 1];

static void *run(void *page)
{
	while (!stop) {
		CHECK(malloc_debug_root_add(page, 64) == 0);
		CHECK(malloc_debug_root_add((char *)page + 64, 64) == 0);
		CHECK(malloc_debug_root_remove(page, 64) == 0);
		CHECK(malloc_debug_root_remove((char *)page + 64, 64) == 0);
	}
	return page;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	for (int i = 0; i <= THREADS; i++)
		pages[i] = (char *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*(char **)pages[THREADS] = keep(33); /* a mapping, which is no root here unless it is registered */
	lose(100);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, run, pages[i]) == 0);
	CHECK(malloc_debug_root_add(pages[THREADS], 64) == 0);
	for (int i = 0; i < atoi(argv[1]); i++) {
		look();
		usleep(1000);
	}
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	say_ok();
	return 0;
}
