/* SPDX-License-Identifier: MIT
 *
 * Code without unwind tables, in a module and made at run time: where it has frame pointers, the stack goes on behind it, and is what libunwind finds.
 */
// build: -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-exceptions -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls
// options: unwind=check stats=yes
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: in main *no_unwind_tables.c:45
// expect: in _start
// expect: in make_block *no_unwind_tables.c:24
// expect: in call *no_unwind_tables.c:32
// expect: in main *no_unwind_tables.c:42
// expect: in _start
// expect: unwind mismatches                0
// status: 0
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static volatile int sink;

static __attribute__((noinline)) char *make_block(void)
{
	char *block = malloc(10);

	sink = 1; /* so that the call above has something behind it */
	return block;
}

static __attribute__((noinline)) char *call(char *(*made)(char *(*)(void)))
{
	char *block = made(make_block);

	sink = 2;
	return block;
}

int main(void)
{
	static const unsigned char code[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 }; /* push rbp; mov rbp, rsp; call rdi; pop rbp; ret */
	void *made = memcpy(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), code, sizeof code);
	volatile char *block = call((char *(*)(char *(*)(void)))made);

	block[10] = 1;
	free((char *)block);
	sink = 0;
	return sink;
}
