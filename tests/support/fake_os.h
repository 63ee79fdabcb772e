/* SPDX-License-Identifier: MIT
 *
 * A system that refuses on request: unit and thread tests are linked so that md_os_map, md_os_unmap, md_os_drop, md_os_move and md_os_guard_*
 * of src/os.h come through here (ld --wrap, see the Makefile) on their way to runtime/os_linux.c.
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

	_Atomic uint64_t guard_installs, guard_removes; /* calls so far, refused ones too */
	_Atomic uint64_t refuse_install_from, refuse_install_until, refuse_remove_from, refuse_remove_until; /* as refuse_from, for these */
	_Atomic uint32_t guard_ranges_max;              /* what md_os_guard_ranges_max says; 0: what the system says */
	_Atomic bool no_guards;                         /* md_os_guard_ranges_max says 0 */
	_Atomic size_t address_space;                   /* what md_os_address_space says; 0: what the system says */
};

extern struct fake_os fake_os;

/* The nth call of md_os_map from now on (1: the next) and those after it, `count` in all, are refused. */
void fake_os_refuse_maps(uint64_t nth, uint64_t count);

/* The same for calls of md_os_guard_install, and of md_os_guard_remove. */
void fake_os_refuse_installs(uint64_t nth, uint64_t count);
void fake_os_refuse_removes(uint64_t nth, uint64_t count);

/* Nothing is refused any more. */
void fake_os_allow_all(void);

#endif
