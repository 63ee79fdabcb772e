/* SPDX-License-Identifier: MIT */
#include "runtime/altstack.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/syscall.h"
#include "runtime/watch.h"
#include "src/os.h"

#define STACK_BYTES ((size_t)64 << 10)
#define PIECE_STACKS 16 /* mapped at a time */

/* A stack, which has its thread or waits for one. Apart from the stacks themselves, which stay untouched. */
struct spare {
	uintptr_t begin;
	struct spare *next;
};

struct piece {
	uintptr_t begin;
	struct piece *next;
};

static _Alignas(4096) char first_stack[STACK_BYTES]; /* touched only by a handler, like the others */

static struct md_lock lock = { .rank = MD_LOCK_ALTSTACKS };
static struct spare *spares;
static _Atomic(struct piece *) pieces; /* grows only */
static _Atomic bool enabled;

/* The calling thread's, 0: none. */
static __thread uintptr_t own_begin __attribute__((tls_model("initial-exec")));
static __thread struct spare *own_spare __attribute__((tls_model("initial-exec")));

static void set(uintptr_t begin)
{
	stack_t stack = { .ss_sp = (void *)begin, .ss_size = begin ? STACK_BYTES : 0, .ss_flags = begin ? 0 : SS_DISABLE };

	md_syscall2(SYS_sigaltstack, (long)&stack, 0);
}

static bool get(stack_t *stack)
{
	return !md_syscall_failed(md_syscall2(SYS_sigaltstack, 0, (long)stack));
}

static bool is_own(const stack_t *stack)
{
	return own_begin && (uintptr_t)stack->ss_sp == own_begin && stack->ss_size == STACK_BYTES;
}

/* Under the lock. */
static void map_piece(void)
{
	uintptr_t piece = (uintptr_t)md_os_map(0, PIECE_STACKS * STACK_BYTES);
	struct piece *noted = piece ? md_arena_take(&md_process.heap.arena, sizeof *noted, 16) : NULL;

	if (noted) {
		*noted = (struct piece){ piece, atomic_load(&pieces) };
		atomic_store(&pieces, noted);
	}
	for (size_t i = 0; piece && i < PIECE_STACKS; i++) {
		struct spare *spare = md_arena_take(&md_process.heap.arena, sizeof *spare, 16);

		if (!spare)
			return;
		spare->begin = piece + i * STACK_BYTES;
		spare->next = spares;
		spares = spare;
	}
}

static struct spare *take_spare(void)
{
	struct spare *spare;

	md_lock_take(&lock);
	if (!spares)
		map_piece();
	spare = spares;
	if (spare)
		spares = spare->next;
	md_lock_release(&lock);
	return spare;
}

void md_altstack_init(void)
{
	stack_t now;

	if (!get(&now) || !(now.ss_flags & SS_DISABLE))
		return;
	own_begin = (uintptr_t)first_stack;
	set(own_begin);
	atomic_store(&enabled, true);
}

void md_altstack_begin(void)
{
	if (own_begin || !atomic_load_explicit(&enabled, memory_order_relaxed) || md_is_restricted())
		return;
	own_spare = take_spare();
	if (!own_spare)
		return;
	own_begin = own_spare->begin;
	set(own_begin);
}

void md_altstack_end(void)
{
	stack_t now;

	if (!own_begin || md_is_restricted())
		return;
	if (!get(&now) || (now.ss_flags & SS_ONSTACK)) /* ending in a handler */
		return;
	if (is_own(&now))
		set(0);
	own_begin = 0;
	if (!own_spare)
		return;
	md_lock_take(&lock);
	own_spare->next = spares;
	spares = own_spare;
	md_lock_release(&lock);
	own_spare = NULL;
}

bool md_altstack_enabled(void)
{
	return atomic_load_explicit(&enabled, memory_order_relaxed);
}

bool md_altstack_has(uintptr_t addr)
{
	return own_begin && addr - own_begin < STACK_BYTES;
}

bool md_altstack_range(size_t i, uintptr_t *begin, uintptr_t *end)
{
	const struct piece *piece = atomic_load(&pieces);

	for (; piece && i >= PIECE_STACKS; i -= PIECE_STACKS)
		piece = piece->next;
	if (!piece)
		return false;
	*begin = piece->begin + i * STACK_BYTES;
	*end = *begin + STACK_BYTES;
	return true;
}

struct md_lock *md_altstack_lock(void)
{
	return &lock;
}

static int fail(long result)
{
	errno = (int)-result;
	return -1;
}

static _Atomic bool foreign;

bool md_altstack_is_foreign(void)
{
	return atomic_load_explicit(&foreign, memory_order_relaxed);
}

MD_EXPORT int sigaltstack(const stack_t *restrict new, stack_t *restrict old)
{
	static const stack_t none = { .ss_flags = SS_DISABLE };
	stack_t before, ours = { .ss_sp = (void *)own_begin, .ss_size = STACK_BYTES };
	long result = md_syscall2(SYS_sigaltstack, 0, (long)&before);

	if (md_syscall_failed(result))
		return fail(result);
	if (new) {
		result = md_syscall2(SYS_sigaltstack, (long)new, 0);
		if (md_syscall_failed(result))
			return fail(result);
		if (own_begin && (new->ss_flags &SS_DISABLE))
			md_syscall2(SYS_sigaltstack, (long)&ours, 0);
		/* Some free the stack and leave it to the kernel, which is harmless while no signal comes; a watchpoint's would come, and
		 * find the block freed. */
		if (!(new->ss_flags &SS_DISABLE) && !atomic_exchange_explicit(&foreign, true, memory_order_relaxed) && md_mode_is(MD_MODE_ACTIVE))
			md_watch_end("the program has an alternate stack of its own");
	}
	if (old)
		*old = is_own(&before) ? none : before;
	return 0;
}
