/* SPDX-License-Identifier: MIT */
#include "src/leak.h"

#include <string.h>

#include "src/clock.h"
#include "src/inspect.h"
#include "src/leak_walk.h"
#include "src/os.h"

#define STACK_MAX (MD_LEAK_STACK_BYTES / sizeof(uintptr_t))
#define AHEAD 8 /* blocks that will be looked into soon */
#define GROUPS_MIN 1024
#define CLOCK_SLACK 1024 /* coarse ticks by which the counters of two processors may differ */

/* Mark of a slot. */
enum {
	REACHED = 1 << 0,  /* a root, or a reached block, points to its start */
	TOUCHED = 1 << 1,  /* its inside is pointed to */
	PENDING = 1 << 2,  /* marked, but not looked into yet */
	PARENT = 1 << 3,   /* a leaked block points to its start */
	HELD = 1 << 4,     /* a ring leads to it, or it is part of one */
	LEADER = 1 << 5,   /* a direct leak, or the first block of a ring that was met */
	COUNTED = 1 << 6,  /* as a direct leak or with one */
	INSIDE = 1 << 7    /* a leaked block points to its inside */
};

enum { PASS_REACHED, PASS_TOUCHED, PASS_PARENTS, PASS_HELD, PASS_RINGS };

static size_t page_up(size_t bytes)
{
	return (bytes + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1);
}

/* operator new[] keeps a count before the first element, and gives the program the address after it. */
static bool is_start(const struct md_leak_found *found, uintptr_t addr)
{
	uintptr_t offset = addr - found->user;

	return offset == 0 || ((offset == 8 || offset == 16) && (found->record->apis & 15) == MD_API_NEW_ARRAY);
}

static void push(struct md_leak *leak, const struct md_leak_found *found)
{
	*found->mark |= PENDING;
	if (leak->stack_count < STACK_MAX)
		leak->stack[leak->stack_count++] = found->user;
	else
		leak->overflowed = true;
}

/* What one word means in the pass under way. */
static inline void visit(struct md_leak *leak, uintptr_t word, const struct md_leak_found *from)
{
	struct md_leak_found found;

	word &= leak->pointer_mask;
	if (!md_leak_find(leak, word, &found))
		return;
	switch (leak->pass) {
	case PASS_REACHED:
		if (*found.mark & REACHED)
			return;
		if (is_start(&found, word)) {
			*found.mark |= REACHED;
			push(leak, &found);
		} else {
			*found.mark |= TOUCHED;
			leak->touched = true;
		}
		return;
	case PASS_TOUCHED:
		if (*found.mark & (REACHED | TOUCHED))
			return;
		*found.mark |= TOUCHED;
		push(leak, &found);
		return;
	case PASS_PARENTS:
		if (from->user != found.user)
			*found.mark |= is_start(&found, word) ? PARENT : INSIDE;
		return;
	case PASS_HELD:
		if (*found.mark & (REACHED | TOUCHED | COUNTED))
			return;
		*found.mark |= COUNTED;
		push(leak, &found);
		return;
	case PASS_RINGS:
		if ((*found.mark & (LEADER | COUNTED)) == LEADER && found.user != leak->ring_leader)
			*found.mark = (unsigned char)((*found.mark & ~LEADER) | HELD); /* what it leads to is held already */
		if (*found.mark & (REACHED | TOUCHED | HELD | LEADER | COUNTED))
			return;
		*found.mark |= HELD;
		push(leak, &found);
	}
}

static void look_into(struct md_leak *leak, const struct md_leak_found *found)
{
	struct md_leak_words words = { 0 };

	for (size_t count; (count = md_leak_words_next(leak, found, &words));)
		for (size_t i = 0; i < count; i++)
			visit(leak, words.words[i], found);
}

/* The stack was too small: what did not fit still says so in its mark. Fills the stack with some of it, going on where the last filling
 * ended, or the same slots would be looked at each time. */
static void refill(struct md_leak *leak)
{
	struct md_leak_found found;
	struct md_leak_walk walk = { leak->refill_zone, leak->refill_slot };

	for (int rounds = walk.zone ? 2 : 1; rounds; rounds--, walk = (struct md_leak_walk){ 0 }) {
		while (md_leak_walk_next(leak, &walk, &found)) {
			if (!(*found.mark & PENDING))
				continue;
			if (leak->stack_count == STACK_MAX / 2) { /* room for what these lead to */
				leak->refill_zone = walk.zone;
				leak->refill_slot = walk.slot - 1;
				return;
			}
			leak->stack[leak->stack_count++] = found.user;
		}
	}
	leak->overflowed = false;
	leak->refill_zone = NULL;
	leak->refill_slot = 0;
}

/* The next block to be looked into; false when there is none. */
static bool pop(struct md_leak *leak, struct md_leak_found *found)
{
	for (;;) {
		while (leak->stack_count) {
			if (leak->stack_count > AHEAD)
				__builtin_prefetch((const void *)leak->stack[leak->stack_count - 1 - AHEAD]);
			if (md_leak_find(leak, leak->stack[--leak->stack_count], found) && (*found->mark & PENDING)) {
				*found->mark &= (unsigned char)~PENDING;
				return true;
			}
		}
		if (!leak->overflowed)
			return false;
		refill(leak);
	}
}

static void drain(struct md_leak *leak)
{
	struct md_leak_found found;

	while (pop(leak, &found))
		look_into(leak, &found);
}

bool md_leak_begin(struct md_leak *leak)
{
	size_t slots = 0;
	uintptr_t from = 0;

	for (const struct md_zone *zone; (zone = md_inspect_zone_from(leak->heap, from)); from = md_inspect_after(zone, from))
		slots += zone->slot_count;
	leak->marks_bytes = page_up(slots + 1);
	leak->marks = md_os_map(0, leak->marks_bytes);
	leak->stack = md_os_map(0, MD_LEAK_STACK_BYTES);
	leak->copy = md_os_map(0, page_up(sizeof *leak->copy));
	if (!leak->marks || !leak->stack || !leak->copy) {
		md_leak_end(leak);
		return false;
	}
	size_t used = 0;

	from = 0;
	for (const struct md_zone *zone; (zone = md_inspect_zone_from(leak->heap, from)); from = md_inspect_after(zone, from)) {
		bool fits = used + zone->slot_count <= leak->marks_bytes; /* zones may have come into being since they were counted */

		((struct md_zone *)zone)->marks = fits ? leak->marks + used : NULL;
		used += fits ? zone->slot_count : 0;
	}
	leak->pass = PASS_REACHED;
	leak->now = md_clock_coarse(md_clock_now());
	return true;
}

void md_leak_mark(struct md_leak *leak, const uintptr_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		visit(leak, words[i], NULL);
	drain(leak);
}

enum md_leak_kind md_leak_kind_of(const struct md_leak *leak, uintptr_t user)
{
	struct md_leak_found found;

	if (!md_leak_find(leak, user, &found))
		return MD_LEAK_IGNORED;
	if (found.record->flags & MD_BLOCK_IGNORED)
		return MD_LEAK_IGNORED;
	if (*found.mark & REACHED)
		return MD_LEAK_REACHABLE;
	if (*found.mark & TOUCHED)
		return MD_LEAK_POSSIBLE;
	return *found.mark & (PARENT | INSIDE) ? MD_LEAK_INDIRECT : MD_LEAK_DIRECT;
}

/* --- groups --------------------------------------------------------------- */

static struct md_leak_group *group_of(struct md_leak *leak, const struct md_leak_found *found, enum md_leak_kind kind)
{
	uint32_t stack = found->record->alloc_stack;
	size_t at = (stack * 0x9e3779b97f4a7c15ull >> 20) + (size_t)kind;

	for (size_t tries = 0; tries < leak->group_capacity; tries++, at++) {
		struct md_leak_group *group = &leak->groups[at & (leak->group_capacity - 1)];

		if (!group->count.blocks) {
			*group = (struct md_leak_group){
				.stack = { stack },
				.kind = kind,
				.api = (enum md_api)(found->record->apis & 15),
				.oldest = found->record->alloc_time,
				.newest = found->record->alloc_time,
			};
			leak->group_count++;
			return group;
		}
		if (group->stack.value == stack && group->kind == kind)
			return group;
	}
	leak->groups_lost = true;
	return NULL;
}

/* Coarse times wrap: what is compared is how long ago they were. */
static bool is_recent(const struct md_leak *leak, const struct md_leak_found *found)
{
	uint32_t now = leak->now + CLOCK_SLACK;

	return !leak->since_set || now - found->record->alloc_time <= now - leak->since;
}

static void count(struct md_leak_count *total, const struct md_leak_found *found)
{
	total->blocks++;
	total->bytes += found->size;
}

static void count_block(struct md_leak *leak, const struct md_leak_found *found, enum md_leak_kind kind)
{
	count(&leak->totals[kind], found);
	if (is_recent(leak, found))
		count(&leak->recent[kind], found);
}

static struct md_leak_group *group_block(struct md_leak *leak, const struct md_leak_found *found, enum md_leak_kind kind)
{
	struct md_leak_group *group = group_of(leak, found, kind);

	if (!group)
		return NULL;
	count(&group->count, found);
	/* Coarse times wrap: what matters is their distance. */
	if ((int32_t)(found->record->alloc_time - group->oldest) < 0)
		group->oldest = found->record->alloc_time;
	if ((int32_t)(found->record->alloc_time - group->newest) > 0)
		group->newest = found->record->alloc_time;
	if (found->size >= group->sample_size) {
		group->sample = found->user;
		group->sample_size = found->size;
		group->thread = (md_thread_id){ found->record->alloc_thread };
	}
	return group;
}

/* Counts a direct leak and what it holds on to. */
static void gather_direct(struct md_leak *leak, const struct md_leak_found *leader, bool ring)
{
	struct md_leak_count held = { 0 };
	struct md_leak_found found;

	*leader->mark |= LEADER | COUNTED;
	count_block(leak, leader, MD_LEAK_DIRECT);
	look_into(leak, leader);
	while (pop(leak, &found)) {
		count_block(leak, &found, MD_LEAK_INDIRECT);
		if (is_recent(leak, &found))
			count(&held, &found);
		look_into(leak, &found);
	}
	struct md_leak_group *group = held.blocks || is_recent(leak, leader) ? group_block(leak, leader, MD_LEAK_DIRECT) : NULL;

	if (!group)
		return;
	group->held.blocks += held.blocks;
	group->held.bytes += held.bytes;
	group->ring |= ring;
}

static uint64_t weight(const struct md_leak_group *group)
{
	return group->count.bytes + group->held.bytes;
}

/* Direct leaks before possible ones before reachable ones; the largest of each first. */
static bool comes_before(const struct md_leak_group *a, const struct md_leak_group *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind;
	if (weight(a) != weight(b))
		return weight(a) > weight(b);
	return a->stack.value < b->stack.value;
}

/* Heap sort: in place, and no worse on sorted input. */
static void sift(struct md_leak_group *groups, size_t root, size_t count)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && comes_before(&groups[child], &groups[child + 1]))
			child++;
		if (!comes_before(&groups[root], &groups[child]))
			return;
		struct md_leak_group group = groups[root];

		groups[root] = groups[child];
		groups[child] = group;
	}
}

/* Sorts a list that has no gaps. */
static void sort_list(struct md_leak_group *groups, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift(groups, i, count);
	for (size_t i = count; i-- > 1;) {
		struct md_leak_group group = groups[0];

		groups[0] = groups[i];
		groups[i] = group;
		sift(groups, 0, i);
	}
}

/* Makes the table a sorted list. */
static void sort_groups(struct md_leak *leak)
{
	size_t count = 0;

	for (size_t i = 0; i < leak->group_capacity; i++)
		if (leak->groups[i].count.blocks)
			leak->groups[count++] = leak->groups[i];
	sort_list(leak->groups, count);
	leak->group_count = count;
}

static uint64_t merge_key(const struct md_leak *leak, const struct md_leak_group *group, unsigned frames_max)
{
	struct md_frame frames[MD_STACK_FRAMES_MAX];
	size_t count = md_stack_store_frames(leak->heap->stacks, group->stack, frames, frames_max);
	uint64_t key = (uint64_t)group->kind + 1;

	for (size_t i = 0; i < count && i < frames_max; i++)
		key = (key ^ frames[i].pc) * 0x9e3779b97f4a7c15ull, key ^= key >> 29;
	return key;
}

static void merge_into(struct md_leak_group *to, const struct md_leak_group *from)
{
	to->count.blocks += from->count.blocks;
	to->count.bytes += from->count.bytes;
	to->held.blocks += from->held.blocks;
	to->held.bytes += from->held.bytes;
	to->ring |= from->ring;
	if ((int32_t)(from->oldest - to->oldest) < 0)
		to->oldest = from->oldest;
	if ((int32_t)(from->newest - to->newest) > 0)
		to->newest = from->newest;
	if (from->sample_size > to->sample_size) {
		to->sample = from->sample;
		to->sample_size = from->sample_size;
		to->thread = from->thread;
	}
}

void md_leak_merge(struct md_leak *leak, unsigned frames)
{
	struct merged {
		uint64_t key;
		size_t group;
	};
	size_t capacity = 64, count = 0;

	while (capacity < 2 * leak->group_count)
		capacity *= 2;
	struct merged *table = md_os_map(0, page_up(capacity * sizeof *table));

	if (!table)
		return; /* finer groups than were asked for */
	if (frames > MD_STACK_FRAMES_MAX)
		frames = MD_STACK_FRAMES_MAX;
	for (size_t i = 0; i < leak->group_count; i++) {
		uint64_t key = merge_key(leak, &leak->groups[i], frames);
		size_t at = key & (capacity - 1);

		while (table[at].key && table[at].key != key)
			at = (at + 1) & (capacity - 1);
		if (table[at].key) {
			merge_into(&leak->groups[table[at].group], &leak->groups[i]);
			continue;
		}
		table[at] = (struct merged){ key, count };
		leak->groups[count++] = leak->groups[i];
	}
	leak->group_count = count;
	sort_list(leak->groups, count);
	md_os_unmap(table, page_up(capacity * sizeof *table));
}

static size_t capacity_for(const struct md_leak *leak)
{
	size_t want = 4 * (size_t)atomic_load_explicit(&leak->heap->stacks->stack_count, memory_order_relaxed), capacity = GROUPS_MIN;

	while (capacity < want && capacity < (size_t)1 << 22)
		capacity *= 2;
	return capacity;
}

/* What nobody holds by now is in rings, or hangs on one. Makes one block of each ring its leader, unless another ring leads to it: the
 * first one met, and no longer once it is met from a later one. Blocks that only the inside of is pointed to come first: in many containers
 * all parts point to the first one's inside, and that one is what the program lost. */
static void find_rings(struct md_leak *leak)
{
	struct md_leak_found found;

	leak->pass = PASS_RINGS;
	for (int round = 0; round < 2; round++) {
		for (struct md_leak_walk walk = { 0 }; md_leak_walk_next(leak, &walk, &found);) {
			if ((*found.mark & (REACHED | TOUCHED | HELD | LEADER | COUNTED)) || (found.record->flags & MD_BLOCK_IGNORED))
				continue;
			if (round == 0 && (*found.mark & PARENT))
				continue;
			*found.mark |= LEADER;
			leak->ring_leader = found.user;
			look_into(leak, &found);
			drain(leak);
		}
	}
}

static bool points_to_itself(struct md_leak *leak, const struct md_leak_found *found)
{
	struct md_leak_words words = { 0 };
	bool does = false;

	for (size_t count; (count = md_leak_words_next(leak, found, &words));)
		for (size_t i = 0; i < count; i++)
			does |= (words.words[i] & leak->pointer_mask) == found->user;
	return does;
}

/* A block whose start stands in itself is reached by who knows its inside: so do allocators of aligned memory find what they have to free. */
static void reach_from_inside(struct md_leak *leak)
{
	struct md_leak_found found;
	bool more = true;

	while (more) {
		more = false;
		for (struct md_leak_walk walk = { 0 }; md_leak_walk_next(leak, &walk, &found);) {
			if ((*found.mark & (REACHED | TOUCHED)) != TOUCHED || !points_to_itself(leak, &found))
				continue;
			*found.mark |= REACHED;
			push(leak, &found);
			drain(leak);
			more = true; /* it may point to the inside of one that was passed already */
		}
	}
}

/* Returns whether anything may be left that no root leads to. */
static bool reach_from_ignored(struct md_leak *leak)
{
	struct md_leak_found found;
	bool more = false;

	for (struct md_leak_walk walk = { 0 }; md_leak_walk_next(leak, &walk, &found);) {
		if (*found.mark & REACHED)
			continue;
		if (!(found.record->flags & MD_BLOCK_IGNORED) && !md_leak_is_freeing(found.record)) {
			more = true;
			continue;
		}
		*found.mark |= REACHED; /* what an ignored block holds is none of the report's either; and whoever frees a block knows it */
		push(leak, &found);
		drain(leak);
	}
	return more;
}

static void reach_from_touched(struct md_leak *leak)
{
	struct md_leak_found found;

	reach_from_inside(leak);
	leak->pass = PASS_TOUCHED;
	for (struct md_leak_walk walk = { 0 }; md_leak_walk_next(leak, &walk, &found);)
		if ((*found.mark & (REACHED | TOUCHED)) == TOUCHED && !(*found.mark & PENDING))
			push(leak, &found);
	drain(leak);
}

/* Returns how many blocks are lost. */
static uint64_t find_parents(struct md_leak *leak)
{
	struct md_leak_found found;
	uint64_t lost = 0;

	leak->pass = PASS_PARENTS;
	for (struct md_leak_walk walk = { 0 }; md_leak_walk_next(leak, &walk, &found);) {
		if (*found.mark & (REACHED | TOUCHED))
			continue;
		look_into(leak, &found);
		lost++;
	}
	return lost;
}

static void gather_rings(struct md_leak *leak)
{
	struct md_leak_found found;

	find_rings(leak);
	leak->pass = PASS_HELD;
	for (struct md_leak_walk walk = { 0 }; md_leak_walk_next(leak, &walk, &found);)
		if ((*found.mark & (LEADER | COUNTED)) == LEADER)
			gather_direct(leak, &found, *found.mark & PARENT);
}

/* Every walk over all blocks costs a big heap milliseconds at its exit: each is made only if there is something for it to find. */
void md_leak_classify(struct md_leak *leak, bool reachable_groups)
{
	struct md_leak_found found;
	uint64_t lost = 0;

	leak->group_capacity = capacity_for(leak);
	leak->groups = md_os_map(0, page_up(leak->group_capacity * sizeof *leak->groups));
	if (!leak->groups)
		leak->group_capacity = 0;
	if (reach_from_ignored(leak)) {
		if (leak->touched)
			reach_from_touched(leak);
		lost = find_parents(leak);
	}
	leak->pass = PASS_HELD;
	for (struct md_leak_walk walk = { 0 }; md_leak_walk_next(leak, &walk, &found);) {
		bool recent = is_recent(leak, &found);

		if (found.record->flags & MD_BLOCK_IGNORED) {
			count_block(leak, &found, MD_LEAK_IGNORED);
		} else if (*found.mark & REACHED) {
			count_block(leak, &found, MD_LEAK_REACHABLE);
			if (reachable_groups && recent)
				group_block(leak, &found, MD_LEAK_REACHABLE);
		} else if (*found.mark & TOUCHED) {
			count_block(leak, &found, MD_LEAK_POSSIBLE);
			if (recent)
				group_block(leak, &found, MD_LEAK_POSSIBLE);
		} else if (!(*found.mark & (PARENT | INSIDE))) {
			gather_direct(leak, &found, false);
		}
	}
	if (lost != leak->totals[MD_LEAK_DIRECT].blocks + leak->totals[MD_LEAK_INDIRECT].blocks) /* the rest are rings, and what hangs on them */
		gather_rings(leak);
	sort_groups(leak);
}

void md_leak_end(struct md_leak *leak)
{
	uintptr_t from = 0;

	for (const struct md_zone *zone; (zone = md_inspect_zone_from(leak->heap, from)); from = md_inspect_after(zone, from))
		((struct md_zone *)zone)->marks = NULL;
	if (leak->marks)
		md_os_unmap(leak->marks, leak->marks_bytes);
	if (leak->stack)
		md_os_unmap(leak->stack, MD_LEAK_STACK_BYTES);
	if (leak->copy)
		md_os_unmap(leak->copy, page_up(sizeof *leak->copy));
	if (leak->groups)
		md_os_unmap(leak->groups, page_up(leak->group_capacity * sizeof *leak->groups));
	leak->marks = NULL;
	leak->stack = NULL;
	leak->copy = NULL;
	leak->groups = NULL;
}
