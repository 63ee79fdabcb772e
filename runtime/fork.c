/* SPDX-License-Identifier: MIT */
#include "runtime/fork.h"

#include <pthread.h>
#include <sys/single_threaded.h>

#include "runtime/altstack.h"
#include "runtime/fault.h"
#include "runtime/foreign.h"
#include "runtime/history_file.h"
#include "runtime/leak_events.h"
#include "runtime/leaks.h"
#include "runtime/policy.h"
#include "runtime/profile.h"
#include "runtime/signals.h"
#include "runtime/threads.h"
#include "runtime/unwind_generic.h"
#include "runtime/watch.h"
#include "runtime/world.h"
#include "src/os.h"

/* The i-th lock in the order in which they may be taken (src/lock.h); NULL after the last. */
static struct md_lock *lock_at(unsigned i)
{
	struct md_heap *heap = &md_process.heap;
	struct md_lock *const head[] = { md_foreign_orphan_lock(), &md_report_lock, &heap->threads_lock, md_threads_lock(),
		&heap->check_lock };
	struct md_lock *const tail[] = { &heap->zones.large_lock, &heap->runs.lock, md_unwind_generic_lock(), &heap->modules.lock, &heap->stacks->lock,
		md_altstack_lock(), md_history_file_lock(), &heap->arena.lock, md_signals_lock() };
	const unsigned heads = sizeof head / sizeof head[0], tails = sizeof tail / sizeof tail[0];

	if (i < heads)
		return head[i];
	i -= heads;
	if (i < MD_CLASSES_ALL)
		return &heap->zones.classes[i].lock;
	i -= MD_CLASSES_ALL;
	return i < tails ? tail[i] : NULL;
}

static __thread bool holds; /* this thread all locks, since prepare */

static void set_forking(bool forking)
{
	md_thread_forking = forking;
	atomic_signal_fence(memory_order_seq_cst);
}

/* Where there is no other thread nobody holds a lock, and to take them all would write to a dozen pages, which both sides then have to
 * copy. */
static void prepare(void)
{
	struct md_lock *lock;

	if (!md_mode_is(MD_MODE_ACTIVE))
		return;
	set_forking(true);
	holds = !__libc_single_threaded;
	for (unsigned i = 0; holds && (lock = lock_at(i)); i++)
		md_lock_fork_hold(lock);
}

static void release_all(void)
{
	unsigned count = 0;

	if (!holds)
		return;
	holds = false;
	while (lock_at(count))
		count++;
	while (count-- > 0)
		md_lock_fork_release(lock_at(count));
}

static void parent(void)
{
	if (!md_mode_is(MD_MODE_ACTIVE))
		return;
	release_all();
	set_forking(false);
	md_world_attend(); /* threads that waited for our locks could not stand still: neither did this one */
	md_guard_after_fork(&md_process.heap, false);
	md_watch_fork_made();
}

static void child(void)
{
	_Atomic uint32_t *mark = md_os_fork_mark();

	if (!md_mode_is(MD_MODE_ACTIVE))
		return;
	md_history_file_after_fork();
	md_watch_after_fork();
	if (mark)
		atomic_store(mark, 1); /* this fork was no surprise: our locks are in order */
	release_all();
	set_forking(false);
	md_history_file_say_trouble();
	md_threads_after_fork();
	md_fault_after_fork();
	md_leaks_after_fork();
	md_heap_after_fork(&md_process.heap, md_self);
	md_guard_after_fork(&md_process.heap, true);
	md_leak_events_after_fork();
	md_profile_after_fork();
}

void md_fork_init(void)
{
	md_os_fork_mark();
	pthread_atfork(prepare, parent, child);
}
