/* SPDX-License-Identifier: MIT
 *
 * No function of the C library for strings and memory does anything that a watchpoint would call an error: each is tried on strings of
 * every size and from many places, with real watchpoints directly before each block, and what they see is judged as the library does. So
 * for each of the variants that the C library has for different processors, in a process of its own.
 *
 * Where the system has no watchpoints for us, there is nothing to try; the test says so.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "src/cfi.h"
#include "src/os.h"
#include "src/retrace_x86.h"
#include "src/watch.h"
#include "tests/programs/strings.h"
#include "tests/unit/core_fixture.h"

#define PAGE 4096u
#define SIZE_MAX_TRIED 256
#define BLOCKS 3

static struct md_watches watches = { .usable = BLOCKS };
static struct md_block_view blocks[BLOCKS];
static char *ends[BLOCKS]; /* of the pages for each block */
static int events[BLOCKS];

static volatile uint64_t traps, errors;
static struct md_retraced first_error;
static uintptr_t first_error_block;

#if defined(__x86_64__)

/* --- traps ---------------------------------------------------------------------- */

static void retrace_at(struct md_retrace *retrace, const ucontext_t *context)
{
	static const int numbers[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10,
		REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };
	uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP], first, last;
	struct dl_find_object object;

	for (int i = 0; i < 16; i++)
		retrace->registers.general[i] = (uint64_t)context->uc_mcontext.gregs[numbers[i]];
	retrace->registers.rip = pc;
	retrace->backwards = context->uc_mcontext.gregs[REG_EFL] & 0x400;
	retrace->code = (const unsigned char *)pc - 15;
	retrace->before = 15;
	retrace->after = 15;
	if (_dl_find_object((void *)(pc - 1), &object) == 0 && object.dlfo_eh_frame &&
		md_cfi_function(pc - 1, (uintptr_t)object.dlfo_eh_frame, (uintptr_t)object.dlfo_map_start, (uintptr_t)object.dlfo_map_end,
			&first, &last)) {
		retrace->from_begin = true;
		retrace->code = (const unsigned char *)first;
		retrace->before = pc - first;
		retrace->after = last - pc;
	}
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	uint64_t index;
	struct md_retraced found;
	unsigned char around[MD_WATCH_BYTES_MAX + 2 * MD_RETRACE_AROUND];

	(void)number;
	memcpy(&index, (const char *)info + 24, sizeof index);
	const struct md_watch_place *place = &watches.places[index];
	struct md_retrace retrace = { .watched = place->range.addr,
		.watched_bytes = place->range.bytes,
		.outside_begin = blocks[index].begin,
		.outside_end = blocks[index].user,
		.around = around };

	traps++;
	md_os_read(place->range.addr - MD_RETRACE_AROUND, around, sizeof around); /* by the kernel, which no watchpoint sees */
	retrace_at(&retrace, context);
	if (!md_x86_retrace(&retrace, &found))
		return;
	struct md_access access = { .addr = found.addr, .bytes = found.bytes, .kind = found.writes ? MD_ACCESS_WRITE : MD_ACCESS_READ };

	if (!md_watch_is_error(place, &blocks[index], &access))
		return;
	if (!errors++) {
		first_error = found;
		first_error_block = blocks[index].user;
	}
}

static struct perf_event_attr attributes_of(int i)
{
	return (struct perf_event_attr){
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(struct perf_event_attr),
		.bp_type = HW_BREAKPOINT_RW,
		.bp_addr = watches.places[i].range.addr,
		.bp_len = watches.places[i].range.bytes,
		.sample_period = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.sigtrap = 1,
		.remove_on_exec = 1,
		.sig_data = (uint64_t)i,
	};
}

static bool move(int i)
{
	struct perf_event_attr attributes = attributes_of(i);

	return events[i] >= 0 && ioctl(events[i], PERF_EVENT_IOC_MODIFY_ATTRIBUTES, &attributes) == 0;
}

/* --- blocks --------------------------------------------------------------------- */

static void map_blocks(void)
{
	for (int i = 0; i < BLOCKS; i++) {
		char *pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		cr_assert(pages != MAP_FAILED);
		mprotect(pages + 3 * PAGE, PAGE, PROT_NONE);
		ends[i] = pages + 3 * PAGE;
		blocks[i] = (struct md_block_view){ .valid = true, .state = MD_BLOCK_LIVE, .flush = MD_FLUSH_END };
		memset(pages, 0xaa, 3 * PAGE);
	}
}

/* A block that ends at the page, or as near as its alignment allows, with its front watched. */
static char *place_block(int i, size_t size, size_t alignment)
{
	struct md_block_view *block = &blocks[i];

	block->user = ((uintptr_t)ends[i] - size) & ~(uintptr_t)(alignment - 1);
	block->size = size;
	block->end = (uintptr_t)ends[i];
	block->begin = block->user - 512;
	must(md_watch_choose(&watches, block, false) == 1u << i, "the places take turns");
	must(move(i), "a watchpoint cannot be moved: %s", strerror(errno));
	return (char *)block->user;
}

static void try(void (*use)(struct pair), size_t size, size_t unit, size_t alignment)
{
	char *a = place_block(0, size, alignment), *b = place_block(1, size, alignment), *room = place_block(2, 3 * size + 64, alignment);

	for (size_t from = 0; from + unit <= size && from < 40; from += unit) {
		fill(a, size, unit);
		fill(b, size, unit);
		use((struct pair){ a + from, b + from, size - from, room });
		must(!errors, "%zu bytes, from %zu on: the instruction at %lx accesses %u bytes, %ld before a block (%s)", size, from,
			first_error.pc, first_error.bytes, (long)(first_error_block - first_error.addr),
			first_error.writes ? "write" : "read");
	}
}

static bool open_events(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	map_blocks();
	sigaction(SIGTRAP, &action, NULL);
	for (int i = 0; i < BLOCKS; i++) {
		struct perf_event_attr attributes;

		watches.places[i].range = (struct md_watch_range){ (uintptr_t)ends[i] - 8, 8 };
		attributes = attributes_of(i);
		events[i] = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
		if (events[i] < 0) {
			fprintf(stderr, "skipped: no watchpoints here: perf_event_open: %s\n", strerror(errno));
			return false;
		}
	}
	return true;
}

/* The judge has to be one that can say yes. */
Test(watch_strings, a_read_before_a_block_is_seen)
{
	if (!open_events())
		return;
	const volatile char *block = place_block(0, 40, 16);

	sum += (size_t)block[-1];
	cr_assert_eq(errors, 1);
	cr_assert_eq(first_error.addr, blocks[0].user - 1);
	cr_assert_eq(first_error.bytes, 1);
	sum += (size_t) * (const volatile uint32_t *)(block - 4);
	sum += (size_t)block[0];
	cr_assert_eq(errors, 2);
}

Test(watch_strings, every_function, .timeout = 300)
{
	if (!open_events())
		return;
	for (size_t alignment = 16; alignment; alignment = alignment == 16 ? 1 : 0) {
		for (size_t size = 1; size <= SIZE_MAX_TRIED; size++) {
			for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
				try(narrow[i], size, 1, alignment);
			if (size % sizeof(wchar_t) == 0)
				try(wide, size, sizeof(wchar_t), alignment);
		}
	}
	printf("strlen at %lx, %lu traps\n", (uintptr_t)dlsym(RTLD_DEFAULT, "strlen") & 0xffffff, traps);
	cr_assert_gt(traps, 1000, "they read nothing before blocks: something is wrong with the watchpoints");
}

/* What the C library chooses for other processors. */
Test(watch_strings, every_variant, .timeout = 600)
{
	static const char *const tunables[] = { "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512VL,-AVX512BW",
		"GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX512VL,-AVX512BW",
		"GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX512VL,-AVX512BW,-SSE4_2,-SSE4_1,-SSSE3,-ERMS" };

	for (size_t i = 0; i < sizeof tunables / sizeof *tunables; i++) {
		char *arguments[] = { "test_watch_strings", "--filter", "watch_strings/every_function", "-j1", NULL };
		char *environment[] = { (char *)tunables[i], NULL };
		int status;
		pid_t pid = fork();

		if (!pid) {
			execve("/proc/self/exe", arguments, environment);
			_exit(127);
		}
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_expect_eq(status, 0, "%s: status %x", tunables[i], (unsigned)status);
	}
}

#endif
