/* SPDX-License-Identifier: MIT */
#include "runtime/modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "runtime/history_file.h"
#include "runtime/layout_export.h"
#include "runtime/process.h"
#include "runtime/unwind.h"
#include "src/os.h"

/* Of an executable whose segments leave holes the loader tells only the segment that was asked for, and the unwind tables are in another:
 * makes it the whole, from the first segment to the last. */
static void widen(struct md_object *object)
{
	const ElfW(Phdr) *segment = (const void *)getauxval(AT_PHDR);
	uintptr_t begin = object->begin, end = object->end;
	bool found = false;

	if (!segment)
		return;
	for (unsigned long i = getauxval(AT_PHNUM); i > 0; i--, segment++) {
		uintptr_t from = segment->p_vaddr + object->bias, to = from + segment->p_memsz;

		if (segment->p_type != PT_LOAD)
			continue;
		found |= from <= object->begin && object->begin < to; /* else these are another program's: the loader was started by its name */
		if (from < begin)
			begin = from;
		if (to > end)
			end = to;
	}
	if (found) {
		object->begin = begin & ~(uintptr_t)(MD_PAGE_BYTES - 1);
		object->end = end;
	}
}

bool md_object_find(uintptr_t addr, struct md_object *object)
{
	struct dl_find_object found;

	if (_dl_find_object((void *)addr, &found) != 0)
		return false;
	const char *name = found.dlfo_link_map->l_name;

	object->begin = (uintptr_t)found.dlfo_map_start;
	object->end = (uintptr_t)found.dlfo_map_end;
	object->hdr = (uintptr_t)found.dlfo_eh_frame;
	object->bias = found.dlfo_link_map->l_addr;
	object->path = name;
	if (!name || !*name) { /* the executable has no name in the loader's list */
		object->path = md_process.program;
		widen(object);
	}
	if (!strncmp(object->path, "linux-vdso", 10))
		object->path = "[vdso]";
	return true;
}

/* The build-id note, found through the program headers that the module's first page maps. */
static const void *find_build_id(const struct md_object *object, size_t *bytes)
{
	const ElfW(Ehdr) *header = (const void *)object->begin;

	if (object->end - object->begin < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
		header->e_phoff > object->end - object->begin ||
		(object->end - object->begin - header->e_phoff) / sizeof(ElfW(Phdr)) < header->e_phnum)
		return NULL;
	const ElfW(Phdr) *segment = (const void *)(object->begin + header->e_phoff);

	for (unsigned i = 0; i < header->e_phnum; i++, segment++) {
		uintptr_t at = segment->p_vaddr + object->bias, end = at + segment->p_memsz;

		if (segment->p_type != PT_NOTE || at < object->begin || end > object->end || end < at)
			continue;
		while (end - at >= sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *note = (const void *)at;
			uintptr_t name = at + sizeof *note, data = name + ((note->n_namesz + 3u) & ~3u);

			if (note->n_namesz > 256 || note->n_descsz > 65536 || data + note->n_descsz > end)
				break;
			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp((const void *)name, "GNU", 4)) {
				*bytes = note->n_descsz;
				return (const void *)data;
			}
			at = data + ((note->n_descsz + 3u) & ~3u);
		}
	}
	return NULL;
}

/* Rows that a new module lies over are gone, whoever unloaded them (glibc itself unloads without dlclose). */
static void forget_covered(struct md_heap *heap, uintptr_t begin, uintptr_t end)
{
	uint32_t count = atomic_load_explicit(&heap->modules.count, memory_order_acquire);

	for (uint32_t i = 1; i < count; i++) {
		struct md_module *row = &heap->modules.rows[i];

		if (row->begin < end && begin < row->end && row->begin != begin && !atomic_load(&row->unloaded)) {
			md_modules_mark_unloaded(&heap->modules, row->begin);
			md_unwind_forget(row->begin, row->end);
		}
	}
}

uint16_t md_object_module(struct md_heap *heap, const struct md_object *object)
{
	uint16_t known = md_modules_find(&heap->modules, object->begin);
	size_t bytes = 0;

	if (known && md_modules_get(&heap->modules, known)->begin == object->begin)
		return known;
	const void *build_id = find_build_id(object, &bytes);

	forget_covered(heap, object->begin, object->end);
	uint16_t row = md_modules_put(&heap->modules, &heap->arena, object->begin, object->end, object->bias, object->path, build_id, bytes);

	md_history_file_module(row);
	md_layout_note_time();
	return row;
}

void md_modules_sweep(struct md_heap *heap)
{
	uint32_t count = atomic_load_explicit(&heap->modules.count, memory_order_acquire);

	for (uint32_t i = 1; i < count; i++) {
		struct md_module *row = &heap->modules.rows[i];
		struct md_object object;

		if (atomic_load(&row->unloaded))
			continue;
		if (md_object_find(row->begin, &object) && object.begin == row->begin && !strcmp(object.path, row->path))
			continue;
		md_modules_mark_unloaded(&heap->modules, row->begin);
		md_unwind_forget(row->begin, row->end);
	}
}
