/* SPDX-License-Identifier: MIT
 *
 * One raw access before a young block, by one of many instructions: for tests/system/test_watch.c. The arguments are the instruction, the
 * bytes it accesses, and how far before the block they begin.
 */
// args: read 4 8
// options: guard=auto
// errors: any
// output: ok
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

static volatile uint64_t sink;

#define SIZED(statement) \
	switch (bytes) { \
	case 1: { \
		typedef uint8_t word; \
		statement; \
		break; \
	} \
	case 2: { \
		typedef uint16_t word; \
		statement; \
		break; \
	} \
	case 4: { \
		typedef uint32_t word; \
		statement; \
		break; \
	} \
	case 8: { \
		typedef uint64_t word; \
		statement; \
		break; \
	} \
	default: \
		return 0; \
	}

static __attribute__((noinline)) int access_before(const char *how, int bytes, char *at)
{
	register char *p __asm__("rbx") = at;

	if (!strcmp(how, "read")) {
		/* not into the register of the address: such a load is "chase" */
		SIZED(word value; __asm__ volatile("mov (%1), %0" : "=&r"(value) : "r"(p) : "memory"); sink = value);
	} else if (!strcmp(how, "write")) {
		SIZED(*(volatile word *)p = (word)0x4142434445464748);
	} else if (!strcmp(how, "add")) {
		SIZED(*(volatile word *)p += 1);
	} else if (!strcmp(how, "atomic")) {
		SIZED(sink = __atomic_fetch_add((word *)p, 1, __ATOMIC_SEQ_CST));
	} else if (!strcmp(how, "exchange")) {
		SIZED(sink = __atomic_exchange_n((word *)p, 1, __ATOMIC_SEQ_CST));
	} else if (!strcmp(how, "float") && bytes == 8) {
		sink = (uint64_t) * (volatile double *)p;
	} else if (!strcmp(how, "vector") && bytes == 16) {
		__m128i value = _mm_loadu_si128((const __m128i *)p);

		sink = (uint64_t)_mm_cvtsi128_si64(value);
	} else if (!strcmp(how, "chase") && bytes == 8) { /* what was loaded replaces the address */
		__asm__ volatile("mov (%0), %0" : "+r"(p) : : "memory");
	} else if (!strcmp(how, "chase") && bytes == 4) {
		__asm__ volatile("mov (%0), %k0" : "+r"(p) : : "memory");
	} else if (!strcmp(how, "chase") && bytes == 1) {
		__asm__ volatile("movzbl (%0), %k0" : "+r"(p) : : "memory");
	} else if (!strcmp(how, "fill")) { /* rep stosb */
		unsigned long count = (unsigned long)bytes;
		char *to = p;

		__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"('x') : "memory");
	} else if (!strcmp(how, "copy")) { /* rep movsb from there */
		unsigned long count = (unsigned long)bytes;
		char copy[64], *to = copy, *from = p;

		__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	} else if (!strcmp(how, "push") && bytes == 8) {
		__asm__ volatile("sub $128, %%rsp\n\tpush (%0)\n\tpop %%rax\n\tadd $128, %%rsp" : : "r"(p) : "rax", "memory");
	} else {
		return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	char *block;

	if (argc < 4)
		return 2;
	block = malloc(40);
	memset(block, 0, 40);
	if (!access_before(argv[1], atoi(argv[2]), block - atoi(argv[3])))
		return 3;
	puts("ok");
	fflush(stdout);
	exit(0);
}
