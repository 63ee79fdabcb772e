/* SPDX-License-Identifier: MIT
 *
 * Background   Ulrich Drepper, "Futexes are tricky" (2011): the three-state lock.
 */
#include "src/lock.h"

#include "src/os.h"

#define SPINS 100 /* our critical sections are short: most waits end before a sleep would begin */

/* How many times this process is the child of a fork that nobody told us about. The only state of this file: it belongs to the process. */
static _Atomic uint32_t generation = 1;

/* Its address tells threads apart, and is that of the forking thread in the child, too; a number of the system would take a call. */
static __thread char here;

#ifdef MD_CHECK_LOCKS
static __thread uint32_t held_ranks; /* bit per rank */

static void check_order(const struct md_lock *lock, bool taking)
{
	if (taking) {
		if (held_ranks >> lock->rank)
			md_os_die("malloc-debug: internal error: lock order reversed\n");
		held_ranks |= 1u << lock->rank;
	} else {
		held_ranks &= ~(1u << lock->rank);
	}
}
#else
static void check_order(const struct md_lock *lock, bool taking)
{
	(void)lock;
	(void)taking;
}
#endif

void md_lock_init(struct md_lock *lock, enum md_lock_rank rank)
{
	*lock = (struct md_lock){ .rank = (uint8_t)rank };
}

/* A process that was forked behind our back starts a new generation; whoever held a lock of the old one does not exist here. */
static void notice_fork(void)
{
	_Atomic uint32_t *mark = md_os_fork_mark();
	uint32_t unset = 0;

	if (mark && !atomic_load_explicit(mark, memory_order_relaxed) && atomic_compare_exchange_strong(mark, &unset, 1))
		atomic_fetch_add(&generation, 1);
}

uint32_t md_lock_generation(void)
{
	notice_fork();
	return atomic_load(&generation);
}

static bool held_by_fork_here(struct md_lock *lock)
{
	return atomic_load_explicit(&lock->fork_owner, memory_order_relaxed) == (uintptr_t)&here;
}

static bool take_over_abandoned(struct md_lock *lock)
{
	uint32_t ours = atomic_load(&generation), theirs = atomic_load(&lock->generation);

	return theirs != ours && atomic_compare_exchange_strong(&lock->generation, &theirs, ours);
}

static void take_slow(struct md_lock *lock)
{
	notice_fork();
	for (int i = 0; i < SPINS; i++) {
		if (!atomic_load_explicit(&lock->word, memory_order_relaxed) && md_lock_try(lock))
			return;
#if defined(__x86_64__)
		__builtin_ia32_pause();
#endif
	}
	while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire) != 0) {
		if (take_over_abandoned(lock))
			return;
		md_os_wait(&lock->word, 2);
	}
	atomic_store_explicit(&lock->generation, atomic_load(&generation), memory_order_relaxed);
}

bool md_lock_try(struct md_lock *lock)
{
	uint32_t expected = 0;

	if (!atomic_compare_exchange_strong_explicit(&lock->word, &expected, 1, memory_order_acquire, memory_order_relaxed))
		return false;
	atomic_store_explicit(&lock->generation, atomic_load_explicit(&generation, memory_order_relaxed), memory_order_relaxed);
	return true;
}

void md_lock_take(struct md_lock *lock)
{
	if (md_lock_try(lock)) {
		check_order(lock, true);
		return;
	}
	if (held_by_fork_here(lock))
		return;
	check_order(lock, true);
	take_slow(lock);
}

void md_lock_release(struct md_lock *lock)
{
	if (held_by_fork_here(lock))
		return;
	check_order(lock, false);
	if (atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2)
		md_os_wake(&lock->word);
}

void md_lock_fork_hold(struct md_lock *lock)
{
	md_lock_take(lock);
	atomic_store_explicit(&lock->fork_owner, (uintptr_t)&here, memory_order_relaxed);
}

void md_lock_fork_release(struct md_lock *lock)
{
	atomic_store_explicit(&lock->fork_owner, 0, memory_order_relaxed);
	md_lock_release(lock);
}
