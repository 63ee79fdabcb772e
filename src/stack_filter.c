/* SPDX-License-Identifier: MIT */
#include "src/stack_filter.h"

#include <string.h>

#include "src/module.h"
#include "src/options.h"
#include "src/stack_store.h"
#include "src/words.h"

#define FNV_BASIS 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool md_stack_filter_add_function(struct md_stack_filter *filter, uintptr_t begin, uintptr_t end)
{
	uint32_t count = atomic_load_explicit(&filter->function_count, memory_order_relaxed);

	if (count == MD_STACK_FILTER_RANGES)
		return false;
	filter->functions[count].begin = begin;
	filter->functions[count].end = end;
	atomic_store_explicit(&filter->function_count, count + 1, memory_order_release);
	for (size_t i = 0; i < MD_STACK_FILTER_KNOWN; i++)
		atomic_store_explicit(&filter->known[i], 0, memory_order_relaxed);
	return true;
}

static bool frame_passes(const struct md_stack_filter *filter, const struct md_modules *modules, const struct md_frame *frame)
{
	uint32_t functions = atomic_load_explicit(&filter->function_count, memory_order_acquire);

	for (uint32_t i = 0; i < functions && i < MD_STACK_FILTER_RANGES; i++)
		if (frame->pc - 1 >= filter->functions[i].begin && frame->pc - 1 < filter->functions[i].end)
			return true;
	return frame->module && md_options_program_matches(filter->list, file_name(md_modules_get(modules, frame->module)->path));
}

/* A word of the list as a key: 0x and hexadecimal digits. 0 if it is none. */
static uint64_t read_key(const char *word, size_t length)
{
	uint64_t key = 0;

	if (length < 3 || length > 18 || word[0] != '0' || word[1] != 'x')
		return 0;
	for (size_t i = 2; i < length; i++) {
		char c = (char)(word[i] | 0x20);

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return 0;
		key = key << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return key;
}

static bool has_key(const char *list, uint64_t key)
{
	const char *word;
	size_t length;

	while ((word = md_word_next(&list, &length)))
		if (read_key(word, length) == key)
			return true;
	return false;
}

bool md_stack_filter_passes(
	struct md_stack_filter *filter, const struct md_stack_store *stacks, const struct md_modules *modules, md_stack_id stack)
{
	if (!filter->list || !*filter->list)
		return true;
	if (!stack.value)
		return false;
	_Atomic uint32_t *known = &filter->known[stack.value % MD_STACK_FILTER_KNOWN];
	uint32_t entry = atomic_load_explicit(known, memory_order_relaxed);

	if (entry >> 1 == stack.value)
		return entry & 1;
	struct md_frame frame;
	bool passes = strstr(filter->list, "0x") && has_key(filter->list, md_stack_key(stacks, modules, stack));

	for (size_t i = 0; !passes && md_stack_store_frame(stacks, stack, i, &frame); i++)
		passes = frame_passes(filter, modules, &frame);
	atomic_store_explicit(known, stack.value << 1 | passes, memory_order_relaxed);
	return passes;
}

uint64_t md_stack_key(const struct md_stack_store *stacks, const struct md_modules *modules, md_stack_id stack)
{
	uint64_t hash = FNV_BASIS;
	struct md_frame frame;
	size_t i;

	for (i = 0; md_stack_store_frame(stacks, stack, i, &frame); i++) {
		const struct md_module *module = md_modules_get(modules, frame.module);
		uint64_t offset = frame.module ? frame.pc - module->bias : 0; /* code that was made at run time lies elsewhere each time */

		for (const char *c = file_name(module->path); *c; c++)
			hash = (hash ^ (unsigned char)*c) * FNV_PRIME;
		for (unsigned shift = 0; shift < 64; shift += 8)
			hash = (hash ^ (offset >> shift & 0xff)) * FNV_PRIME;
	}
	if (!i)
		return 0;
	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15ull;
	return (hash ^ hash >> 29) | 1;
}
