/* SPDX-License-Identifier: MIT */
#include "src/lock.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/os.h"
#include "tests/unit/core_fixture.h"

static struct md_lock lock;

static void init(void)
{
	md_lock_init(&lock, MD_LOCK_RUNS);
}

TestSuite(lock, .init = init, .timeout = 60);

/* --- exclusion -------------------------------------------------------------- */

#define THREADS 6
#define ROUNDS 60000

static volatile uint64_t shared[2]; /* changed together, by plain stores */

static void *change_both(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		md_lock_take(&lock);
		must(shared[0] == shared[1], "two threads are inside");
		shared[0] = shared[0] + 1;
		if (i % 1000 == 0)
			sched_yield(); /* others come to wait */
		shared[1] = shared[1] + 1;
		md_lock_release(&lock);
	}
	return NULL;
}

Test(lock, one_thread_at_a_time_and_no_wake_is_lost)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, change_both, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	cr_expect(eq(u64, shared[0], THREADS * ROUNDS));
	cr_expect(eq(uint, atomic_load(&lock.word), 0));
}

static _Atomic int stage;

static void *hold_for_a_while(void *unused)
{
	(void)unused;
	md_lock_take(&lock);
	atomic_store(&stage, 1);
	usleep(50000);
	atomic_store(&stage, 2);
	md_lock_release(&lock);
	return NULL;
}

Test(lock, a_waiter_sleeps_until_the_release)
{
	pthread_t thread;

	pthread_create(&thread, NULL, hold_for_a_while, NULL);
	while (!atomic_load(&stage))
		sched_yield();
	cr_expect(not(md_lock_try(&lock)));
	md_lock_take(&lock);
	cr_expect(eq(int, atomic_load(&stage), 2));
	md_lock_release(&lock);
	pthread_join(thread, NULL);
}

/* --- order ------------------------------------------------------------------ */

Test(lock, downwards_is_the_right_order)
{
	static struct md_lock locks[MD_LOCK_RANKS];

	for (unsigned i = 0; i < MD_LOCK_RANKS; i++) {
		md_lock_init(&locks[i], (enum md_lock_rank)i);
		md_lock_take(&locks[i]);
	}
	for (unsigned i = MD_LOCK_RANKS; i-- > 0;)
		md_lock_release(&locks[i]);
	for (unsigned i = 0; i < MD_LOCK_RANKS; i++) { /* none is held any more: any may come first */
		md_lock_take(&locks[MD_LOCK_RANKS - 1 - i]);
		md_lock_release(&locks[MD_LOCK_RANKS - 1 - i]);
	}
}

Test(lock, upwards_ends_the_process, .signal = SIGABRT)
{
	struct md_lock outer, inner;

	md_lock_init(&outer, MD_LOCK_CLASS);
	md_lock_init(&inner, MD_LOCK_ARENA);
	md_lock_take(&inner);
	md_lock_take(&outer);
}

Test(lock, two_of_one_rank_end_the_process, .signal = SIGABRT)
{
	struct md_lock one, other;

	md_lock_init(&one, MD_LOCK_CLASS);
	md_lock_init(&other, MD_LOCK_CLASS);
	md_lock_take(&one);
	md_lock_take(&other);
}

/* --- fork -------------------------------------------------------------------- */

Test(lock, held_over_fork_it_is_open_to_its_holder)
{
	md_lock_fork_hold(&lock);
	for (int i = 0; i < 3; i++) {
		md_lock_take(&lock); /* handlers of others may allocate in this thread */
		md_lock_release(&lock);
	}
	cr_expect(ne(uint, atomic_load(&lock.word), 0), "and still held");
	md_lock_fork_release(&lock);
	cr_expect(eq(uint, atomic_load(&lock.word), 0));
	md_lock_take(&lock);
	md_lock_release(&lock);
}

static void *take_it(void *unused)
{
	(void)unused;
	md_lock_take(&lock);
	atomic_store(&stage, 1);
	md_lock_release(&lock);
	return NULL;
}

Test(lock, held_over_fork_it_is_closed_to_others)
{
	pthread_t thread;

	md_lock_fork_hold(&lock);
	pthread_create(&thread, NULL, take_it, NULL);
	usleep(50000);
	cr_expect(eq(int, atomic_load(&stage), 0));
	cr_expect(not(md_lock_try(&lock)), "try takes it for nobody");
	md_lock_fork_release(&lock);
	pthread_join(thread, NULL);
	cr_expect(eq(int, atomic_load(&stage), 1));
}

static void child_must_end_with_0(pid_t pid)
{
	int status = -1;

	cr_assert(eq(int, waitpid(pid, &status, 0), pid));
	cr_expect(eq(int, status, 0));
}

/* With our handlers: the parent holds all locks over the fork, both sides let go of them. */
Test(lock, usable_on_both_sides_of_a_fork)
{
	md_lock_fork_hold(&lock);
	pid_t pid = fork();

	md_lock_fork_release(&lock);
	md_lock_take(&lock);
	md_lock_release(&lock);
	if (pid == 0)
		_exit(0);
	child_must_end_with_0(pid);
}

static _Atomic bool done;

static void *keep_busy(void *unused)
{
	(void)unused;
	while (!atomic_load(&done)) {
		md_lock_take(&lock);
		for (volatile int i = 0; i < 1000; i++)
			;
		md_lock_release(&lock);
	}
	return NULL;
}

/* Without them (raw clone, _Fork): whoever held the lock is not there in the child, which must not wait for him for ever. */
Test(lock, a_child_takes_over_what_nobody_holds_any_more)
{
	pthread_t threads[3];

	md_os_fork_mark();
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, keep_busy, NULL);
	for (int round = 0; round < 200; round++) {
		pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);

		if (pid == 0) {
			for (int i = 0; i < 3; i++) {
				md_lock_take(&lock);
				md_lock_release(&lock);
			}
			syscall(SYS_exit_group, 0);
		}
		child_must_end_with_0(pid);
	}
	atomic_store(&done, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

static void *hold_until_done(void *unused)
{
	(void)unused;
	md_lock_take(&lock);
	atomic_store(&stage, 1);
	while (!atomic_load(&done))
		usleep(1000);
	md_lock_release(&lock);
	return NULL;
}

/* And its own threads must exclude each other by the lock that was taken over. */
Test(lock, a_lock_that_was_taken_over_excludes)
{
	pthread_t holder;

	md_os_fork_mark();
	pthread_create(&holder, NULL, hold_until_done, NULL);
	while (!atomic_load(&stage))
		sched_yield();
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);

	if (pid == 0) {
		md_lock_take(&lock); /* its holder is not here */
		bool excluded = !md_lock_try(&lock);

		md_lock_release(&lock);
		bool free_again = md_lock_try(&lock);

		syscall(SYS_exit_group, excluded && free_again ? 0 : 1);
	}
	child_must_end_with_0(pid);
	cr_expect(not(md_lock_try(&lock)), "in the parent it is held as before");
	atomic_store(&done, true);
	pthread_join(holder, NULL);
}
