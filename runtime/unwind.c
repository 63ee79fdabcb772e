/* SPDX-License-Identifier: MIT */
#include "runtime/unwind.h"

#include <string.h>

#include "runtime/modules.h"
#include "runtime/unwind_generic.h"
#include "runtime/interrupted.h"
#include "src/cfi.h"
#include "src/known_stacks.h"
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
/* Code without unwind tables, as compilers at run time make it (node, java): taken as having a frame pointer where rbp looks like one, as
 * libunwind does. */
#define RULE_GUESSED 2u   /* with RULE_FRAME */
#define RULE_NO_MODULE 1u /* with RULE_GUESSED: the code lies in no module so far */
#define RULE_GUESS (RULE_FRAME | RULE_GUESSED | 2u << RULE_BASE_SHIFT | 2u << RULE_SAVED_SHIFT)
#define GUESS_BYTES_MAX 0x4000u /* no frame of such code is larger */

/* One frame on the way: where the code goes on, and the registers it will have there. */
struct frame {
	uintptr_t pc, sp, fp;
	uint32_t number; /* in the stack store */
	uint32_t rule;
	uintptr_t fp_slot; /* where fp was read, or 0: it is the inner frame's */
};

/* How a remembered frame was reached from the one inside it: two slots, and what they held. All that a validation reads. */
struct link {
	uintptr_t pc_slot, pc; /* pc_slot is sp - 8 */
	uintptr_t second_slot, second; /* the saved rbp; the first slot once more where rbp was not saved */
};

/* The rest of a remembered frame. */
struct known {
	uintptr_t fp;
	uint64_t prefix; /* hash of the frames from the outermost to this one (stack_store.h) */
	uint32_t number;
	uint32_t rule;
	md_stack_id stack; /* id of the stack that begins with this frame, once it was asked for */
};

/* The stack that was walked last, outermost frame first. */
struct memo {
	unsigned count;
	unsigned capacity; /* frames of links and of frames: at least twice the depth of a stack */
	bool complete;     /* the first frame is the outermost there is, not only the outermost remembered */
	bool no_module;    /* has frames of code that no module answers for: it may be other code next time */
	uintptr_t end_slot; /* complete, because no return address is here; or 0 */
	struct link *links;
	struct known *frames;
};

/* What is remembered of a thread. */
struct md_unwind_memo {
	uint32_t epoch;  /* of `unloads` when all this was true */
	bool unchecked;  /* and stacks need not be compared with libunwind's: a guess that holds is the answer */
	struct md_known_stacks known;
	struct memo last;
	struct frame *fresh; /* of the walk under way, innermost first */
	uintptr_t pcs[MD_STACK_FRAMES_MAX]; /* of the walks that remember nothing; here, because small stacks have no room for them */
	uint32_t numbers[MD_STACK_FRAMES_MAX];
	struct md_stack_link known_links[MD_KNOWN_LINKS_MAX];
};

/* How often code was unloaded: what was remembered before may name frames of other code. */
static _Atomic uint32_t unloads;

/* Blocks of known stacks that threads may take beyond their first ones: together less than 8 MB. */
static _Atomic unsigned known_spare = 16384;

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
		size_t bytes = MD_PAGE_BYTES - addr % MD_PAGE_BYTES; /* what lies behind a stack must not come to lie on it */

		window->begin = addr;
		window->bytes = md_os_read(addr, window->words, bytes < sizeof window->words ? bytes : sizeof window->words);
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
	if (md_unlikely(frame->rule & RULE_GUESSED) && frame->fp - frame->sp > GUESS_BYTES_MAX) /* one that lies below is far away, too */
		return 0;
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

	*rule = RULE_GUESS | RULE_NO_MODULE;
	if (!md_object_find(pc - 1, &object))
		return md_frame_put(heap->stacks, (struct md_frame){ .pc = pc }, RULE_UNKNOWN);
	if (!object.hdr) {
		*rule = RULE_GUESS;
	} else {
#if defined(__x86_64__)
		struct md_cfi_row row = md_cfi_find(pc - 1, object.hdr, object.begin, object.end);

		*rule = row.kind == MD_CFI_MISSING ? RULE_GUESS : rule_of(&row);
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

		frame->rule = RULE_GUESS | RULE_NO_MODULE;
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
	caller->fp_slot = saved ? base - saved : 0;
	caller->fp = saved ? load(base - saved) : frame->fp;
	return caller->pc != 0;
}

/* The outermost remembered frame, from `inner` outwards to `outer`, up to which every slot still holds what it held. */
static inline unsigned validate(const struct link *links, unsigned inner, unsigned outer)
{
	unsigned i = inner;

	while (i >= outer + 4) { /* loads that wait for nothing */
		const struct link *at = &links[i - 1];
		uintptr_t differs = (load(at[0].pc_slot) ^ at[0].pc) | (load(at[0].second_slot) ^ at[0].second) | (load(at[-1].pc_slot) ^ at[-1].pc) |
			(load(at[-1].second_slot) ^ at[-1].second) | (load(at[-2].pc_slot) ^ at[-2].pc) |
			(load(at[-2].second_slot) ^ at[-2].second) | (load(at[-3].pc_slot) ^ at[-3].pc) | (load(at[-3].second_slot) ^ at[-3].second);

		if (md_unlikely(differs))
			break;
		i -= 4;
	}
	while (i > outer && load(links[i - 1].pc_slot) == links[i - 1].pc && load(links[i - 1].second_slot) == links[i - 1].second)
		i--;
	return i;
}

static inline bool is_same(const struct memo *memo, unsigned i, const struct frame *frame)
{
	return memo->links[i].pc == frame->pc && memo->links[i].pc_slot == frame->sp - 8 && memo->frames[i].fp == frame->fp;
}

static inline void set_second(struct link *link, const struct frame *frame)
{
	link->second_slot = frame->fp_slot ? frame->fp_slot : link->pc_slot;
	link->second = frame->fp_slot ? frame->fp : frame->pc;
}

/* Makes the memo what it is up to frame `kept`, and the fresh frames on top of that. */
static void remember(struct memo *memo, const struct frame *fresh, unsigned kept, unsigned count)
{
	unsigned drop = kept + count > memo->capacity ? kept + count - memo->capacity : 0; /* the outermost go */

	if (drop > kept)
		drop = kept;
	if (md_unlikely(drop)) {
		memmove(memo->links, memo->links + drop, (kept - drop) * sizeof *memo->links);
		memmove(memo->frames, memo->frames + drop, (kept - drop) * sizeof *memo->frames);
		memo->complete = false;
		kept -= drop;
	}
	memo->no_module = kept && memo->no_module;
	while (count--) {
		const struct frame *frame = &fresh[count];
		struct link *link = &memo->links[kept];

		link->pc_slot = frame->sp - 8;
		link->pc = frame->pc;
		set_second(link, frame);
		memo->frames[kept] = (struct known){
			.fp = frame->fp,
			.number = frame->number,
			.rule = frame->rule,
			.prefix = md_stack_hash_add(kept ? memo->frames[kept - 1].prefix : 0, frame->number),
		};
		memo->no_module |= frame->rule == (RULE_GUESS | RULE_NO_MODULE);
		kept++;
	}
	memo->count = kept;
}

static inline struct frame known_frame(const struct memo *memo, unsigned i)
{
	const struct link *link = &memo->links[i];

	return (struct frame){ .pc = link->pc, .sp = link->pc_slot + 8, .fp = memo->frames[i].fp, .number = memo->frames[i].number,
		.rule = memo->frames[i].rule, .fp_slot = link->second_slot == link->pc_slot ? 0 : link->second_slot };
}

/* Whether the remembered stack still ends where it did. */
static inline bool ends(const struct memo *memo)
{
	return memo->complete && (!memo->end_slot || !load(memo->end_slot));
}

/* Makes the memo the stack that begins with `frame`, walking by rules until it goes on as remembered. False when a frame needs libunwind. */
static bool walk(struct memo *memo, struct frame *fresh, struct frame frame, uintptr_t high, unsigned depth)
{
	unsigned i = memo->count, count = 0;

	for (;;) {
		while (i && memo->links[i - 1].pc_slot < frame.sp - 8)
			i--;
		if (i && is_same(memo, i - 1, &frame)) {
			unsigned need = depth > count ? depth - count : 1, last = i > need ? i - need : 0, j = validate(memo->links, i - 1, last);

			if (j == last && (last > 0 || i >= need || ends(memo))) {
				set_second(&memo->links[i - 1], &frame); /* the frame inside it may be another one than before */
				remember(memo, fresh, i, count);
				return true;
			}
			/* Up to j it is as remembered; from there it goes elsewhere (or further than was remembered). */
			frame.number = memo->frames[i - 1].number;
			frame.rule = memo->frames[i - 1].rule;
			fresh[count++] = frame;
			for (i--; i > j && count < memo->capacity; i--)
				fresh[count++] = frame = known_frame(memo, i - 1);
		} else {
			look_up(&frame);
			if (md_unlikely(frame.rule == RULE_COMPLEX))
				return false;
			fresh[count++] = frame;
		}
		struct frame caller = { 0 };

		if (md_unlikely(count >= memo->capacity)) {
			memo->complete = false;
			break;
		}
		if (!(frame.rule & (RULE_STACK | RULE_FRAME)) || !step(&frame, high, &caller)) {
			memo->complete = true;
			memo->end_slot = caller.sp ? caller.sp - 8 : 0;
			break;
		}
		frame = caller;
	}
	remember(memo, fresh, 0, count);
	return true;
}

/* Id of the stack just walked: its innermost `depth` frames. */
static inline md_stack_id stack_of(struct memo *memo, uint32_t *numbers, unsigned depth)
{
	struct known *top = &memo->frames[memo->count - 1];

	if (top->stack.value)
		return top->stack;
	unsigned count = memo->count < depth ? memo->count : depth;
	uint64_t hash = md_stack_hash_window(top->prefix, memo->count > depth ? memo->frames[memo->count - 1 - depth].prefix : 0, count);
	md_stack_id id = md_stack_store_find(md_process.heap.stacks, hash);

	if (md_unlikely(!id.value)) {
		for (unsigned i = 0; i < count; i++)
			numbers[i] = memo->frames[memo->count - 1 - i].number;
		id = md_stack_store_put_numbers(md_process.heap.stacks, numbers, count);
	}
	top->stack = id;
	return id;
}

/* Lets the stack just walked be guessed next time. Of saved frame pointers only those count that a base further out is counted from: most
 * code has none. */
static void know(struct md_unwind_memo *all, const struct memo *memo, md_stack_id id, unsigned depth)
{
	unsigned top = memo->count - 1, last = memo->count > depth ? memo->count - depth : 0;
	struct md_known_stack begin = { .pc = memo->links[top].pc, .sp = memo->links[top].pc_slot + 8, .fp = memo->frames[top].fp, .id = id };

	if (!md_known_stacks_meet(&all->known, begin.pc, begin.sp, begin.fp, id))
		return;
	struct md_stack_link *const end = all->known_links + MD_KNOWN_LINKS_MAX, *link = end;
	bool depends = false;

	if (!last && memo->end_slot)
		*--link = (struct md_stack_link){ memo->end_slot, 0 };
	for (unsigned i = last;; i++) {
		const struct link *at = &memo->links[i];
		uint32_t rule = memo->frames[i].rule;

		depends = rule & RULE_FRAME || (depends && !rule_saved(rule));
		if (i == top)
			break;
		*--link = (struct md_stack_link){ at->pc_slot, at->pc };
		if (depends && at->second_slot != at->pc_slot)
			*--link = (struct md_stack_link){ at->second_slot, at->second };
	}
	begin.fp_mask = depends ? ~(uintptr_t)0 : 0;
	md_known_stacks_put(&all->known, &begin, link, (size_t)(end - link));
}

/* Steps to the caller on a stack that nothing is known of. False at its end. */
static bool step_elsewhere(struct window *window, struct frame *frame)
{
	uintptr_t base = rule_base(frame), saved = rule_saved(frame->rule);

	if (base <= frame->sp || base % 8 || (saved && !read_window(window, base - saved, &frame->fp)) || !read_window(window, base - 8, &frame->pc))
		return false;
	frame->sp = base;
	return frame->pc != 0;
}

/* Walks by rules on such a stack. Returns the number of frames, or -1 when a frame needs libunwind. */
static int walk_elsewhere(struct frame frame, uint32_t *numbers, int numbers_max)
{
	struct window window = { 0 };
	int count = 0;

	do {
		if (count == numbers_max)
			break;
		look_up(&frame);
		if (frame.rule == RULE_COMPLEX)
			return -1;
		numbers[count++] = frame.number;
	} while (step_elsewhere(&window, &frame));
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

static void forget_all(struct md_unwind_memo *all)
{
	all->last.count = 0;
	md_known_stacks_forget(&all->known);
	all->epoch = atomic_load_explicit(&unloads, memory_order_acquire);
}

static __attribute__((noinline)) struct md_unwind_memo *begin_memos(struct md_thread *self)
{
	if (!self->unwind) {
		struct md_arena *arena = &md_process.heap.arena;
		unsigned capacity = md_process.depth < 32 ? 64 : 2 * md_process.depth;
		struct md_unwind_memo *all = md_arena_take(arena, sizeof *all, 64);

		if (!all || !md_known_stacks_init(&all->known, arena, &known_spare))
			return NULL;
		all->last.links = md_arena_take(arena, capacity * sizeof *all->last.links, 64);
		all->last.frames = md_arena_take(arena, capacity * sizeof *all->last.frames, 64);
		all->fresh = md_arena_take(arena, capacity * sizeof *all->fresh, 64);
		if (!all->last.links || !all->last.frames || !all->fresh)
			return NULL;
		all->last.capacity = capacity;
		all->unchecked = md_process.options.unwind != MD_UNWIND_CHECK;
		self->unwind = all;
	}
	forget_all(self->unwind);
	return self->unwind;
}

#if defined(__x86_64__)
#define FRAME_POINTER 6 /* among md_registers.general */
#else
#define FRAME_POINTER 29
#define LINK 30
#endif

/* Right after a call. */
static bool read_return(const struct md_registers *registers, struct frame *frame)
{
#if defined(__x86_64__)
	if (md_os_read(registers->sp, &frame->pc, sizeof frame->pc) != sizeof frame->pc)
		return false;
	frame->sp = registers->sp + sizeof frame->pc;
#else
	frame->pc = registers->general[LINK];
#endif
	return frame->pc != 0;
}

md_stack_id md_unwind_capture_at(struct md_thread *self, const struct md_registers *registers, bool jumped)
{
	/* Frames are told apart by return addresses, and looked up one byte before them. */
	struct frame frame = { .pc = registers->pc + 1, .sp = registers->sp, .fp = registers->general[FRAME_POINTER] };
	struct md_unwind_memo *all = self->unwind;
	int first = 0, count = -1, depth = (int)md_process.depth;
	bool more = true;

	if (!depth || (!all && !(all = begin_memos(self))))
		return MD_STACK_NONE;
	if (jumped) {
		all->numbers[first++] = number_of(frame.pc);
		more = first < depth && read_return(registers, &frame);
	}
	if (more && md_process.options.unwind != MD_UNWIND_EXACT)
		count = walk_elsewhere(frame, all->numbers + first, depth - first);
	if (more && count < 0) {
		count = md_unwind_generic_at(registers, frame.pc, frame.sp, all->pcs, depth - first);
		for (int i = 0; i < count; i++)
			all->numbers[first + i] = number_of(all->pcs[i]);
	}
	return md_stack_store_put_numbers(md_process.heap.stacks, all->numbers, (size_t)(first + (more ? count : 0)));
}

void md_unwind_reset(struct md_thread *self)
{
	if (self->unwind)
		forget_all(self->unwind);
}

/* What to make of the stack just walked. */
static md_stack_id take_walked(struct md_unwind_memo *all, unsigned depth)
{
	md_stack_id id = stack_of(&all->last, all->numbers, depth);

	if (md_unlikely(all->last.no_module))
		all->last.count = 0;
	else if (md_likely(id.value))
		know(all, &all->last, id, depth);
	return id;
}

/* Where the first guess is not the answer. */
static __attribute__((noinline)) md_stack_id capture(struct md_thread *self, const uintptr_t *entry)
{
	const struct frame frame = { .pc = entry[1], .sp = (uintptr_t)(entry + 2), .fp = entry[0] };
	const struct md_known_stack *known;
	unsigned depth = md_process.depth;
	struct md_unwind_memo *all = self->unwind;
	md_stack_id id;

	if (md_unlikely(!depth))
		return MD_STACK_NONE;
	if (md_unlikely(!all || all->epoch != atomic_load_explicit(&unloads, memory_order_relaxed)) && !(all = begin_memos(self)))
		return MD_STACK_NONE;
	if (md_unlikely(frame.sp < self->stack_low || frame.sp >= self->stack_high))
		return capture_elsewhere(self, entry);
	if (md_unlikely(md_process.options.unwind == MD_UNWIND_EXACT))
		return capture_generic(self, frame.sp, self->stack_high, entry);
	if ((known = md_known_stacks_guess(&all->known, frame.pc, frame.sp, frame.fp)) ||
		(known = md_known_stacks_search(&all->known, frame.pc, frame.sp, frame.fp)))
		id = known->id;
	else if (md_likely(walk(&all->last, all->fresh, frame, self->stack_high, depth)))
		id = take_walked(all, depth);
	else
		return capture_generic(self, frame.sp, self->stack_high, entry);
	if (md_unlikely(!all->unchecked) && md_unwind_generic_ready() &&
		capture_generic(self, frame.sp, self->stack_high, entry).value != id.value)
		self->counters.unwind_mismatches++;
	return id;
}

md_stack_id md_unwind_capture(struct md_thread *self, const uintptr_t *entry)
{
	struct md_unwind_memo *all = self->unwind;

	self->counters.unwind_walks++;
	if (md_likely(all && all->unchecked && all->epoch == atomic_load_explicit(&unloads, memory_order_relaxed))) {
		const struct md_known_stack *known = md_known_stacks_guess(&all->known, entry[1], (uintptr_t)(entry + 2), entry[0]);

		if (md_likely(known != NULL))
			return known->id;
	}
	return capture(self, entry);
}

uintptr_t md_unwind_stack_pointer(const uintptr_t *entry, unsigned callers)
{
	struct frame frame = { .pc = entry[1], .sp = (uintptr_t)(entry + 2), .fp = entry[0] };
	struct window window = { 0 };

	while (callers--) {
		look_up(&frame);
		if (frame.rule == RULE_COMPLEX || !step_elsewhere(&window, &frame))
			return 0;
	}
	return frame.sp;
}

void md_unwind_forget(uintptr_t begin, uintptr_t end)
{
	md_frames_forget(md_process.heap.stacks, begin, end);
	atomic_fetch_add(&unloads, 1);
	md_unwind_generic_forget(begin, end);
}
