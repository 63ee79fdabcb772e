/* SPDX-License-Identifier: MIT
 *
 * LeakSanitizer's annotations: scopes in which nothing is a leak, blocks that are none, and memory of the program that is looked at.
 */
// options: leaks=no
// expect: ERROR: malloc-debug: detected memory leaks
// expect: Checked on request
// expect: Direct leak of 12 bytes in 1 block allocated by malloc in T1
// expect: in leak *lsan_annotations.c:30
// expect: in leak_in_thread
// expect: Direct leak of 11 bytes in 1 block allocated by malloc in T0
// expect: in main
// expect: ignored                        5*the program asked for it
// expect: SUMMARY: malloc-debug: 23 byte(s) leaked in 2 allocation(s).
// expect: ERROR: malloc-debug: detected memory leaks
// expect: Direct leak of 500 bytes in 1 block
// expect: SUMMARY: malloc-debug: 523 byte(s) leaked in 3 allocation(s).
// output: first 1
// output: second 1
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/programs/lsan.h"

__attribute__((noinline)) static void *leak(size_t bytes)
{
	void *block = malloc(bytes);

	memset(block, 1, bytes);
	return block;
}

/* One block that holds another; only an address inside it is told. */
__attribute__((noinline)) static void leak_ignored(void)
{
	void **block = leak(400);

	block[3] = leak(50);
	__lsan_ignore_object((char *)block + 5);
	__lsan_ignore_object(NULL);
	__lsan_ignore_object(&block);
}

__attribute__((noinline)) static void *leak_in_thread(void *unused)
{
	leak(12); /* the scope is the other thread's */
	return unused;
}

/* Shared memory is not looked at by itself. */
__attribute__((noinline)) static void *map_shared(void)
{
	void **shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	shared[7] = leak(500);
	return shared;
}

/* What earlier calls left in registers and on the stack. */
__attribute__((noinline)) static void wipe(void)
{
	volatile char bytes[4096];

	memset((char *)bytes, 0, sizeof bytes);
}

int main(void)
{
	pthread_t thread;

	__lsan_disable();
	leak(100);
	__lsan_disable();
	leak(200);
	__lsan_enable();
	leak(300);
	pthread_create(&thread, NULL, leak_in_thread, NULL);
	pthread_join(thread, NULL);
	__lsan_enable();
	leak(11);
	leak_ignored();
	void *shared = map_shared();

	__lsan_register_root_region(shared, 4096);
	wipe();
	printf("first %d\n", __lsan_do_recoverable_leak_check());
	__lsan_unregister_root_region(shared, 4096);
	wipe();
	printf("second %d\n", __lsan_do_recoverable_leak_check());
	return 0;
}
