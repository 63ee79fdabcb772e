/* SPDX-License-Identifier: MIT */
#include "runtime/threads.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/altstack.h"
#include "runtime/entry.h"
#include "runtime/restrict.h"
#include "runtime/syscall.h"
#include "runtime/unwind.h"
#include "runtime/watch.h"
#include "runtime/world.h"
#include "src/os.h"

#define MAIN_STACK_BYTES_MIN ((uintptr_t)8 << 20)
#define MAIN_STACK_BYTES_MAX ((uintptr_t)1 << 30)

__thread struct md_thread *md_self __attribute__((tls_model("initial-exec")));

/* Set when the thread's destructors have all run: it gets no struct any more (see foreign.c). */
static __thread bool gone __attribute__((tls_model("initial-exec")));
__thread bool md_thread_aside __attribute__((tls_model("initial-exec")));
__thread bool md_thread_forking __attribute__((tls_model("initial-exec")));
static __thread unsigned destructor_rounds __attribute__((tls_model("initial-exec")));

static pthread_key_t key;
static bool have_key;
static size_t default_stack_bytes = (size_t)8 << 20;

/* What travels from pthread_create to the new thread. */
struct start {
	void *(*routine)(void *);
	void *argument;
	size_t stack_bytes;
	md_thread_id creator;
	md_stack_id created;
	struct start *next; /* in the list of unused ones */
	struct start *older;
};

static struct md_lock starts_lock = { .rank = MD_LOCK_THREADS };
static struct start *unused_starts;
static _Atomic(struct start *) all_starts;

static struct md_ended_stack ended_stacks[MD_ENDED_STACKS_MAX];
static _Atomic uint32_t ended_count; /* the oldest are overwritten */

/* The C library keeps the stack for a later thread. */
static void note_ended_stack(const struct md_thread *self)
{
	uint32_t count = atomic_load(&ended_count), known = count < MD_ENDED_STACKS_MAX ? count : MD_ENDED_STACKS_MAX;

	if (!self->stack_low)
		return;
	for (uint32_t i = 0; i < known; i++)
		if (ended_stacks[i].high == self->stack_high && ended_stacks[i].low == self->stack_low)
			return;
	ended_stacks[atomic_fetch_add(&ended_count, 1) % MD_ENDED_STACKS_MAX] = (struct md_ended_stack){ self->stack_low, self->stack_high };
}

size_t md_threads_ended(const struct md_ended_stack **stacks)
{
	uint32_t count = atomic_load(&ended_count);

	*stacks = ended_stacks;
	return count < MD_ENDED_STACKS_MAX ? count : MD_ENDED_STACKS_MAX;
}

void md_threads_arguments(void (*visit)(void *context, uintptr_t argument), void *context)
{
	for (const struct start *start = atomic_load(&all_starts); start; start = start->older)
		visit(context, (uintptr_t)start->argument);
	for (const struct md_thread *thread = atomic_load(&md_process.heap.threads); thread; thread = thread->next)
		visit(context, (uintptr_t)thread->block_to_return);
}

/* Destructors of others may run after ours and use the heap. The system makes PTHREAD_DESTRUCTOR_ITERATIONS rounds: ours asks to come again
 * until the last. */
static void end_thread(void *value)
{
	struct md_thread *self = value;

	if (++destructor_rounds < PTHREAD_DESTRUCTOR_ITERATIONS && pthread_setspecific(key, self) == 0)
		return;
	gone = true;
	self->busy = true;
	note_ended_stack(self);
	md_altstack_end();
	md_heap_thread_end(&md_process.heap, self);
	if (self->findings.count)
		md_entry_attend(self);
	md_self = NULL;
}

static void set_main_stack(struct md_thread *self)
{
	struct rlimit limit;
	uintptr_t bytes = MAIN_STACK_BYTES_MIN;

	if (getrlimit(RLIMIT_STACK, &limit) == 0)
		bytes = limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > MAIN_STACK_BYTES_MAX ? MAIN_STACK_BYTES_MAX : limit.rlim_cur;
	if (bytes < MAIN_STACK_BYTES_MIN)
		bytes = MAIN_STACK_BYTES_MIN;
	self->stack_high = md_process.main_stack_high;
	self->stack_low = self->stack_high - bytes;
}

static struct md_thread *attach(md_thread_id creator, md_stack_id created)
{
	uint32_t tid = md_is_restricted() ? 0 : md_os_thread();

	md_thread_aside = true;
	struct md_thread *self = md_heap_thread_begin(&md_process.heap, tid);

	if (!self) {
		md_thread_aside = false;
		return NULL;
	}
	struct md_thread_info *info = &md_process.heap.thread_infos[self->id.value];

	info->creator = creator;
	info->created = created;
	if (tid && tid == md_process_pid())
		set_main_stack(self);
	self->attended = md_process.options.check_every != 0;
	self->check_countdown = (uint32_t)md_process.options.check_every;
	md_unwind_reset(self);
	self->busy = true; /* pthread_setspecific may allocate */
	md_self = self;
	if (have_key)
		pthread_setspecific(key, self);
	self->busy = false;
	md_thread_aside = false;
	md_world_attend();
	return self;
}

struct md_thread *md_thread_attach(void)
{
	if (!md_mode_is(MD_MODE_ACTIVE) || gone || md_thread_aside)
		return NULL;
	return attach(MD_THREAD_NONE, MD_STACK_NONE);
}

/* --- pthread_create ------------------------------------------------------- */

static struct start *start_take(void)
{
	struct start *start;

	md_lock_take(&starts_lock);
	start = unused_starts;
	if (start)
		unused_starts = start->next;
	md_lock_release(&starts_lock);
	if (start)
		return start;
	start = md_arena_take(&md_process.heap.arena, sizeof *start, 16);
	if (!start)
		return NULL;
	start->argument = NULL;
	start->older = atomic_load(&all_starts);
	while (!atomic_compare_exchange_weak(&all_starts, &start->older, start))
		;
	return start;
}

static void start_give(struct start *start)
{
	md_lock_take(&starts_lock);
	start->argument = NULL;
	start->next = unused_starts;
	unused_starts = start;
	md_lock_release(&starts_lock);
}

/* Its stack ends where the thread's own block of the C library begins, which lies at its top. */
static __attribute__((noinline)) void begin_thread(const struct start *start)
{
	struct md_thread *self = md_self;

	if (!self && md_mode_is(MD_MODE_ACTIVE))
		self = attach(start->creator, start->created);
	if (self) {
		md_altstack_begin();
		uintptr_t top = (uintptr_t)pthread_self(), here = (uintptr_t)__builtin_frame_address(0);

		if (here < top && top - here < start->stack_bytes) {
			self->stack_high = top;
			/* The last page has the thread's block, too; below the first one lies something else, maybe another thread's block. */
			self->stack_low = ((top + MD_PAGE_BYTES - 1) & ~(uintptr_t)(MD_PAGE_BYTES - 1)) -
				(start->stack_bytes & ~(uintptr_t)(MD_PAGE_BYTES - 1));
			md_unwind_reset(self);
		}
	}
}

/* The first function of a thread. */
__attribute__((optimize("optimize-sibling-calls"))) static void *run_thread(void *argument)
{
	struct start *start = argument;
	void *(*routine)(void *) = start->routine;
	void *routine_argument = start->argument;

	begin_thread(start);
	md_thread_aside = true;
	start_give(start);
	md_thread_aside = false;
	md_world_attend();
	return routine(routine_argument); /* a jump: no frame of ours in the thread's stacks */
}

static size_t stack_bytes_of(const pthread_attr_t *attributes)
{
	size_t bytes;

	if (attributes && pthread_attr_getstacksize(attributes, &bytes) == 0)
		return bytes;
	return default_stack_bytes;
}

MD_EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument)
{
	struct md_thread *self = md_process.next.pthread_create ? md_entry_begin() : NULL;
	struct start *start;

	if (!self)
		return md_process.next.pthread_create ? md_process.next.pthread_create(thread, attributes, routine, argument) : EAGAIN;
	md_heap_expect_threads(&md_process.heap);
	start = start_take();
	if (start) {
		start->routine = routine;
		start->argument = argument;
		start->stack_bytes = stack_bytes_of(attributes);
		start->creator = self->id;
		start->created = md_capture(self);
	}
	md_entry_end(self);
	if (!start)
		return EAGAIN;
	int result = md_process.next.pthread_create(thread, attributes, run_thread, start);

	if (result)
		start_give(start);
	else
		md_watch_thread_made();
	return result;
}

bool md_threads_init(void)
{
	pthread_attr_t attributes;

	have_key = pthread_key_create(&key, end_thread) == 0;
	if (pthread_getattr_default_np(&attributes) == 0) {
		pthread_attr_getstacksize(&attributes, &default_stack_bytes);
		pthread_attr_destroy(&attributes);
	}
	return have_key;
}

void md_threads_after_fork(void)
{
	if (md_is_restricted())
		return;
	md_process.pid = md_os_thread();
	if (md_self)
		md_process.heap.thread_infos[md_self->id.value].tid = md_os_thread();
}

struct md_lock *md_threads_lock(void)
{
	return &starts_lock;
}
