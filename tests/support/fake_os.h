/* SPDX-License-Identifier: MIT
 *
 * A system that refuses on request: unit and thread tests are linked so that md_os_map, md_os_unmap, md_os_drop and md_os_move of
 * src/os.h come through here (ld --wrap, see the Makefile) on their way to runtime/os_linux.c.
 *
 * What it counts stays true while it refuses nothing, so a test can ask how much the code under test has mapped. Arguments that break the
 * contract of src/os.h (no whole pages) end the process.
 */
#ifndef FAKE_OS_H
#define FAKE_OS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_os {
	_Atomic uint64_t maps, unmaps, drops, moves; /* calls so far, refused ones too */
	_Atomic size_t mapped_bytes;                 /* mapped and not unmapped since */

	_Atomic uint64_t refuse_from, refuse_until; /* calls of md_os_map with these numbers (the second excluded) are refused */
	_Atomic size_t mapped_bytes_max;            /* md_os_map refuses what would exceed it; 0: no limit */
	_Atomic bool refuse_drop, refuse_move;
};

extern struct fake_os fake_os;

/* The nth call of md_os_map from now on (1: the next) and those after it, `count` in all, are refused. */
void fake_os_refuse_maps(uint64_t nth, uint64_t count);

/* Nothing is refused any more. */
void fake_os_allow_all(void);

#endif
