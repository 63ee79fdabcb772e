/* SPDX-License-Identifier: MIT */
#include "runtime/left_out.h"

#include "runtime/altstack.h"
#include "runtime/boot.h"
#include "runtime/growth.h"
#include "runtime/process.h"
#include "runtime/profile.h"
#include "runtime/threads.h"

#define OWN_FRAMES_MAX 65536
#define OWN_FRAMES_BELOW 8192 /* for the functions that are called while roots are looked for */

void md_left_out_add(struct md_left_out *out, uintptr_t begin, uintptr_t end)
{
	if (begin < end && out->count < MD_LEFT_OUT_MAX)
		out->spans[out->count++] = (struct md_span){ begin, end };
}

static void exclude_bytes(struct md_left_out *out, const void *begin, size_t bytes)
{
	md_left_out_add(out, (uintptr_t)begin, (uintptr_t)begin + bytes);
}

/* All of ours but what we gave to the program. */
static void exclude_library(struct md_left_out *out)
{
	uintptr_t begin = md_process.library_begin, given, given_end;

	for (unsigned i = 0; md_boot_range(i, &given, &given_end); i++) {
		if (given < begin || given_end > md_process.library_end)
			continue;
		md_left_out_add(out, begin, given);
		begin = given_end;
	}
	md_left_out_add(out, begin, md_process.library_end);
}

static uintptr_t live_from(uintptr_t sp, uintptr_t begin, uintptr_t end)
{
	uintptr_t from = (sp - MD_RED_ZONE_BYTES) & ~(uintptr_t)7;

	return sp < begin || sp >= end ? end : from < begin ? begin : from;
}

/* An alternate stack of ours holds what handlers have left there, such as all registers that they interrupted; but for that of a thread
 * whose handler is running: its live part is the program's. */
static void exclude_alternate_stacks(struct md_left_out *out)
{
	const struct md_world *world = out->roots->world;
	uintptr_t begin, end;

	for (size_t i = 0; md_altstack_range(i, &begin, &end); i++) {
		uintptr_t live = live_from(out->roots->live_sp, begin, end);

		for (size_t j = 0; j < world->count && live == end; j++)
			live = live_from(world->threads[j].sp, begin, end);
		md_left_out_add(out, begin, live);
	}
}

static void exclude_own(struct md_left_out *out, const struct md_leak *leak)
{
	const struct md_heap *heap = &md_process.heap;
	uintptr_t begin, end;

	for (const struct md_arena_chunk *chunk = atomic_load(&heap->arena.chunks); chunk; chunk = chunk->next)
		exclude_bytes(out, chunk, chunk->bytes);
	for (size_t i = 0; i < (size_t)1 << MD_ROOT_BITS; i++) {
		const struct md_page_map_leaf *leaf = atomic_load(&heap->map.root[i]);

		if (leaf)
			exclude_bytes(out, leaf, sizeof *leaf);
	}
	for (const struct md_thread *thread = atomic_load(&heap->threads); thread; thread = thread->next)
		if (thread->history.events)
			exclude_bytes(out, thread->history.events, (thread->history.mask + 1) * sizeof(struct md_event));
	exclude_bytes(out, heap->thread_infos, MD_THREAD_INFOS_MAX * sizeof *heap->thread_infos);
	exclude_library(out);
	exclude_bytes(out, leak->marks, leak->marks_bytes);
	exclude_bytes(out, leak->stack, MD_LEAK_STACK_BYTES);
	exclude_bytes(out, leak->copy, sizeof *leak->copy);
	if (leak->groups)
		exclude_bytes(out, leak->groups, leak->group_capacity * sizeof *leak->groups);
	for (size_t i = 0; md_growth_memory(i, &begin, &end); i++)
		md_left_out_add(out, begin, end);
	for (size_t i = 0; md_profile_memory(i, &begin, &end); i++)
		md_left_out_add(out, begin, end);
	exclude_alternate_stacks(out);
	if (out->roots->world->threads)
		exclude_bytes(out, out->roots->world->threads, out->roots->world->bytes);
	md_left_out_add(out, out->roots->left_out_begin, out->roots->left_out_end);
}

static void exclude_below(struct md_left_out *out, uintptr_t sp)
{
	struct md_span stack;

	if (sp && md_thread_memory_stack(sp, &stack))
		md_left_out_add(out, stack.begin, sp & ~(uintptr_t)7);
}

/* Where a stack has no bounds that we know (coroutines), at least our own frames are left out. */
static void exclude_own_frames(struct md_left_out *out)
{
	uintptr_t sp = out->roots->live_sp, here = (uintptr_t)__builtin_frame_address(0);
	struct md_span stack;

	if (!md_thread_memory_stack(sp, &stack) && here < sp && sp - here < OWN_FRAMES_MAX)
		md_left_out_add(out, here - OWN_FRAMES_BELOW, sp & ~(uintptr_t)7);
}

static bool is_in_use(const struct md_left_out *out, const struct md_ended_stack *stack)
{
	const struct md_world *world = out->roots->world;
	uintptr_t own = (uintptr_t)__builtin_thread_pointer(), sp = out->roots->live_sp;

	if (own == stack->high || (sp >= stack->low && sp < stack->high))
		return true;
	for (size_t i = 0; i < world->count; i++) {
		const struct md_stopped *thread = &world->threads[i];

		if (thread->thread_pointer == stack->high || (thread->sp >= stack->low && thread->sp < stack->high))
			return true;
	}
	return world->silent > 0; /* nobody knows where those are */
}

static uintptr_t red_zone_of(const struct md_stopped *thread)
{
	if (thread->stands && !thread->registers.sp) /* it stands in a call of ours */
		return 0;
	return md_interrupted_in_library_call(thread->stands ? thread->registers.pc : thread->call.pc) ? 0 : MD_RED_ZONE_BYTES;
}

/* The process lives on without it when it has called pthread_exit. */
static bool first_has_ended(const struct md_world *world)
{
	for (size_t i = 0; i < world->count; i++)
		if (world->threads[i].tid == md_process_pid())
			return world->threads[i].ended;
	return false;
}

static void exclude_dead_stacks(struct md_left_out *out)
{
	const struct md_world *world = out->roots->world;
	const struct md_ended_stack *ended;
	size_t ended_count = md_threads_ended(&ended);

	exclude_below(out, out->roots->live_sp);
	exclude_own_frames(out);
	for (size_t i = 0; i < world->count; i++)
		if (world->threads[i].sp)
			exclude_below(out, world->threads[i].sp - red_zone_of(&world->threads[i]));
	for (size_t i = 0; i < ended_count; i++) {
		if (ended[i].high == md_process.main_stack_high && first_has_ended(world))
			md_left_out_add(out, ended[i].low, md_process.main_frames_high);
		else if (md_thread_memory_is_kept(&ended[i]) && !is_in_use(out, &ended[i]))
			md_left_out_add(out, ended[i].low, ended[i].high);
	}
}

static void exclude_thread_locals(struct md_left_out *out)
{
	for (size_t i = 0; i <= out->roots->world->count; i++) {
		struct md_span span = md_thread_memory_variables(md_thread_memory_pointer(out->roots, i));

		if (span.begin < span.end)
			md_left_out_add(out, span.begin, span.end);
	}
}

static void sift(struct md_span *spans, size_t root, size_t count)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && spans[child].begin < spans[child + 1].begin)
			child++;
		if (spans[root].begin >= spans[child].begin)
			return;
		struct md_span span = spans[root];

		spans[root] = spans[child];
		spans[child] = span;
	}
}

static void sort(struct md_left_out *out)
{
	struct md_span *spans = out->spans;
	size_t count = out->count;

	for (size_t i = count / 2; i-- > 0;)
		sift(spans, i, count);
	for (size_t i = count; i-- > 1;) {
		struct md_span span = spans[0];

		spans[0] = spans[i];
		spans[i] = span;
		sift(spans, 0, i);
	}
}

void md_left_out_find(struct md_left_out *out, const struct md_leak *leak)
{
	exclude_own(out, leak);
	exclude_dead_stacks(out);
	if (!(out->roots->kinds & MD_ROOTS_TLS))
		exclude_thread_locals(out);
	sort(out);
}
