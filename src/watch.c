/* SPDX-License-Identifier: MIT */
#include "src/watch.h"

#include <string.h>

#include "src/options_value.h"
#include "src/words.h"

#define VECTOR_BYTES_MIN 16

/* --- the option --------------------------------------------------------------- */

static bool parse_number(const char *text, uint64_t max, uint64_t *number)
{
	const char *end = text + strlen(text);

	return md_number_parse(&text, end, false, number) == MD_NUMBER_OK && text == end && *number && *number <= max;
}

bool md_watch_parse(const char *text, struct md_watch_setting *setting)
{
	size_t length = strlen(text);
	uint64_t number;

	*setting = (struct md_watch_setting){ .mode = MD_WATCH_AUTO };
	if (md_word_equal(text, length, "auto", 4))
		return true;
	if (md_word_equal(text, length, "off", 3)) {
		setting->mode = MD_WATCH_OFF;
		return true;
	}
	if (text[0] == '#' || !strncmp(text, "stack:", 6)) {
		if (!parse_number(text + (text[0] == '#' ? 1 : 6), UINT32_MAX, &number))
			return false;
		setting->mode = MD_WATCH_OF_STACK;
		setting->stack.value = (uint32_t)number;
		return true;
	}
	if (!parse_number(text, ((uint64_t)1 << 56) - 1, &number))
		return false;
	setting->mode = MD_WATCH_AT_ADDRESS;
	md_watch_cover((uintptr_t)number, (uintptr_t)number + MD_WATCH_BYTES_MAX, &setting->range, 1);
	return true;
}

/* --- ranges ------------------------------------------------------------------- */

unsigned md_watch_cover(uintptr_t begin, uintptr_t end, struct md_watch_range *ranges, unsigned ranges_max)
{
	unsigned count = 0;

	while (begin < end) {
		unsigned bytes = MD_WATCH_BYTES_MAX;

		while (begin % bytes || bytes > end - begin)
			bytes /= 2;
		if (count < ranges_max)
			ranges[count] = (struct md_watch_range){ begin, bytes };
		begin += bytes;
		count++;
	}
	return count;
}

struct md_watch_range md_watch_before(uintptr_t begin, uintptr_t end)
{
	unsigned bytes = MD_WATCH_BYTES_MAX;

	if (begin >= end)
		return (struct md_watch_range){ 0 };
	while (end % bytes || bytes > end - begin)
		bytes /= 2;
	return (struct md_watch_range){ end - bytes, bytes };
}

/* --- choosing ----------------------------------------------------------------- */

static void set(struct md_watches *watches, unsigned i, enum md_watch_why why, struct md_watch_range range, bool writes_only,
	const struct md_block_view *block)
{
	struct md_watch_place *place = &watches->places[i];

	atomic_store(&place->generation, 0);
	place->why = why;
	place->range = range;
	place->writes_only = writes_only;
	place->user = block->user;
	place->size = block->size;
	place->stack = block->alloc_stack;
	place->time = block->alloc_time;
	atomic_store_explicit(&place->traps, 0, memory_order_relaxed);
	if (!++watches->generations)
		watches->generations = 1;
	atomic_store(&place->generation, watches->generations);
}

/* Behind a block of a damaged stack: places from the first on, as many as the bytes need. At least two are kept for this, so that two
 * blocks of few bytes are watched together. */
static unsigned choose_rear(struct md_watches *watches, const struct md_block_view *block)
{
	struct md_watch_range ranges[MD_WATCHES];
	uintptr_t begin = block->user + block->size, end = block->end;
	unsigned changed = 0, count;

	if (end > begin + 2 * MD_WATCH_BYTES_MAX)
		end = begin + 2 * MD_WATCH_BYTES_MAX;
	count = md_watch_cover(begin, end, ranges, MD_WATCHES);
	if (!count)
		return 0;
	if (count > watches->usable)
		count = watches->usable;
	watches->rear = count < 2 && watches->usable >= 2 ? 2 : count;
	for (unsigned i = 0; i < count; i++) {
		unsigned place = watches->next_rear++ % watches->rear;

		set(watches, place, MD_WATCH_REAR, ranges[i], true, block);
		changed |= 1u << place;
	}
	return changed;
}

/* The side without a guard page: a ring of those places that the above does not need. hunting: somebody's write is looked for, and our
 * own checks read. */
static unsigned choose_open_side(struct md_watches *watches, const struct md_block_view *block, bool hunting)
{
	enum md_watch_why why = block->flush == MD_FLUSH_BEGIN ? MD_WATCH_REAR : MD_WATCH_FRONT;
	unsigned free = watches->usable - watches->rear;
	struct md_watch_range range = { 0 };

	if (why == MD_WATCH_FRONT)
		range = md_watch_before(block->begin, block->user);
	else
		md_watch_cover(block->user + block->size, block->end, &range, 1);
	if (!free || !range.bytes)
		return 0;
	unsigned place = watches->rear + watches->next++ % free;

	set(watches, place, why, range, hunting || why == MD_WATCH_REAR, block);
	return 1u << place;
}

unsigned md_watch_choose(struct md_watches *watches, const struct md_block_view *block, bool damaged)
{
	unsigned changed = 0;

	if (!watches->usable || !block->valid || block->state != MD_BLOCK_LIVE)
		return 0;
	if (damaged)
		changed = choose_rear(watches, block);
	return changed | choose_open_side(watches, block, damaged);
}

unsigned md_watch_choose_address(struct md_watches *watches, struct md_watch_range range)
{
	struct md_block_view none = { 0 };

	if (!watches->usable)
		return 0;
	set(watches, 0, MD_WATCH_ADDRESS, range, true, &none);
	return 1;
}

void md_watch_leave(struct md_watch_place *place)
{
	atomic_store(&place->generation, 0);
}

/* --- judging ------------------------------------------------------------------ */

bool md_watch_copy(const struct md_watch_place *place, uint32_t generation, uintptr_t addr, struct md_watch_place *copy)
{
	if (!generation || atomic_load(&place->generation) != generation)
		return false;
	memcpy(copy, place, sizeof *copy);
	atomic_thread_fence(memory_order_acquire);
	return atomic_load(&place->generation) == generation && copy->range.addr == addr;
}

static bool is_same_block(const struct md_watch_place *place, const struct md_block_view *now)
{
	return now->valid && now->state == MD_BLOCK_LIVE && now->user == place->user && now->size == place->size &&
		now->alloc_time == place->time && now->alloc_stack.value == place->stack.value;
}

/* As functions for strings read. */
static bool is_aligned_vector(const struct md_access *access)
{
	return access->kind != MD_ACCESS_WRITE && access->bytes >= VECTOR_BYTES_MIN && access->addr % access->bytes == 0;
}

bool md_watch_is_error(const struct md_watch_place *place, const struct md_block_view *now, const struct md_access *access)
{
	uintptr_t addr = access->addr, end = addr + access->bytes;

	if (end <= addr || !is_same_block(place, now) || is_aligned_vector(access))
		return false;
	if (addr >= place->range.addr + place->range.bytes || end <= place->range.addr) /* it is not what the place saw */
		return false;
	if (place->why == MD_WATCH_FRONT)
		return addr >= now->begin && end <= now->user;
	return place->why == MD_WATCH_REAR && addr >= now->user + now->size && end <= now->end;
}
