/* SPDX-License-Identifier: MIT
 *
 * Retrace: from the registers after an instruction to what it accessed. A block begins at BLOCK, and the eight bytes before it are watched.
 */
#include "src/retrace_x86.h"

#include "tests/unit/core_fixture.h"

#define BLOCK 0x20000ul
#define CODE 0x401000ul

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

static struct md_retrace retrace;
static struct md_retraced access;
static unsigned char around[8 + 2 * MD_RETRACE_AROUND];

/* The trap came behind code; more follows. All registers point far away but those that a test sets afterwards. */
static void trap_behind(const void *code, size_t before, size_t after, bool from_begin)
{
	retrace = (struct md_retrace){
		.registers = { .rip = CODE + before },
		.code = code,
		.before = before,
		.after = after,
		.from_begin = from_begin,
		.watched = BLOCK - 8,
		.watched_bytes = 8,
		.outside_begin = BLOCK - 0x100,
		.outside_end = BLOCK,
		.around = around,
	};
	for (unsigned i = 0; i < 16; i++)
		retrace.registers.general[i] = 0x7fff00000000ul + i * 0x100000;
	for (unsigned i = 0; i < sizeof around; i++)
		around[i] = (unsigned char)(0x80 + i * 5 % 64);
	memset(&access, 0, sizeof access);
}

#define TRAP_BEHIND(code, from_begin) trap_behind(code, sizeof code - 1, 0, from_begin)

static bool is(uintptr_t addr, uint32_t bytes, bool reads, bool writes, uintptr_t pc)
{
	return access.addr == addr && access.bytes == bytes && access.reads == reads && access.writes == writes && access.pc == pc;
}

Test(retrace, plain_accesses)
{
	TRAP_BEHIND("\x8b\x43\xfc", true); /* mov -4(%rbx), %eax */
	retrace.registers.general[RBX] = BLOCK;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 4, 4, true, false, CODE));
	TRAP_BEHIND("\x90\x90\xc6\x43\xff\x01", true); /* movb $1, -1(%rbx) */
	retrace.registers.general[RBX] = BLOCK;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 1, 1, false, true, CODE + 2));
	TRAP_BEHIND("\xf0\x0f\xc1\x03", true); /* lock xadd %eax, (%rbx) */
	retrace.registers.general[RBX] = BLOCK - 8;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 8, 4, true, true, CODE));
}

Test(retrace, the_stack_is_as_it_was)
{
	TRAP_BEHIND("\xff\x33", true); /* push (%rbx) */
	retrace.registers.general[RBX] = BLOCK - 8;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 8, 8, true, false, CODE));
	cr_assert_eq(access.pushed, 8);
	TRAP_BEHIND("\x8f\x03", true); /* pop (%rbx) */
	retrace.registers.general[RBX] = BLOCK - 8;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 8, 8, false, true, CODE));
	cr_assert_eq(access.pushed, -8);
	TRAP_BEHIND("\x8b\x03", true); /* mov (%rbx), %eax */
	retrace.registers.general[RBX] = BLOCK - 8;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert_eq(access.pushed, 0);
}

Test(retrace, what_reaches_into_the_block_is_no_matter)
{
	TRAP_BEHIND("\x48\x8b\x43\xfc", true); /* mov -4(%rbx), %rax */
	retrace.registers.general[RBX] = BLOCK;
	cr_assert_not(md_x86_retrace(&retrace, &access));
	TRAP_BEHIND("\xc5\xfe\x6f\x03", true); /* vmovdqu (%rbx), %ymm0 */
	retrace.registers.general[RBX] = BLOCK - 31;
	cr_assert_not(md_x86_retrace(&retrace, &access));
	retrace.registers.general[RBX] = BLOCK - 32;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 32, 32, true, false, CODE));
}

Test(retrace, what_does_not_touch_the_watched_bytes_is_not_it)
{
	TRAP_BEHIND("\x8b\x43\xfc", true);
	retrace.registers.general[RBX] = BLOCK - 8;
	cr_assert_not(md_x86_retrace(&retrace, &access), "it ends where they begin");
	TRAP_BEHIND("\x90\x90\x90", true);
	cr_assert_not(md_x86_retrace(&retrace, &access));
	TRAP_BEHIND("", true);
	cr_assert_not(md_x86_retrace(&retrace, &access), "no code at all");
	TRAP_BEHIND("\x06\x06\x06", false);
	cr_assert_not(md_x86_retrace(&retrace, &access), "no instructions");
}

/* mov $0x48000000, %eax; mov -4(%rbx), %eax: the last byte of the first would make the second one wider. */
Test(retrace, counting_tells_where_an_instruction_begins)
{
	static const char code[] = "\xb8\x00\x00\x00\x48\x8b\x43\xfc";

	TRAP_BEHIND(code, true);
	retrace.registers.general[RBX] = BLOCK;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 4, 4, true, false, CODE + 5));
	TRAP_BEHIND(code, false);
	retrace.registers.general[RBX] = BLOCK;
	cr_assert_not(md_x86_retrace(&retrace, &access), "it may be either");
	TRAP_BEHIND("\xff\x25\x8b\x43\xfc", true); /* counting ends beyond the trap */
	retrace.registers.general[RBX] = BLOCK;
	cr_assert(md_x86_retrace(&retrace, &access), "all that may be are outside");
	cr_assert(is(BLOCK - 4, 4, true, false, CODE + 2));
}

Test(retrace, string_instructions_have_moved_on)
{
	TRAP_BEHIND("\xac", true); /* lodsb */
	retrace.registers.general[RSI] = BLOCK;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 1, 1, true, false, CODE));
	retrace.registers.general[RSI] = BLOCK + 1;
	cr_assert_not(md_x86_retrace(&retrace, &access), "that was the first byte of the block");
	TRAP_BEHIND("\x48\xa5", true); /* movsq */
	retrace.registers.general[RDI] = BLOCK;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 8, 8, false, true, CODE));
	retrace.registers.general[RDI] = BLOCK - 16;
	retrace.backwards = true;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 8, 8, false, true, CODE));
}

Test(retrace, repeated_instructions_stand_where_they_are)
{
	trap_behind("\x90\xf3\xaa", 1, 2, true); /* rep stosb, under way */
	retrace.registers.general[RDI] = BLOCK - 3;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 4, 1, false, true, CODE + 1));
	trap_behind("\x90\xf3\xaa", 3, 0, true); /* done */
	retrace.registers.general[RDI] = BLOCK;
	retrace.registers.general[RCX] = 0;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 1, 1, false, true, CODE + 1));
	retrace.registers.general[RDI] = BLOCK + 20; /* a processor that tells late */
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 1, 1, false, true, CODE + 1));
	trap_behind("\xf3\x48\xab", 3, 0, true); /* rep stosq, its elements not aligned */
	retrace.registers.general[RDI] = BLOCK + 5;
	cr_assert_not(md_x86_retrace(&retrace, &access), "the last that touches them reaches into the block");
	retrace.registers.general[RDI] = BLOCK - 3;
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 11, 8, false, true, CODE));
}

/* A vector that reaches into the block, before a repeated instruction that is about to begin right behind the watched bytes. */
Test(retrace, a_repeated_instruction_that_has_not_begun_is_not_blamed)
{
	trap_behind("\xc5\xfe\x6f\x03\xf3\xa4", 4, 2, true);
	retrace.registers.general[RBX] = BLOCK - 8;
	retrace.registers.general[RDI] = BLOCK;
	cr_assert_not(md_x86_retrace(&retrace, &access));
}

Test(retrace, a_load_over_its_own_base_is_found_by_its_value)
{
	TRAP_BEHIND("\x48\x8b\x00", true); /* mov (%rax), %rax */
	memcpy(&retrace.registers.general[RAX], around + 8, 8);
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 8, 8, true, false, CODE));
	memcpy(&retrace.registers.general[RAX], around + 12, 8); /* from four bytes before the block on */
	cr_assert_not(md_x86_retrace(&retrace, &access));
	retrace.registers.general[RAX] = 0x1234;
	cr_assert_not(md_x86_retrace(&retrace, &access), "no such value there");
	TRAP_BEHIND("\x8b\x44\x03\xf0", true); /* mov -16(%rbx,%rax), %eax */
	retrace.registers.general[RAX] = 0;
	memcpy(&retrace.registers.general[RAX], around + 10, 4);
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 6, 4, true, false, CODE));
	TRAP_BEHIND("\x0f\xb6\x00", true); /* movzbl (%rax), %eax */
	retrace.registers.general[RAX] = around[11];
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 5, 1, true, false, CODE));
	TRAP_BEHIND("\x4d\x8b\x40\x08", true); /* mov 8(%r8), %r8 */
	memcpy(&retrace.registers.general[8], around + 8, 8);
	cr_assert(md_x86_retrace(&retrace, &access));
	cr_assert(is(BLOCK - 8, 8, true, false, CODE));
	retrace.around = NULL;
	cr_assert_not(md_x86_retrace(&retrace, &access), "memory cannot be read");
	TRAP_BEHIND("\x48\x8b\x08", true); /* mov (%rax), %rcx: the base is as it was */
	memcpy(&retrace.registers.general[RCX], around + 8, 8);
	cr_assert_not(md_x86_retrace(&retrace, &access));
}

/* Whatever bytes the code is made of: no crash, and nothing that does not hold. */
Test(retrace, any_bytes)
{
	uint64_t state = 7, found = 0;
	unsigned char code[64];

	for (int i = 0; i < 200000; i++) {
		size_t before = 1 + random_below(&state, 40);

		for (size_t j = 0; j < sizeof code; j++)
			code[j] = (unsigned char)next_random(&state);
		trap_behind(code, before, random_below(&state, sizeof code - before + 1), random_below(&state, 2));
		for (unsigned j = 0; j < 16; j++)
			retrace.registers.general[j] = BLOCK - 40 + random_below(&state, 80);
		if (!md_x86_retrace(&retrace, &access))
			continue;
		found++;
		must(access.bytes && access.addr + access.bytes <= BLOCK && access.addr >= BLOCK - 0x100, "it is not outside");
		must(access.addr + access.bytes > BLOCK - 8, "it does not touch the watched bytes");
		must(access.pc >= CODE && access.pc <= CODE + before, "it is not in the code");
	}
	cr_assert_gt(found, 1000);
}
