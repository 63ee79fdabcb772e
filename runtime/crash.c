/* SPDX-License-Identifier: MIT */
#include "runtime/crash.h"

#include <string.h>
#include <sys/resource.h>

#include "runtime/policy.h"
#include "runtime/restrict.h"
#include "runtime/syscall.h"
#include "runtime/unwind.h"
#include "src/inspect.h"
#include "src/os.h"

#define NULL_BYTES 0x10000u             /* nothing is ever mapped there */
#define NEAR_BYTES ((uintptr_t)1 << 16) /* of a member or element from the pointer that was read */
#define STACK_NEAR ((uintptr_t)1 << 20)
#define STACK_END ((uintptr_t)64 << 10) /* the lowest part of a stack, with its guard */

struct known_signal {
	int number;
	const char *name;
	enum md_error error;
};

static const struct known_signal *find_signal(int number)
{
	static const struct known_signal known[] = { { SIGSEGV, "SIGSEGV", MD_ERROR_SEGV }, { SIGBUS, "SIGBUS", MD_ERROR_BUS },
		{ SIGILL, "SIGILL", MD_ERROR_ILL }, { SIGFPE, "SIGFPE", MD_ERROR_FPE }, { SIGTRAP, "SIGTRAP", MD_ERROR_TRAP },
		{ SIGABRT, "SIGABRT", MD_ERROR_ABRT }, { 0, "signal", MD_ERROR_SEGV } };
	size_t i = 0;

	while (known[i].number && known[i].number != number)
		i++;
	return &known[i];
}

const char *md_crash_signal_name(int number)
{
	return find_signal(number)->name;
}

static const char *reason_of(int number, int code)
{
	static const char *const divisions[] = { NULL, "integer division by zero, or its result does not fit", "integer overflow",
		"floating-point division by zero", "floating-point overflow", "floating-point underflow", "inexact floating-point result",
		"floating-point operation without a result", "subscript out of range" };

	if (number == SIGFPE && code > 0 && (size_t)code < sizeof divisions / sizeof divisions[0])
		return divisions[code];
	if (number == SIGBUS && code == BUS_ADRALN)
		return "address that is not aligned as the instruction wants it";
	if (number == SIGBUS && (code == BUS_MCEERR_AR || code == BUS_MCEERR_AO))
		return "memory failure: the hardware lost what stood there";
	return NULL;
}

/* --- causes -------------------------------------------------------------------- */

/* The value of count bytes that are all alike. */
static uintptr_t repeated(unsigned char byte, unsigned count)
{
	return (uintptr_t)(byte * (count == 8 ? 0x0101010101010101ull : 0x01010101ull));
}

static bool is_near(uintptr_t addr, uintptr_t pointer)
{
	return addr + NEAR_BYTES - pointer < 2 * NEAR_BYTES;
}

/* Whether addr is a pointer, or close to one, that consists of the fill; half of one is what a 32-bit index leaves. */
static bool is_fill(uintptr_t addr, unsigned char byte, uintptr_t *pointer)
{
	*pointer = repeated(byte, 8);
	if (is_near(addr, *pointer))
		return true;
	*pointer = repeated(byte, 4);
	return is_near(addr, *pointer);
}

/* Bytes of the pattern are all in 0x80-0xbf; an offset changes the lower ones. */
static bool is_pattern(uintptr_t addr)
{
	return (addr & 0xc0c0c0c0c0000000ull) == 0x8080808080000000ull;
}

static uintptr_t stack_low_of(const struct md_thread *self)
{
	struct rlimit limit;

	if (self->stack_high == md_process.main_stack_high && self->stack_high && !md_is_restricted() &&
		md_syscall4(SYS_prlimit64, 0, RLIMIT_STACK, 0, (long)&limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
		limit.rlim_cur < self->stack_high)
		return self->stack_high - limit.rlim_cur;
	return self->stack_low;
}

/* An access near the stack pointer, at the low end of the stack or below it. */
static bool is_stack_overflow(const struct md_thread *self, const struct md_crash *crash, uintptr_t addr, uintptr_t *low)
{
	uintptr_t word;

	if (addr + NEAR_BYTES < crash->sp || addr > crash->sp + STACK_NEAR)
		return false;
	*low = stack_low_of(self);
	if (self->stack_low && crash->sp < self->stack_high && crash->sp + STACK_NEAR > *low)
		return addr < *low + STACK_END;
	/* A stack that is not known (of a coroutine, say): nothing is there below its pointer. */
	*low = 0;
	return addr <= crash->sp + 512 && md_os_read(addr & ~(uintptr_t)7, &word, sizeof word) == 0 && !md_is_restricted();
}

static enum md_crash_cause find_cause(
	const struct md_thread *self, struct md_crash *crash, const struct md_fault *fault, const siginfo_t *info)
{
	const struct md_heap_config *config = &md_process.heap.config;
	uintptr_t addr = fault->addr;

	if (!md_fault_is_synchronous(info) || (crash->signal != SIGSEGV && crash->signal != SIGBUS))
		return MD_CRASH_TRAP;
	if (fault->misaligned || (crash->signal == SIGBUS && info->si_code == BUS_ADRALN))
		return MD_CRASH_MISALIGNED;
	if (!fault->known)
		return MD_CRASH_UNKNOWN;
	if (config->fill_free && is_fill(addr, config->fill_free_byte, &crash->pointer))
		return MD_CRASH_FREED_FILL;
	if (config->fill_alloc && is_fill(addr, config->fill_alloc_byte, &crash->pointer))
		return MD_CRASH_ALLOC_FILL;
	if (fault->noncanonical)
		return is_pattern(addr) ? MD_CRASH_REDZONE : MD_CRASH_NONCANONICAL;
	if (addr < NULL_BYTES)
		return MD_CRASH_NULL;
	if (crash->signal == SIGSEGV && fault->access.kind != MD_ACCESS_EXECUTE && is_stack_overflow(self, crash, addr, &crash->pointer))
		return MD_CRASH_STACK_OVERFLOW;
	if (crash->signal == SIGBUS)
		return info->si_code == BUS_ADRERR ? MD_CRASH_PAST_FILE : MD_CRASH_UNKNOWN;
	return info->si_code == SEGV_MAPERR ? MD_CRASH_UNMAPPED : MD_CRASH_PROTECTED;
}

/* --- what registers point to ----------------------------------------------------- */

static bool has_point(const struct md_crash *crash, const struct md_block_view *block)
{
	for (size_t i = 0; i < crash->point_count; i++)
		if (crash->points[i].block.user == block->user)
			return true;
	return false;
}

/* Blocks that are live or remembered; one that a register points into comes before one that it points near to. */
static void find_points(struct md_crash *crash)
{
	struct md_block_view block;

	for (int near = 0; near < 2; near++) {
		for (size_t i = 0; i < crash->register_count && crash->point_count < MD_CRASH_POINTS; i++) {
			uintptr_t value = crash->registers[i];

			if (value == crash->sp || value == crash->pc || !md_page_map_zone(&md_process.heap.map, value))
				continue;
			md_inspect_address(&md_process.heap, value, &block);
			bool inside = block.valid && value - block.user <= block.size;

			if (!block.valid || block.state == MD_BLOCK_FREE || inside == (near != 0) || has_point(crash, &block))
				continue;
			crash->points[crash->point_count].number = i;
			crash->points[crash->point_count++].block = block;
		}
	}
}

void md_crash_add(struct md_thread *self, struct md_crash *crash, int number, const siginfo_t *info, const void *context)
{
	const struct known_signal *known = find_signal(number);
	struct md_fault fault;
	struct md_finding *finding;

	md_fault_read(&fault, info, context);
	*crash = (struct md_crash){
		.signal = number, .signal_name = known->name, .reason = reason_of(number, info->si_code), .known = fault.known
	};
	md_fault_registers(crash, context);
	crash->cause = find_cause(self, crash, &fault, info);
	find_points(crash);
	self->findings.count = 0; /* what was found before belongs to a call that never ends */
	finding = md_findings_add(&self->findings);
	finding->error = crash->cause == MD_CRASH_STACK_OVERFLOW ? MD_ERROR_STACK_OVERFLOW : known->error;
	finding->noticed = MD_NOTICED_AT_ACCESS;
	finding->addr = fault.addr;
	finding->access = fault.access;
	finding->crash = crash;
	finding->thread = self->id;
	finding->call = (struct md_call){ .api = MD_API_NONE,
		.stack = md_unwind_capture_at(self, &fault.registers, fault.access.kind == MD_ACCESS_EXECUTE && !fault.noncanonical) };
	if (!fault.known)
		return;
	finding->place = md_place_of(fault.addr, &finding->place_thread, &finding->place_module);
	if (finding->place != MD_PLACE_FREE_SLOT)
		return;
	md_inspect_address(&md_process.heap, fault.addr, &finding->block);
	if (finding->block.valid)
		finding->place = MD_PLACE_BLOCK;
}
