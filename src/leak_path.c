/* SPDX-License-Identifier: MIT */
#include "src/leak_path.h"

#include <string.h>

#include "src/leak_walk.h"
#include "src/os.h"

#define WORK_MAX 4096 /* blocks, or pages of them, looked into between two looks at the clock */

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

/* Looks whether a block points to one of the newest. It then is of the next level, unless it has one already. */
static bool look_into(struct md_leak_path *path, const struct md_leak_found *found)
{
	struct md_leak_words words = { 0 };
	struct md_leak_found to;
	bool leads = false;

	for (size_t count; (count = md_leak_words_next(path->leak, found, &words));) {
		for (size_t i = 0; i < count; i++) {
			if (!finds_newest(path, words.words[i], &to))
				continue;
			leads = true;
			if (path->level > 1)
				return true;
			path->block_words++; /* those to the block itself are all counted */
		}
	}
	return leads;
}

bool md_leak_path_step(struct md_leak_path *path)
{
	uintptr_t low = 0, high = 0;
	struct md_leak_found found;
	size_t work = 0;

	path->end = MD_LEAK_PATH_NOTHING;
	if (path->has_root)
		return false;
	for (struct md_leak_walk walk = { 0 }; md_leak_walk_next(path->leak, &walk, &found);) {
		work += 1 + found.size / MD_PAGE_BYTES;
		if (work >= WORK_MAX) {
			work = 0;
			if (path->until && md_os_nanoseconds() > path->until) {
				path->end = MD_LEAK_PATH_LATE;
				return false;
			}
		}
		if (*found.mark || !look_into(path, &found))
			continue;
		*found.mark = (unsigned char)(path->level + 1);
		low = low ? low : found.user; /* they come in order of address */
		high = end_of(&found);
	}
	if (!low)
		return false;
	if (path->level == MD_LEAK_PATH_MAX) {
		path->end = MD_LEAK_PATH_DEEP;
		return false;
	}
	path->low = low;
	path->high = high;
	path->furthest = low;
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
