/* SPDX-License-Identifier: MIT */
#include "src/leak_path.h"

#include <string.h>

#include "src/leak_walk.h"
#include "src/os.h"

static uintptr_t end_of(const struct md_leak_found *found)
{
	return found->user + (found->size ? found->size : 1);
}

/* The block that a word points to, if it is one of the newest. Most words are told apart by the bounds alone. */
static inline bool finds_newest(const struct md_leak_path *path, uintptr_t word, struct md_leak_found *found)
{
	word &= path->leak->pointer_mask;
	return word - path->low < path->high - path->low && md_leak_find(path->leak, word, found) && *found->mark == path->level;
}

bool md_leak_path_begin(struct md_leak_path *path, struct md_leak *leak, uintptr_t target)
{
	struct md_leak_found found;

	memset(path, 0, sizeof *path);
	path->leak = leak;
	if (!md_leak_find(leak, target, &found))
		return false;
	if (!md_os_drop(leak->marks, leak->marks_bytes))
		memset(leak->marks, 0, leak->marks_bytes);
	path->target = path->furthest = found.user;
	path->low = found.user;
	path->high = end_of(&found);
	path->level = *found.mark = 1;
	return true;
}

static bool is_weak(const struct md_leak_path *path, const struct md_root_words *words, uintptr_t address)
{
	if (words->kind == MD_ROOT_REGISTERS && !words->tid)
		return path->own_registers_weak;
	return address >= path->weak_begin && address < path->weak_end;
}

bool md_leak_path_root(struct md_leak_path *path, const struct md_root_words *words)
{
	struct md_leak_found found;

	for (size_t i = 0; i < words->count; i++) {
		if (!finds_newest(path, words->words[i], &found))
			continue;
		uintptr_t address = words->address ? words->address + i * sizeof *words->words : 0;

		if (path->level == 1) {
			path->root_words++;
			if (is_weak(path, words, address)) {
				path->weak_words++;
				continue;
			}
		}
		if (!path->has_root)
			path->root = (struct md_leak_root){ address, words->kind, words->tid, words->words[i] };
		path->has_root = true;
	}
	return path->level > 1 && path->has_root; /* those of the block itself are all counted */
}

/* The blocks of the next level. */
struct level {
	uintptr_t low, high;
};

/* A word of the block points to one of the newest: the block is of the next level, unless it has one already. */
static void note(struct md_leak_path *path, struct level *next, const struct md_leak_found *found)
{
	unsigned char level = (unsigned char)(path->level + 1);

	if (*found->mark && *found->mark != level)
		return;
	path->block_words += path->level == 1; /* those to the block itself are all counted */
	*found->mark = level;
	next->low = next->low ? next->low : found->user; /* they come in order of address */
	next->high = end_of(found);
}

static void look_at_words(struct md_leak_path *path, struct level *next, const uintptr_t *words, size_t count, uintptr_t address)
{
	struct md_leak_found found, to;

	for (size_t i = 0; i < count; i++, address += sizeof *words) {
		if (!finds_newest(path, words[i], &to))
			continue;
		if (md_leak_find(path->leak, address, &found) && address + sizeof *words <= found.user + found.size)
			note(path, next, &found);
	}
}

/* Blocks smaller than a page: one look at all bytes of the zone, whatever they are, is faster than a look at each block. */
static void look_at_small(struct md_leak_path *path, struct level *next, const struct md_zone *zone)
{
	uintptr_t at = zone->first_slot, end = at + (uintptr_t)zone->carved * zone->slot_bytes;
	uintptr_t *copy = path->leak->copy->words;

	if (!path->leak->careful) {
		look_at_words(path, next, (const uintptr_t *)at, (end - at) / sizeof *copy, at);
		return;
	}
	for (size_t got; at < end; at += got) {
		got = md_os_read(at, copy, end - at < MD_LEAK_COPY_BYTES ? end - at : MD_LEAK_COPY_BYTES) & ~(sizeof *copy - 1);
		if (!got)
			return; /* the zone is gone */
		look_at_words(path, next, copy, got / sizeof *copy, at);
	}
}

static void look_at_block(struct md_leak_path *path, struct level *next, const struct md_leak_found *found)
{
	struct md_leak_words words = { 0 };
	struct md_leak_found to;

	for (size_t count; (count = md_leak_words_next(path->leak, found, &words));)
		for (size_t i = 0; i < count; i++)
			if (finds_newest(path, words.words[i], &to))
				note(path, next, found);
}

static void look_at(struct md_leak_path *path, struct level *next, const struct md_zone *zone)
{
	struct md_leak_found found;

	if (zone->kind == MD_ZONE_LARGE) {
		if (md_leak_slot_block(zone, 0, &found))
			look_at_block(path, next, &found);
	} else if (zone->slot_bytes <= MD_PAGE_BYTES) {
		look_at_small(path, next, zone);
	} else {
		for (uint32_t slot = 0; slot < zone->carved; slot++)
			if (md_leak_slot_block(zone, slot, &found))
				look_at_block(path, next, &found);
	}
}

bool md_leak_path_step(struct md_leak_path *path)
{
	struct level next = { 0 };
	uintptr_t from = 0;

	path->end = MD_LEAK_PATH_NOTHING;
	if (path->has_root)
		return false;
	for (const struct md_zone *zone; (zone = md_inspect_zone_from(path->leak->heap, from)); from = md_inspect_after(zone, from)) {
		if (path->until && md_os_nanoseconds() > path->until) {
			path->end = MD_LEAK_PATH_LATE;
			return false;
		}
		if (zone->marks)
			look_at(path, &next, zone);
	}
	if (!next.low)
		return false;
	if (path->level == MD_LEAK_PATH_MAX) {
		path->end = MD_LEAK_PATH_DEEP;
		return false;
	}
	path->low = path->furthest = next.low;
	path->high = next.high;
	path->level++;
	return true;
}

static void add_link(struct md_leak_path *path, const struct md_leak_found *found, uintptr_t word)
{
	path->links[path->link_count++] = (struct md_leak_link){
		.block = found->user,
		.size = found->size,
		.stack = { found->record->alloc_stack },
		.api = (enum md_api)(found->record->apis & 15),
		.thread = { found->record->alloc_thread },
		.entered = word - found->user,
	};
}

/* The first pointer in a block to one of the level below. */
static bool find_next(
	struct md_leak_path *path, const struct md_leak_found *found, struct md_leak_found *next, uintptr_t *from, uintptr_t *word)
{
	struct md_leak_words words = { 0 };

	for (size_t count; (count = md_leak_words_next(path->leak, found, &words));) {
		for (size_t i = 0; i < count; i++) {
			*word = words.words[i] & path->leak->pointer_mask;
			*from = words.from + i * sizeof *word;
			if (md_leak_find(path->leak, *word, next) && *next->mark == *found->mark - 1)
				return true;
		}
	}
	return false;
}

void md_leak_path_finish(struct md_leak_path *path)
{
	struct md_leak_found found, next;
	uintptr_t word, from;

	word = path->has_root ? path->root.word & path->leak->pointer_mask : path->furthest;
	if (path->has_root)
		path->end = MD_LEAK_PATH_ROOT;
	if (!md_leak_find(path->leak, word, &found) || !*found.mark) {
		path->end = MD_LEAK_PATH_CHANGED;
		return;
	}
	add_link(path, &found, word);
	while (*found.mark > 1 && find_next(path, &found, &next, &from, &word)) {
		path->links[path->link_count - 1].offset = from - found.user;
		add_link(path, &next, word);
		found = next;
	}
	if (found.user != path->target)
		path->end = MD_LEAK_PATH_CHANGED;
}
