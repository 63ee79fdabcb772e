/* SPDX-License-Identifier: MIT
 *
 * Call frame information: of functions whose directives are written by hand, of this program and its libraries (compared with the
 * unwinder of the compiler), and of tables that somebody damaged.
 */
#include "src/cfi.h"

#include <alloca.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <unwind.h>

#include "tests/unit/core_fixture.h"

/* --- modules ------------------------------------------------------------------ */

struct module {
	uintptr_t pc; /* in: an address in it */
	uintptr_t hdr;
	uintptr_t begin, end; /* of the segment with the tables */
};

static int look_at(struct dl_phdr_info *info, size_t bytes, void *context)
{
	struct module *module = context;
	bool contains = false;

	(void)bytes;
	module->hdr = 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + segment->p_vaddr;

		contains |= segment->p_type == PT_LOAD && module->pc >= begin && module->pc < begin + segment->p_memsz;
		if (segment->p_type == PT_GNU_EH_FRAME)
			module->hdr = begin;
	}
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && module->hdr >= begin && module->hdr < begin + segment->p_memsz) {
			module->begin = begin;
			module->end = begin + segment->p_memsz;
		}
	}
	return contains && module->hdr;
}

static bool module_of(uintptr_t pc, struct module *module)
{
	module->pc = pc;
	return dl_iterate_phdr(look_at, module);
}

static struct md_cfi_row row_at(uintptr_t pc)
{
	struct module module;

	if (!module_of(pc, &module))
		return (struct md_cfi_row){ .kind = MD_CFI_MISSING };
	return md_cfi_find(pc, module.hdr, module.begin, module.end);
}

/* --- directives by hand --------------------------------------------------------- */

/* Each label stands behind an instruction of one byte; the row of a label is the one in force there. */
__asm__(".text\n"
	".type cfi_by_hand, @function\n"
	"cfi_by_hand:\n"
	".cfi_startproc\n"
	"hand_entry: nop\n"
	".cfi_def_cfa_offset 16\n"
	"hand_pushed: nop\n"
	".cfi_offset %rbp, -16\n"
	"hand_saved: nop\n"
	".cfi_def_cfa_register %rbp\n"
	"hand_frame: nop\n"
	".cfi_remember_state\n"
	".cfi_def_cfa %rsp, 8\n"
	".cfi_restore %rbp\n"
	"hand_popped: nop\n"
	".cfi_restore_state\n"
	"hand_restored: nop\n"
	".skip 300, 0x90\n"
	".cfi_def_cfa %rsp, 4096\n"
	"hand_far: nop\n"
	".skip 70000, 0x90\n"
	".cfi_adjust_cfa_offset 8\n"
	"hand_farther: nop\n"
	".cfi_escape 0x2e, 0x10\n" /* GNU_args_size 16 */
	"hand_args: nop\n"
	".cfi_same_value %rbp\n"
	"hand_same: nop\n"
	".cfi_offset %rbx, -24\n"     /* not ours to follow */
	".cfi_escape 0x11, 6, 0x7c\n" /* offset_extended_sf rbp, -4 * -8 = +32 */
	"hand_above: nop\n"
	".cfi_offset %rbp, -4000\n"
	"hand_deep: nop\n"
	".cfi_register %rbp, %rbx\n"
	"hand_register: nop\n"
	".cfi_undefined %rbp\n"
	"hand_undefined_bp: nop\n"
	".cfi_def_cfa %rbx, 16\n"
	"hand_base_rbx: nop\n"
	".cfi_escape 0x0f, 3, 0x77, 8, 6\n" /* def_cfa_expression: breg7 8, deref */
	"hand_expression: nop\n"
	".cfi_def_cfa %rsp, 8\n"
	"hand_plain_again: nop\n"
	".cfi_escape 0x0f, 3, 0x77, 8, 6\n"
	"hand_expression_again: nop\n"
	".cfi_def_cfa %rsp, 8\n"
	".cfi_escape 0x10, 6, 2, 0x76, 0x70\n" /* expression rbp: breg6 -16 */
	"hand_bp_expression: nop\n"
	".cfi_restore %rbp\n"
	".cfi_val_offset %rbp, -16\n"
	"hand_bp_value: nop\n"
	".cfi_restore %rbp\n"
	".cfi_offset %rip, -16\n"
	"hand_return_elsewhere: nop\n"
	".cfi_undefined %rip\n"
	"hand_end: nop\n"
	".cfi_endproc\n"
	".size cfi_by_hand, . - cfi_by_hand\n"
	".type cfi_of_signal, @function\n"
	"cfi_of_signal:\n"
	".cfi_startproc\n"
	".cfi_signal_frame\n"
	"hand_signal: nop\n"
	".cfi_endproc\n"
	".size cfi_of_signal, . - cfi_of_signal\n");

#define HAND(name) extern const char name[] __attribute__((visibility("hidden")))
HAND(hand_entry);
HAND(hand_pushed);
HAND(hand_saved);
HAND(hand_frame);
HAND(hand_popped);
HAND(hand_restored);
HAND(hand_far);
HAND(hand_farther);
HAND(hand_args);
HAND(hand_same);
HAND(hand_above);
HAND(hand_deep);
HAND(hand_register);
HAND(hand_undefined_bp);
HAND(hand_base_rbx);
HAND(hand_expression);
HAND(hand_plain_again);
HAND(hand_expression_again);
HAND(hand_bp_expression);
HAND(hand_bp_value);
HAND(hand_return_elsewhere);
HAND(hand_end);
HAND(hand_signal);

static const struct {
	const char *label;
	struct md_cfi_row row;
	const char *name;
} by_hand[] = {
	{ hand_entry, { MD_CFI_SIMPLE, 0, 8, 0 }, "entry" },
	{ hand_pushed, { MD_CFI_SIMPLE, 0, 16, 0 }, "pushed" },
	{ hand_saved, { MD_CFI_SIMPLE, 0, 16, -16 }, "saved" },
	{ hand_frame, { MD_CFI_SIMPLE, 1, 16, -16 }, "frame" },
	{ hand_popped, { MD_CFI_SIMPLE, 0, 8, 0 }, "popped" },
	{ hand_restored, { MD_CFI_SIMPLE, 1, 16, -16 }, "restored" },
	{ hand_far, { MD_CFI_SIMPLE, 0, 4096, -16 }, "far" },
	{ hand_farther, { MD_CFI_SIMPLE, 0, 4104, -16 }, "farther" },
	{ hand_args, { MD_CFI_SIMPLE, 0, 4104, -16 }, "args" },
	{ hand_same, { MD_CFI_SIMPLE, 0, 4104, 0 }, "same" },
	{ hand_above, { MD_CFI_COMPLEX, 0, 0, 0 }, "above" },
	{ hand_deep, { MD_CFI_SIMPLE, 0, 4104, -4000 }, "deep" },
	{ hand_register, { MD_CFI_COMPLEX, 0, 0, 0 }, "register" },
	{ hand_undefined_bp, { MD_CFI_SIMPLE, 0, 4104, 0 }, "undefined bp" },
	{ hand_base_rbx, { MD_CFI_COMPLEX, 0, 0, 0 }, "base rbx" },
	{ hand_expression, { MD_CFI_COMPLEX, 0, 0, 0 }, "expression" },
	{ hand_plain_again, { MD_CFI_SIMPLE, 0, 8, 0 }, "plain again" },
	{ hand_expression_again, { MD_CFI_COMPLEX, 0, 0, 0 }, "expression again" },
	{ hand_bp_expression, { MD_CFI_COMPLEX, 0, 0, 0 }, "bp expression" },
	{ hand_bp_value, { MD_CFI_COMPLEX, 0, 0, 0 }, "bp value" },
	{ hand_return_elsewhere, { MD_CFI_COMPLEX, 0, 0, 0 }, "return elsewhere" },
	{ hand_end, { MD_CFI_END, 0, 0, 0 }, "end" },
	{ hand_signal, { MD_CFI_COMPLEX, 0, 0, 0 }, "signal" },
};

#define BY_HAND (sizeof by_hand / sizeof *by_hand)

static bool same_row(struct md_cfi_row a, struct md_cfi_row b)
{
	return a.kind == b.kind &&
		(a.kind != MD_CFI_SIMPLE ||
			(a.from_frame_pointer == b.from_frame_pointer && a.base_offset == b.base_offset &&
				a.saved_offset == b.saved_offset));
}

Test(cfi, a_function_has_an_extent)
{
	extern const char cfi_by_hand[] __attribute__((visibility("hidden"))), cfi_of_signal[] __attribute__((visibility("hidden")));
	struct module module;
	uintptr_t first, last;

	cr_assert(module_of((uintptr_t)hand_deep, &module));
	cr_assert(md_cfi_function((uintptr_t)hand_deep, module.hdr, module.begin, module.end, &first, &last));
	cr_assert_eq(first, (uintptr_t)cfi_by_hand);
	cr_assert_eq(last, (uintptr_t)hand_end + 1);
	cr_assert(md_cfi_function((uintptr_t)cfi_by_hand, module.hdr, module.begin, module.end, &first, &last));
	cr_assert_eq(first, (uintptr_t)cfi_by_hand);
	cr_assert(md_cfi_function((uintptr_t)cfi_of_signal, module.hdr, module.begin, module.end, &first, &last));
	cr_assert_eq(first, (uintptr_t)cfi_of_signal);
	cr_assert_not(md_cfi_function((uintptr_t)cfi_by_hand, 0, module.begin, module.end, &first, &last));
	cr_assert_not(md_cfi_function((uintptr_t)&module, module.hdr, module.begin, module.end, &first, &last), "a stack is no code");
}

Test(cfi, every_directive)
{
	for (size_t i = 0; i < BY_HAND; i++) {
		struct md_cfi_row row = row_at((uintptr_t)by_hand[i].label);

		cr_expect(same_row(row, by_hand[i].row), "%s: kind %d, %s + %ld, saved at %ld", by_hand[i].name, (int)row.kind,
			row.from_frame_pointer ? "rbp" : "rsp", row.base_offset, row.saved_offset);
	}
}

Test(cfi, addresses_that_no_module_speaks_of)
{
	struct module own;
	static const char data[16];

	cr_assert(module_of((uintptr_t)hand_entry, &own));
	cr_expect(eq(int, md_cfi_find(0, own.hdr, own.begin, own.end).kind, MD_CFI_MISSING));
	cr_expect(eq(int, md_cfi_find(UINTPTR_MAX, own.hdr, own.begin, own.end).kind, MD_CFI_MISSING));
	cr_expect(eq(int, md_cfi_find((uintptr_t)data, own.hdr, own.begin, own.end).kind, MD_CFI_MISSING));
	cr_expect(eq(int, md_cfi_find((uintptr_t)hand_entry, 0, 0, 0).kind, MD_CFI_MISSING));
	cr_expect(eq(int, md_cfi_find((uintptr_t)hand_entry, own.hdr, own.hdr + 1, own.end).kind, MD_CFI_MISSING),
		"a header outside of the module");
}

/* --- stepping ---------------------------------------------------------------------- */

#define DEPTH_MAX 200

struct trace {
	uintptr_t pcs[DEPTH_MAX];
	size_t count;
};

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *context, void *argument)
{
	struct trace *trace = argument;

	if (trace->count < DEPTH_MAX && _Unwind_GetIP(context))
		trace->pcs[trace->count++] = _Unwind_GetIP(context);
	return _URC_NO_REASON;
}

static struct trace by_rules, by_compiler;
static enum md_cfi_kind stopped_at;

/* Steps by rows from here to the outermost frame, or to the first that is not simple. */
__attribute__((noinline, no_sanitize("address"))) static void walk_by_rules(void)
{
	uintptr_t pc, sp, bp;

	__asm__ volatile("leaq 0(%%rip), %0\n\tmovq %%rsp, %1\n\tmovq %%rbp, %2" : "=r"(pc), "=r"(sp), "=r"(bp));
	by_rules.count = 0;
	for (struct md_cfi_row row = row_at(pc);; row = row_at(pc - 1)) {
		stopped_at = row.kind;
		if (row.kind != MD_CFI_SIMPLE || by_rules.count == DEPTH_MAX)
			return;
		uintptr_t base = (row.from_frame_pointer ? bp : sp) + (uintptr_t)row.base_offset;

		pc = *(const uintptr_t *)(base - 8);
		if (row.saved_offset)
			bp = *(const uintptr_t *)(base + (uintptr_t)row.saved_offset);
		sp = base;
		if (!pc)
			return;
		by_rules.pcs[by_rules.count++] = pc;
	}
}

__attribute__((noinline)) static int walk_both(void)
{
	walk_by_rules(); /* its callers: the return addresses from here on */
	by_compiler.count = 0;
	_Unwind_Backtrace(note_frame, &by_compiler); /* the first is the place of this call, not a return address to here */
	return 1;
}

static void expect_same_traces(size_t least)
{
	/* Both have this frame first, but at different calls. */
	must(by_rules.count > least && by_compiler.count > least, "%zu and %zu frames, at least %zu were nested", by_rules.count,
		by_compiler.count, least);
	for (size_t i = 1; i < by_rules.count && i < by_compiler.count; i++)
		must(by_rules.pcs[i] == by_compiler.pcs[i], "frame %zu is %#lx, the compiler says %#lx", i, by_rules.pcs[i],
			by_compiler.pcs[i]);
	must(stopped_at == MD_CFI_END || stopped_at == MD_CFI_COMPLEX || stopped_at == MD_CFI_MISSING || by_rules.count == DEPTH_MAX,
		"stopped at %d", (int)stopped_at);
	must(stopped_at != MD_CFI_END || by_rules.count == by_compiler.count, "%zu frames, the compiler sees %zu", by_rules.count,
		by_compiler.count);
}

static volatile int sink;

__attribute__((noinline)) static int nest_plainly(int depth)
{
	int result = depth ? nest_plainly(depth - 1) : walk_both();

	sink += result; /* no tail call */
	return result + 1;
}

__attribute__((noinline)) static int nest_with_alloca(int depth)
{
	volatile char *room = alloca((size_t)(depth * 37 + 1));

	room[0] = 1;
	int result = depth ? nest_with_alloca(depth - 1) : walk_both();

	sink += result + room[0];
	return result + 1;
}

__attribute__((noinline)) static int nest_with_large_frame(int depth)
{
	volatile char room[5000];

	room[depth] = 1;
	int result = depth ? nest_with_large_frame(depth - 1) : walk_both();

	sink += result + room[depth];
	return result + 1;
}

__attribute__((noinline)) static long nest_with_many_values(int depth, long a, long b, long c, long d, long e, long f, long g)
{
	long result = depth ? nest_with_many_values(depth - 1, b, c, d, e, f, g, a + 1) : walk_both();

	sink += (int)result;
	return result + a * 2 + b * 3 + c * 5 + d * 7 + e * 11 + f * 13 + g;
}

__attribute__((noinline, optimize("no-omit-frame-pointer"))) static int nest_with_frame_pointer(int depth)
{
	int result = depth ? nest_with_frame_pointer(depth - 1) : walk_both();

	sink += result;
	return result + 1;
}

__attribute__((noinline)) static int nest_mixed(int depth)
{
	int result;

	if (!depth)
		return walk_both() + sink;
	switch (depth % 5) {
	case 0: {
		volatile char *room = alloca((size_t)depth * 16);

		room[0] = 1;
		result = nest_mixed(depth - 1) + room[0];
		break;
	}
	case 1: {
		volatile char room[3000];

		room[depth] = 1;
		result = nest_mixed(depth - 1) + room[depth];
		break;
	}
	default:
		result = nest_mixed(depth - 1);
	}
	sink += result;
	return result;
}

Test(cfi, stepping_agrees_with_the_compilers_unwinder)
{
	nest_plainly(20);
	expect_same_traces(20);
	nest_with_alloca(20);
	expect_same_traces(20);
	nest_with_large_frame(20);
	expect_same_traces(20);
	nest_with_many_values(20, 1, 2, 3, 4, 5, 6, 7);
	expect_same_traces(20);
	nest_with_frame_pointer(20);
	expect_same_traces(20);
	nest_mixed(60);
	expect_same_traces(20);
}

/* Frames of the C library between ours. */
static int compare_and_walk(const void *a, const void *b)
{
	static int calls;

	if (++calls == 5)
		walk_both();
	return *(const int *)a - *(const int *)b;
}

Test(cfi, stepping_through_the_c_library)
{
	int numbers[] = { 5, 3, 8, 1, 9, 2, 7 };

	qsort(numbers, 7, sizeof *numbers, compare_and_walk);
	expect_same_traces(3);
}

static void walk_in_handler(int number)
{
	(void)number;
	sink += walk_both(); /* no tail call */
}

/* The frame of a signal handler's caller is left to libunwind: the walk ends there and is right up to it. */
Test(cfi, a_signal_frame_is_complex)
{
	signal(SIGUSR1, walk_in_handler);
	raise(SIGUSR1);
	cr_expect(eq(int, stopped_at, MD_CFI_COMPLEX));
	cr_expect(eq(sz, by_rules.count, 3), "walk_both, walk_in_handler, the kernel's return");
	expect_same_traces(2);
}

/* --- all functions of real modules ------------------------------------------------ */

/* First addresses of all functions: the sorted table of the header. */
static size_t entries_of(const struct module *module, const int32_t (**table)[2])
{
	const unsigned char *hdr = (const unsigned char *)module->hdr;
	uint32_t count;

	must(hdr[0] == 1 && hdr[1] == 0x1b && hdr[2] == 0x03 && hdr[3] == 0x3b, "not the header that linkers write");
	memcpy(&count, hdr + 8, sizeof count);
	*table = (const void *)(hdr + 12);
	return count;
}

static void look_at_all_functions(uintptr_t pc)
{
	const int32_t(*table)[2];
	struct module module;
	size_t count, at_entry = 0, simple = 0, rows = 0, missing = 0;

	must(module_of(pc, &module), "no module at %#lx", pc);
	count = entries_of(&module, &table);
	for (size_t i = 0; i < count; i++) {
		uintptr_t first = module.hdr + (uintptr_t)(intptr_t)table[i][0];
		uintptr_t next = i + 1 < count ? module.hdr + (uintptr_t)(intptr_t)table[i + 1][0] : first + 1;
		struct md_cfi_row row = md_cfi_find(first, module.hdr, module.begin, module.end);

		must(row.kind != MD_CFI_MISSING || next == first, "nothing is said of the function at %#lx", first);
		at_entry += row.kind == MD_CFI_SIMPLE && !row.from_frame_pointer && row.base_offset == 8 && !row.saved_offset;
		for (uintptr_t at = first; at < next && at < first + 300; at++) {
			row = md_cfi_find(at, module.hdr, module.begin, module.end);
			rows++;
			simple += row.kind == MD_CFI_SIMPLE;
			missing += row.kind == MD_CFI_MISSING; /* padding between functions */
			must(row.kind != MD_CFI_SIMPLE || row.from_frame_pointer || row.base_offset >= 8, "%#lx: base is rsp + %ld", at,
				row.base_offset);
			must(row.kind != MD_CFI_SIMPLE || row.saved_offset <= -16 || !row.saved_offset, "%#lx: rbp at base + %ld", at,
				row.saved_offset);
		}
	}
	cr_expect(gt(sz, count, 50));
	cr_expect(gt(sz, at_entry * 10, count * 7), "only %zu of %zu functions begin with rsp + 8", at_entry, count);
	cr_expect(gt(sz, simple * 10, (rows - missing) * 9), "only %zu of %zu rows are simple", simple, rows - missing);
}

Test(cfi, functions_of_this_program)
{
	look_at_all_functions((uintptr_t)hand_entry);
}

Test(cfi, functions_of_the_c_library)
{
	look_at_all_functions((uintptr_t)qsort);
}

/* --- damaged tables ----------------------------------------------------------------- */

/* The program's tables in a buffer of their own: all their offsets are relative, so they speak of addresses that are shifted as they are.
 */
struct copy {
	unsigned char *bytes;
	size_t length;
	uintptr_t shift; /* from the originals */
};

static struct module own;

static struct copy copy_tables(size_t length)
{
	struct copy copy = { .length = length };

	copy.bytes = malloc(length ? length : 1); /* its very end is watched under AddressSanitizer */
	must(copy.bytes, "no memory");
	memcpy(copy.bytes, (const void *)own.hdr, length);
	copy.shift = (uintptr_t)copy.bytes - own.hdr;
	return copy;
}

static struct md_cfi_row row_in(const struct copy *copy, const char *label)
{
	return md_cfi_find(
		(uintptr_t)label + copy->shift, (uintptr_t)copy->bytes, (uintptr_t)copy->bytes, (uintptr_t)copy->bytes + copy->length);
}

static size_t tables_length(void)
{
	must(module_of((uintptr_t)hand_entry, &own), "no tables");
	return own.end - own.hdr;
}

Test(cfi, a_copy_of_the_tables_says_the_same)
{
	struct copy copy = copy_tables(tables_length());

	for (size_t i = 0; i < BY_HAND; i++)
		must(same_row(row_in(&copy, by_hand[i].label), by_hand[i].row), "%s", by_hand[i].name);
	free(copy.bytes);
}

/* A table that ends anywhere: the answer is right, or there is none. */
Test(cfi, truncated_tables, .timeout = 300)
{
	size_t length = tables_length();
	unsigned none = 0;

	for (size_t kept = 0; kept < length; kept += kept < 64 || length - kept < 64 ? 1 : 41) {
		struct copy copy = copy_tables(kept);

		for (size_t i = 0; i < BY_HAND; i += 3) {
			struct md_cfi_row row = row_in(&copy, by_hand[i].label);

			must(row.kind != MD_CFI_SIMPLE || same_row(row, by_hand[i].row), "%s, %zu bytes of %zu", by_hand[i].name, kept,
				length);
			none += row.kind == MD_CFI_MISSING || row.kind == MD_CFI_COMPLEX;
		}
		free(copy.bytes);
	}
	cr_expect(gt(uint, none, 100), "hardly anything was cut off: this test shows nothing");
}

/* Any bytes: whatever the answer is, nothing outside of the buffer is read and the search ends. */
Test(cfi, changed_tables, .timeout = 300)
{
	size_t length = tables_length();
	struct copy copy = copy_tables(length);
	uint64_t random = 99;
	unsigned changed = 0;
	/* Where the entries that are asked for lie: changes elsewhere say little. */
	const int32_t(*table)[2];
	size_t count = entries_of(&own, &table), fde_at = 0, table_at = 0;

	for (size_t i = 0; i < count; i++) {
		if (own.hdr + (uintptr_t)(intptr_t)table[i][0] == (uintptr_t)hand_entry) {
			fde_at = (size_t)table[i][1];
			table_at = 12 + i * 8;
		}
	}
	must(fde_at, "no entry for what is written by hand");
	uint32_t cie_distance;

	memcpy(&cie_distance, copy.bytes + fde_at + 4, 4);
	const struct {
		size_t at, bytes;
	} places[] = { { 0, 12 }, { table_at, 8 }, { fde_at, 120 }, { fde_at + 4 - cie_distance, 24 } };

	for (int round = 0; round < 200000; round++) {
		unsigned char old[8];
		size_t at[8], changes = 1 + random_below(&random, 8), place = random_below(&random, 4);

		for (size_t i = 0; i < changes; i++) {
			at[i] = places[place].at + random_below(&random, places[place].bytes);
			old[i] = copy.bytes[at[i]];
			copy.bytes[at[i]] = (unsigned char)(round % 3 ? next_random(&random) : 0xff);
		}
		const size_t which = random_below(&random, BY_HAND);

		changed += !same_row(row_in(&copy, by_hand[which].label), by_hand[which].row);
		for (size_t i = changes; i-- > 0;)
			copy.bytes[at[i]] = old[i];
	}
	cr_expect(gt(uint, changed, 20000), "hardly any change mattered: this test shows nothing");
	for (size_t i = 0; i < BY_HAND; i++)
		must(same_row(row_in(&copy, by_hand[i].label), by_hand[i].row), "%s, after all", by_hand[i].name);
	free(copy.bytes);
}

Test(cfi, random_bytes)
{
	uint64_t random = 5;

	for (int round = 0; round < 100000; round++) {
		size_t length = random_below(&random, 200);
		unsigned char *bytes = malloc(length + 1);

		for (size_t i = 0; i < length; i++)
			bytes[i] = (unsigned char)next_random(&random);
		if (round % 2 && length > 12)
			memcpy(bytes, "\1\x1b\3\x3b\0\0\0\0\1\0\0\0", 12); /* as far as the header goes it is one */
		md_cfi_find((uintptr_t)bytes + random_below(&random, 300), (uintptr_t)bytes, (uintptr_t)bytes, (uintptr_t)bytes + length);
		free(bytes);
	}
}
