/* SPDX-License-Identifier: MIT */
#include "runtime/unwind.h"

#include <string.h>

#include "runtime/modules.h"
#include "runtime/unwind_generic.h"
#include "src/cfi.h"
#include "src/os.h"

/* A rule in 32 bits, kept with its frame. Offsets are counted in 8 bytes; what does not fit is complex. */
#define RULE_UNKNOWN 0u /* nothing learned, or nothing to learn: look again */
#define RULE_COMPLEX 1u /* libunwind's business */
#define RULE_END 2u     /* outermost frame */
#define RULE_STACK 4u   /* base = rsp + offset */
#define RULE_FRAME 8u   /* base = rbp + offset */
#define RULE_BASE_SHIFT 16
#define RULE_BASE_MAX 0xffffu
#define RULE_SAVED_SHIFT 4
#define RULE_SAVED_MAX 0xfffu /* rbp is saved at base - 8 * this; 0: unchanged */

/* One frame: where the code goes on, and the registers it will have there. */
struct frame {
	uintptr_t pc, sp, fp;
	uint32_t number; /* in the stack store */
	uint32_t rule;
	uint64_t prefix;  /* hash of the frames from the outermost to this one (stack_store.h) */
	md_stack_id stack; /* id of the stack that begins with this frame, once it was asked for */
};

#define MEMO_FRAMES 256

/* What is remembered of a thread's last stack, outermost frame first. */
struct md_unwind_memo {
	unsigned count;
	bool complete;   /* frames[0] is the outermost frame there is, not only the outermost remembered */
	uint32_t epoch;  /* of `unloads` when the frames were true */
	struct frame frames[MEMO_FRAMES];
	struct frame fresh[MEMO_FRAMES]; /* of the walk under way, innermost first */
	uintptr_t pcs[MD_STACK_FRAMES_MAX]; /* of the walks that remember nothing; here, because small stacks have no room for them */
	uint32_t numbers[MD_STACK_FRAMES_MAX];
};

/* How often code was unloaded: what was remembered before may name frames of other code. */
static _Atomic uint32_t unloads;

/* --- reading the stack -------------------------------------------------- */

/* A window on memory that may not be there, read by the kernel for us. */
struct window {
	uintptr_t begin;
	size_t bytes;
	uintptr_t words[64];
};

static bool read_window(struct window *window, uintptr_t addr, uintptr_t *word)
{
	if (addr < window->begin || addr + sizeof *word > window->begin + window->bytes) {
		window->begin = addr;
		window->bytes = md_os_read(addr, window->words, sizeof window->words);
		if (window->bytes < sizeof *word)
			return false;
	}
	memcpy(word, (const char *)window->words + (addr - window->begin), sizeof *word);
	return true;
}

static inline uintptr_t load(uintptr_t addr)
{
	return *(const uintptr_t *)addr;
}

/* --- rules -------------------------------------------------------------- */

static inline uintptr_t rule_saved(uint32_t rule)
{
	return 8 * (uintptr_t)(rule >> RULE_SAVED_SHIFT & RULE_SAVED_MAX);
}

/* The frame's base, which is its caller's rsp; 0 if the rule gives none. */
static inline uintptr_t rule_base(const struct frame *frame)
{
	uintptr_t offset = 8 * (uintptr_t)(frame->rule >> RULE_BASE_SHIFT);

	if (md_likely(frame->rule & RULE_STACK))
		return frame->sp + offset;
	return frame->rule & RULE_FRAME ? frame->fp + offset : 0;
}

static uint32_t rule_of(const struct md_cfi_row *row)
{
	if (row->kind == MD_CFI_END)
		return RULE_END;
	if (row->kind != MD_CFI_SIMPLE || row->base_offset < 8 || row->base_offset % 8 || row->base_offset / 8 > RULE_BASE_MAX ||
		row->saved_offset % 8 || -row->saved_offset / 8 > RULE_SAVED_MAX)
		return RULE_COMPLEX;
	return (row->from_frame_pointer ? RULE_FRAME : RULE_STACK) | (uint32_t)(row->base_offset / 8) << RULE_BASE_SHIFT |
		(uint32_t)(-row->saved_offset / 8) << RULE_SAVED_SHIFT;
}

/* The frame is met for the first time (or lies in no module): numbers it and learns its rule. */
static __attribute__((noinline)) uint32_t learn(uintptr_t pc, uint32_t *rule)
{
	struct md_heap *heap = &md_process.heap;
	struct md_object object;

	*rule = RULE_UNKNOWN;
	if (!md_object_find(pc - 1, &object))
		return md_frame_put(heap->stacks, (struct md_frame){ .pc = pc }, RULE_UNKNOWN);
	if (!object.hdr) {
		*rule = RULE_END;
	} else {
#if defined(__x86_64__)
		struct md_cfi_row row = md_cfi_find(pc - 1, object.hdr, object.begin, object.end);

		*rule = row.kind == MD_CFI_MISSING ? RULE_END : rule_of(&row);
#else
		*rule = RULE_COMPLEX;
#endif
	}
	return md_frame_put(heap->stacks, (struct md_frame){ .pc = pc, .module = md_object_module(heap, &object) }, *rule);
}

static inline void look_up(struct frame *frame)
{
	const struct md_frame_slot *slot = md_frame_find(md_process.heap.stacks, frame->pc);

	if (md_likely(slot != NULL)) {
		uint64_t both = atomic_load_explicit(&slot->rule_number, memory_order_relaxed);

		frame->rule = (uint32_t)(both >> 32);
		frame->number = (uint32_t)both;
		if (md_likely(frame->rule != RULE_UNKNOWN))
			return;
		struct md_object object; /* code without a module so far: it may have one now */

		if (!md_object_find(frame->pc - 1, &object))
			return;
		md_frames_forget(md_process.heap.stacks, frame->pc, frame->pc + 1);
	}
	frame->number = learn(frame->pc, &frame->rule);
}

/* --- walking ------------------------------------------------------------ */

/* Steps to the caller. False at the end of the stack. */
static inline bool step(const struct frame *frame, uintptr_t high, struct frame *caller)
{
	uintptr_t base = rule_base(frame), saved = rule_saved(frame->rule);

	/* A stack only grows outwards: anything else is damaged, or not a stack that we understand. */
	if (md_unlikely(base <= frame->sp || base > high || base % 8))
		return false;
	caller->pc = load(base - 8);
	caller->sp = base;
	caller->fp = saved ? load(base - saved) : frame->fp;
	return caller->pc != 0;
}

/* True if the step from a remembered frame to the next one out still reads what it read. */
static inline bool step_holds(const struct frame *frame, const struct frame *caller)
{
	uintptr_t saved = rule_saved(frame->rule);

	return load(caller->sp - 8) == caller->pc && (!saved || load(caller->sp - saved) == caller->fp);
}

/* Puts the fresh frames on top of the first `kept` remembered ones. */
static void remember(struct md_unwind_memo *memo, unsigned kept, unsigned fresh)
{
	if (md_unlikely(kept + fresh > MEMO_FRAMES)) { /* the outermost go */
		unsigned drop = kept + fresh - MEMO_FRAMES;

		if (drop > kept)
			drop = kept;
		memmove(memo->frames, memo->frames + drop, (kept - drop) * sizeof memo->frames[0]);
		kept -= drop;
		memo->complete = false;
	}
	for (unsigned i = fresh; i-- > 0; kept++) {
		struct frame *frame = &memo->frames[kept];

		*frame = memo->fresh[i];
		frame->prefix = md_stack_hash_add(kept ? memo->frames[kept - 1].prefix : 0, frame->number);
		frame->stack = MD_STACK_NONE;
	}
	memo->count = kept;
}

/* Brings the memo up to date with the stack that begins with `frame`. Returns false when a frame needs libunwind. */
static bool walk(struct md_unwind_memo *memo, struct frame frame, uintptr_t high, unsigned depth)
{
	struct frame *known = memo->frames;
	unsigned i = memo->count, fresh = 0;

	for (;;) {
		while (i && known[i - 1].sp < frame.sp)
			i--;
		if (i && known[i - 1].sp == frame.sp && known[i - 1].pc == frame.pc && known[i - 1].fp == frame.fp) {
			unsigned need = depth > fresh ? depth - fresh : 1, last = i > need ? i - need : 0, j = i - 1;

			while (j > last && step_holds(&known[j], &known[j - 1]))
				j--;
			if (j == last && (last > 0 || memo->complete || i >= need)) {
				if (md_likely(!fresh)) {
					memo->count = i;
					return true;
				}
				remember(memo, i, fresh);
				return true;
			}
			/* Up to j it is as remembered; from there it goes elsewhere (or further than was remembered). */
			for (unsigned k = i; k-- > j && fresh < MEMO_FRAMES;)
				memo->fresh[fresh++] = known[k];
			i = j;
			frame = known[j];
		} else {
			look_up(&frame);
			if (md_unlikely(frame.rule == RULE_COMPLEX)) {
				memo->count = 0;
				return false;
			}
			memo->fresh[fresh++] = frame;
		}
		struct frame caller = { 0 };

		if (md_unlikely(fresh >= MEMO_FRAMES)) {
			memo->complete = false;
			break;
		}
		if (!(frame.rule & (RULE_STACK | RULE_FRAME)) || !step(&frame, high, &caller)) {
			memo->complete = frame.rule != RULE_UNKNOWN;
			break;
		}
		frame = caller;
	}
	bool complete = memo->complete;

	remember(memo, 0, fresh);
	memo->complete = complete;
	return true;
}

/* Id of the stack in the memo: the innermost `depth` frames. */
static inline md_stack_id stack_of(struct md_unwind_memo *memo, unsigned depth)
{
	struct frame *top = &memo->frames[memo->count - 1];

	if (md_likely(top->stack.value))
		return top->stack;
	unsigned count = memo->count < depth ? memo->count : depth;
	uint64_t hash = md_stack_hash_window(top->prefix, memo->count > depth ? memo->frames[memo->count - 1 - depth].prefix : 0, count);
	md_stack_id id = md_stack_store_find(md_process.heap.stacks, hash);

	if (md_unlikely(!id.value)) {
		uint32_t numbers[MD_STACK_FRAMES_MAX];

		for (unsigned i = 0; i < count; i++)
			numbers[i] = memo->frames[memo->count - 1 - i].number;
		id = md_stack_store_put_numbers(md_process.heap.stacks, numbers, count);
	}
	top->stack = id;
	if (md_unlikely(!memo->complete && memo->frames[0].rule == RULE_UNKNOWN))
		memo->count = 0; /* code that no module answers for may be other code next time */
	return id;
}

/* Walks by rules on a stack that nothing is known of. Returns the number of frames, or -1 when a frame needs libunwind. */
static int walk_elsewhere(struct frame frame, uint32_t *numbers, int numbers_max)
{
	struct window window = { 0 };
	int count = 0;

	while (count < numbers_max) {
		look_up(&frame);
		if (frame.rule == RULE_COMPLEX)
			return -1;
		numbers[count++] = frame.number;
		uintptr_t base = rule_base(&frame), saved = rule_saved(frame.rule);

		if (base <= frame.sp || base % 8 || (saved && !read_window(&window, base - saved, &frame.fp)) ||
			!read_window(&window, base - 8, &frame.pc) || !frame.pc)
			break;
		frame.sp = base;
	}
	return count;
}

/* --- libunwind ---------------------------------------------------------- */

static uint32_t number_of(uintptr_t pc)
{
	struct frame frame = { .pc = pc };

	look_up(&frame);
	return frame.number;
}

static __attribute__((noinline)) md_stack_id capture_generic(struct md_thread *self, uintptr_t low, uintptr_t high, const uintptr_t *frame)
{
	struct md_unwind_memo *memo = self->unwind;
	int count = md_unwind_generic(low, high, frame[1], (uintptr_t)(frame + 2), memo->pcs, (int)md_process.depth);

	self->counters.unwind_slow++;
	for (int i = 0; i < count; i++)
		memo->numbers[i] = number_of(memo->pcs[i]);
	return md_stack_store_put_numbers(md_process.heap.stacks, memo->numbers, (size_t)count);
}

static __attribute__((noinline)) md_stack_id capture_elsewhere(struct md_thread *self, const uintptr_t *frame)
{
	uint32_t *numbers = self->unwind->numbers;
	int count = -1;

	if (md_process.options.unwind != MD_UNWIND_EXACT)
		count = walk_elsewhere((struct frame){ .pc = frame[1], .sp = (uintptr_t)(frame + 2), .fp = frame[0] }, numbers, (int)md_process.depth);
	if (count < 0)
		return capture_generic(self, 0, 0, frame);
	return md_stack_store_put_numbers(md_process.heap.stacks, numbers, (size_t)count);
}

/* --- capturing ---------------------------------------------------------- */

static __attribute__((noinline)) bool begin_memo(struct md_thread *self)
{
	if (!self->unwind)
		self->unwind = md_arena_take(&md_process.heap.arena, sizeof *self->unwind, 64);
	if (!self->unwind)
		return false;
	self->unwind->count = 0;
	self->unwind->epoch = atomic_load_explicit(&unloads, memory_order_acquire);
	return true;
}

void md_unwind_reset(struct md_thread *self)
{
	if (self->unwind)
		self->unwind->count = 0;
}

md_stack_id md_unwind_capture(struct md_thread *self, const uintptr_t *frame)
{
	uintptr_t sp = (uintptr_t)(frame + 2);
	struct md_unwind_memo *memo = self->unwind;

	if (md_unlikely(!md_process.depth))
		return MD_STACK_NONE;
	self->counters.unwind_walks++;
	if (md_unlikely(!memo || memo->epoch != atomic_load_explicit(&unloads, memory_order_relaxed))) {
		if (!begin_memo(self))
			return MD_STACK_NONE;
		memo = self->unwind;
	}
	if (md_unlikely(sp < self->stack_low || sp >= self->stack_high))
		return capture_elsewhere(self, frame);
	if (md_unlikely(md_process.options.unwind == MD_UNWIND_EXACT))
		return capture_generic(self, sp, self->stack_high, frame);
	if (md_unlikely(!walk(memo, (struct frame){ .pc = frame[1], .sp = sp, .fp = frame[0] }, self->stack_high, md_process.depth)))
		return capture_generic(self, sp, self->stack_high, frame);
	md_stack_id id = stack_of(memo, md_process.depth);

	if (md_unlikely(md_process.options.unwind == MD_UNWIND_CHECK) && capture_generic(self, sp, self->stack_high, frame).value != id.value)
		self->counters.unwind_mismatches++;
	return id;
}

uintptr_t md_unwind_stack_pointer(const struct md_thread *self, unsigned callers)
{
	const struct md_unwind_memo *memo = self->unwind;

	return memo && memo->count > callers ? memo->frames[memo->count - 1 - callers].sp : 0;
}

void md_unwind_forget(uintptr_t begin, uintptr_t end)
{
	md_frames_forget(md_process.heap.stacks, begin, end);
	atomic_fetch_add(&unloads, 1);
	md_unwind_generic_forget(begin, end);
}
