/* SPDX-License-Identifier: MIT
 *
 * Modules of the running process: which one an address lies in, and where its unwind tables are. Asks the loader without taking its lock
 * (_dl_find_object, glibc 2.35), so that it may be called inside malloc.
 */
#ifndef MD_RUNTIME_MODULES_H
#define MD_RUNTIME_MODULES_H

#include <stdbool.h>
#include <stdint.h>

#include "src/heap.h"

struct md_object {
	uintptr_t begin, end; /* mapped range */
	uintptr_t hdr;        /* .eh_frame_hdr; 0: none */
	uintptr_t bias;
	const char *path;
};

/* The loaded object that contains addr; false if there is none. */
bool md_object_find(uintptr_t addr, struct md_object *object);

/* Row of the module table for it, added when new. */
uint16_t md_object_module(struct md_heap *heap, const struct md_object *object);

/* Looks which modules are gone, marks them, and forgets what was learned about their code. After dlclose. */
void md_modules_sweep(struct md_heap *heap);

#endif
