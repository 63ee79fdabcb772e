/* SPDX-License-Identifier: MIT */
#include "src/module.h"

#include <string.h>

#include "src/arena.h"

void md_modules_init(struct md_modules *modules)
{
	md_lock_init(&modules->lock, MD_LOCK_MODULES);
	modules->rows[MD_MODULE_NONE] = (struct md_module){ .path = "" };
	atomic_store_explicit(&modules->count, 1, memory_order_release);
}

static const char *copy_string(struct md_arena *arena, const char *string)
{
	size_t bytes = strlen(string) + 1;
	char *copy = md_arena_take(arena, bytes, 1);

	return copy ? memcpy(copy, string, bytes) : "";
}

uint16_t md_modules_put(struct md_modules *modules, struct md_arena *arena, uintptr_t begin, uintptr_t end, uintptr_t bias,
	const char *path, const void *build_id, size_t build_id_bytes)
{
	uint16_t index = MD_MODULE_NONE;

	md_lock_take(&modules->lock);
	uint32_t count = atomic_load_explicit(&modules->count, memory_order_relaxed);

	for (uint32_t i = 1; i < count && !index; i++)
		if (modules->rows[i].begin == begin && !atomic_load_explicit(&modules->rows[i].unloaded, memory_order_relaxed))
			index = (uint16_t)i;
	if (!index && count < MD_MODULES_MAX) {
		struct md_module *row = &modules->rows[count];

		*row = (struct md_module){ .begin = begin, .end = end, .bias = bias, .path = copy_string(arena, path) };
		if (build_id && build_id_bytes <= MD_BUILD_ID_MAX) {
			memcpy(row->build_id, build_id, build_id_bytes);
			row->build_id_bytes = (uint8_t)build_id_bytes;
		}
		index = (uint16_t)count;
		atomic_store_explicit(&modules->count, count + 1, memory_order_release);
	}
	md_lock_release(&modules->lock);
	return index;
}

uint16_t md_modules_find(const struct md_modules *modules, uintptr_t addr)
{
	uint32_t count = atomic_load_explicit(&modules->count, memory_order_acquire);

	for (uint32_t i = count; i-- > 1;) {
		const struct md_module *row = &modules->rows[i];

		if (addr >= row->begin && addr < row->end && !atomic_load_explicit(&row->unloaded, memory_order_relaxed))
			return (uint16_t)i;
	}
	return MD_MODULE_NONE;
}

void md_modules_mark_unloaded(struct md_modules *modules, uintptr_t begin)
{
	uint32_t count = atomic_load_explicit(&modules->count, memory_order_acquire);

	for (uint32_t i = 1; i < count; i++)
		if (modules->rows[i].begin == begin)
			atomic_store_explicit(&modules->rows[i].unloaded, 1, memory_order_relaxed);
}

const struct md_module *md_modules_get(const struct md_modules *modules, uint16_t index)
{
	return &modules->rows[index < atomic_load_explicit(&modules->count, memory_order_acquire) ? index : MD_MODULE_NONE];
}
