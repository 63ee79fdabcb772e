/* SPDX-License-Identifier: MIT
 *
 * Suppressions: which leaks and errors are not to be reported, told by patterns of their stacks. Reads LeakSanitizer's files and
 * Valgrind's, both in one text, too:
 *
 *     # LeakSanitizer: some frame's function, source file or module has this text in it; * is any text, ^ and $ are the start and the end
 *     leak:libfoo.so
 *     leak:^make_name$ max=10
 *     alloc-dealloc-mismatch:libfoo.so
 *
 *     # Valgrind: the frames from the innermost on; * is any text, ? any character, ... any number of frames
 *     {
 *        names of the registry
 *        Memcheck:Leak
 *        match-leak-kinds: definite
 *        fun:malloc
 *        ...
 *        fun:registry_*
 *        obj:*libfoo.so*
 *     }
 *
 * Ours, and more than theirs: kinds of errors by their slug in place of leak; max=N: no more than N blocks in all, a group that goes beyond
 * is reported; and the tool malloc-debug (malloc-debug:double-free) in Valgrind's entries. Memcheck:Free stands for double-free, bad-free
 * and alloc-dealloc-mismatch; Valgrind's entries for other kinds and tools are passed over.
 *
 * Our stacks begin with the caller of malloc, Valgrind's with malloc. A first line of Valgrind's that fits the call is taken for it, any
 * other for the caller. LeakSanitizer's lines look at the caller and on.
 *
 * Invariants    what was parsed points into the caller's text and file name, which have to stay.
 * Locking       the caller's: matching counts.
 * Allocation and signal safety   none beyond the caller's memory, and async-signal-safe. Time is linear in entries and frames; no pattern
 *               takes more than its length times that of the text.
 */
#ifndef MD_SUPPRESS_H
#define MD_SUPPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/api.h"
#include "src/error.h"
#include "src/leak.h"

/* What an entry is for: a set of these. */
#define MD_SUPPRESS_LEAK(kind) ((uint64_t)1 << (kind))
#define MD_SUPPRESS_ERROR(error) ((uint64_t)1 << (MD_LEAK_KINDS + (error)))
#define MD_SUPPRESS_LEAKS (MD_SUPPRESS_LEAK(MD_LEAK_KINDS) - 1)

#define MD_SUPPRESS_UNLIMITED UINT64_MAX

/* One frame of a stack as it is matched; functions inlined there are frames of their own. "" or NULL where a text is not known. */
struct md_suppress_frame {
	const char *function; /* as a person reads it */
	const char *symbol;   /* as it was linked: mangled */
	const char *file;     /* of the source */
	uint32_t line;        /* 0: unknown */
	const char *module;   /* path */
};

struct md_suppress_line; /* suppress.c */

struct md_suppression {
	const char *pattern; /* as written: the line, or the name of a Valgrind entry */
	const char *file;    /* where it stands, as md_suppressions_parse was told */
	unsigned line;
	uint64_t kinds; /* MD_SUPPRESS_... */
	uint64_t max;   /* blocks */
	bool used;      /* it matched, at any time */
	uint64_t hits;  /* calls of md_suppressions_match that it answered, and what they were about */
	uint64_t blocks, bytes;
	struct md_suppression *next;
	const struct md_suppress_line *lines; /* the pattern, taken apart */
	size_t line_count;
};

struct md_suppressions {
	unsigned char *memory;
	size_t capacity, taken;
	struct md_suppression *first, *last;
};

/* Takes one complaint: a whole line without newline: "FILE:LINE: what is wrong". */
typedef void md_suppressions_complain(void *context, const char *line);

/* Lays an empty list into memory (any alignment, stays the caller's). About 150 bytes hold an entry. */
void md_suppressions_init(struct md_suppressions *suppressions, void *memory, size_t bytes);

/* Adds the entries of a text. What is wrong is complained about (complain may be NULL) and the rest is used. Returns how many were added.
 * */
size_t md_suppressions_parse(struct md_suppressions *suppressions, const char *text, size_t length, const char *file,
	md_suppressions_complain *complain, void *context);

/* The first entry for this kind that matches the stack and may still take so many blocks, and counts them; or NULL. The stack is that of
 * an api call, innermost frame (the caller) first. */
const struct md_suppression *md_suppressions_match(struct md_suppressions *suppressions, uint64_t kind, enum md_api api,
	const struct md_suppress_frame *frames, size_t count, uint64_t blocks, uint64_t bytes);

/* Entries in the order of their files: the first for NULL, NULL after the last. */
const struct md_suppression *md_suppressions_next(const struct md_suppressions *suppressions, const struct md_suppression *entry);

/* Another search for leaks begins: what entries for leaks have counted starts from 0. */
void md_suppressions_recount(struct md_suppressions *suppressions);

/* Name under which Valgrind's entries know the function of an api ("malloc", "_Znwm"); NULL for MD_API_NONE and the like. */
const char *md_suppress_symbol(enum md_api api);

/* What glibc and common runtimes are known to allocate once and for all: entries with their reasons. */
extern const char md_suppress_builtin[];
extern const size_t md_suppress_builtin_bytes;

#endif
