/* SPDX-License-Identifier: MIT
 *
 * All that src needs from a system: a contract, no code. runtime/os_linux.c keeps it with raw system calls; tests have one that fails on
 * request (tests/support/fake_os.c).
 *
 * For every function: never changes errno, never allocates, never a cancellation point, async-signal-safe, thread-safe. Lengths and
 * addresses are multiples of the page size unless said otherwise. A refusal is a return value, never the end of the process.
 */
#ifndef MD_OS_H
#define MD_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MD_PAGE_BYTES 4096u /* granule we count in; the system's page may be larger (md_os_page_bytes) */

/* Maps zeroed, private, readable and writable memory, near hint where that is free (0: anywhere). NULL if refused, as for any request that
 * the system could never serve. */
void *md_os_map(uintptr_t hint, size_t bytes);

/* Gives memory back; the range becomes unmapped. */
void md_os_unmap(void *addr, size_t bytes);

/* Makes fresh pages of a mapping present at once, which costs less than the fault at the first touch of each. Where the system cannot
 * (before Linux 5.14) or has no memory they fault later. */
void md_os_populate(void *addr, size_t bytes);

/* Drops the contents, keeps the addresses: the next read sees zeroes. False if refused (locked memory): contents are then unchanged. */
bool md_os_drop(void *addr, size_t bytes);

/* Moves pages from one range to another of equal length that is mapped (and is replaced); the old range becomes unmapped. No copy. False if
 * refused: the old range is unchanged, and the other one still mapped, with any contents. */
bool md_os_move(void *from, void *to, size_t bytes);

/* Makes a range inaccessible: any access faults, and what was stored there is gone. False if refused; contents are then undefined, the
 * range accessible. A range that is inaccessible already, or in parts, becomes so as a whole. */
bool md_os_guard_install(void *addr, size_t bytes);

/* Makes a range accessible again, or for that part of it that was inaccessible: it then reads as zero there. False if refused: nothing
 * changed. */
bool md_os_guard_remove(void *addr, size_t bytes);

/* How many separate inaccessible ranges the system bears: 0 where md_os_guard_install is always refused, UINT32_MAX where they cost
 * nothing. */
uint32_t md_os_guard_ranges_max(void);

/* Bytes of address space that the process may have in all; SIZE_MAX where nothing bounds it. */
size_t md_os_address_space(void);

/* Reads memory that may not be mapped, or not readable. Any length and address. Returns bytes read from the start (0 if none), and never
 * faults. */
size_t md_os_read(uintptr_t addr, void *buffer, size_t bytes);

/* Tells for each page of a private mapping, from addr on, whether anything was ever stored there that is not given back since: 0 where
 * reading would only give zeroes, or fail. Pages that are swapped out count. False, with `used` undefined, if the system does not say. */
bool md_os_pages_used(uintptr_t addr, size_t pages, unsigned char *used);

/* Finds the first pages of [addr, end) for which the above is 1, without looking at every page: sets *used_begin and *used_end, both to end
 * if there are none. Pages of a file that are in memory count as well. False if the system cannot tell (Linux before 6.7). */
bool md_os_pages_used_next(uintptr_t addr, uintptr_t end, uintptr_t *used_begin, uintptr_t *used_end);

/* Blocks while *word == expected; may wake for no reason. */
void md_os_wait(_Atomic uint32_t *word, uint32_t expected);

/* Wakes one waiter of word. */
void md_os_wake(_Atomic uint32_t *word);

/* Kernel thread id of the caller; never 0. */
uint32_t md_os_thread(void);

/* Monotonic nanoseconds. */
uint64_t md_os_nanoseconds(void);

/* Fills with random bytes (for secrets that stray writes must not guess by chance; not for cryptography). */
void md_os_random(void *buffer, size_t bytes);

/* A word that reads 0 in a process that was forked since it was last set: how a child made behind our back (raw clone) is noticed. May be
 * NULL where the system cannot do it. */
_Atomic uint32_t *md_os_fork_mark(void);

/* An internal inconsistency that we cannot survive: prints text and ends the process. Not for the program's errors. */
_Noreturn void md_os_die(const char *text);

#endif
