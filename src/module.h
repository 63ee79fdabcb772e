/* SPDX-License-Identifier: MIT
 *
 * The modules (executable and libraries) that frames of kept stacks lie in. A row is never removed or changed, so that a stack
 * through a library that was unloaded since still says where it went; loading it again gives a new row.
 *
 * Locking   MD_LOCK_MODULES for adding; rows are read without.
 */
#ifndef MD_MODULE_H
#define MD_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "src/lock.h"

#define MD_MODULE_NONE 0
#define MD_MODULES_MAX 4096
#define MD_BUILD_ID_MAX 20

struct md_arena;

struct md_module {
	uintptr_t begin, end; /* mapped range */
	uintptr_t bias;       /* what the loader added to the file's addresses */
	const char *path;     /* absolute where known; "" if unknown; never NULL */
	uint8_t build_id[MD_BUILD_ID_MAX];
	uint8_t build_id_bytes;  /* 0: none */
	_Atomic uint8_t unloaded; /* 1 once it is gone */
};

struct md_modules {
	struct md_lock lock;
	_Atomic uint32_t count; /* rows in use, row 0 included (unknown module) */
	struct md_module rows[MD_MODULES_MAX];
};

void md_modules_init(struct md_modules *modules);

/* Row of the module mapped at begin now, added when new. path is copied into arena; build_id may be NULL. MD_MODULE_NONE when the
 * table is full. */
uint16_t md_modules_put(struct md_modules *modules, struct md_arena *arena, uintptr_t begin, uintptr_t end, uintptr_t bias,
	const char *path, const void *build_id, size_t build_id_bytes);

/* Row of the module that is loaded and contains addr, or MD_MODULE_NONE. */
uint16_t md_modules_find(const struct md_modules *modules, uintptr_t addr);

/* Marks the module mapped at begin as gone. */
void md_modules_mark_unloaded(struct md_modules *modules, uintptr_t begin);

/* Never NULL; row 0 for a number out of range. */
const struct md_module *md_modules_get(const struct md_modules *modules, uint16_t index);

#endif
