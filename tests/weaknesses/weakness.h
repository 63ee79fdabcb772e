/* SPDX-License-Identifier: MIT
 *
 * A case is one function that does a thing wrongly or rightly: run(true) has the weakness, run(false) is the same thing without it. A row
 * of the table names the class it belongs to (CWE number), what a report of it is to be called, and how the report is to come about. The
 * line where it happens ends in the comment "bug", which names the case where it is not in its function.
 *
 * The rows are collected by the linker: a file only has to be linked to be in the table.
 */
#ifndef WEAKNESS_H
#define WEAKNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum weakness_seen {
	AT,            /* at the marked line */
	AT_BY_WATCH,   /* likewise, by a watchpoint of the processor; where the system gives none, it may be missed */
	LATER_SLACK,   /* a raw store into the bytes that alignment leaves behind the block: found when it is freed */
	UNSEEN_SLACK,  /* a raw load from there: nothing remembers it */
	LATER_VECTOR,  /* a vector stored over the begin of the block: found when it is freed */
	UNSEEN_VECTOR, /* an aligned vector loaded from before the block, as functions for strings do it rightly */
	LATER_OLD,     /* a raw store before a block when the watchpoints stand on newer ones: found when it is freed */
	UNSEEN_OLD,    /* likewise a raw load */
	LATER_MANY,    /* a raw store behind one of so many blocks that only some have guard pages: found when it is freed */
	UNSEEN_MANY,   /* likewise a raw load */
	ENDED_BY_LIBC  /* the check of the C library that a fortified program calls ends it before anything is touched */
};

struct weakness {
	int cwe;
	enum weakness_seen seen;
	const char *name;
	const char *report;
	void (*run)(bool bad);
};

/* Where compilers make vectors of elements. */
#ifdef __OPTIMIZE__
#define STORED_BY_VECTOR LATER_VECTOR
#define LOADED_BY_VECTOR UNSEEN_VECTOR
#else
#define STORED_BY_VECTOR AT_BY_WATCH
#define LOADED_BY_VECTOR AT_BY_WATCH
#endif

/* For calls of which nobody can say before how much they write. */
#define AT_UNLESS_FORTIFIED (__USE_FORTIFY_LEVEL > 0 ? ENDED_BY_LIBC : AT)

#define OVERFLOW "heap-buffer-overflow"
#define UNDERFLOW "heap-buffer-underflow"
#define AFTER_FREE "heap-use-after-free"
#define DOUBLE_FREE "double-free"
#define BAD_FREE "bad-free"
#define MISMATCH "alloc-dealloc-mismatch"
#define NEGATIVE "negative-size-param"
#define LEAK "leak"

#define ROW(number, id, text, report, seen, function)                                            \
	static const struct weakness id##_row = {number, seen, text, report, function};              \
	__attribute__((used, section("weaknesses"))) static const struct weakness *const id##_entry = &id##_row

/* WEAKNESS(122, name, OVERFLOW, AT) { ... } defines the case and its row. */
#define WEAKNESS(number, name, report, seen) WEAKNESS_2(number, name, report, seen)
#define WEAKNESS_2(number, name, report, seen)          \
	static __attribute__((noinline)) void name(bool bad); \
	ROW(number, name, #name, report, seen, name);        \
	static void name(bool bad)

/* The compiler must neither know what a value is, nor drop what leads to it. */
#define HIDE(value) __asm__ volatile("" : "+r"(value) : : "memory")
#define USE(object) __asm__ volatile("" : : "r"(&(object)) : "memory")

static inline size_t pick(bool bad, size_t wrong, size_t right)
{
	size_t value = bad ? wrong : right;
	HIDE(value);
	return value;
}

/* A raw store or load of the element behind count elements: alignment leaves room for it, or the guard page is there. */
#define STORE_BEHIND(count, type) ((count) * sizeof(type) % 16 ? LATER_SLACK : AT)
#define LOAD_BEHIND(count, type) ((count) * sizeof(type) % 16 ? UNSEEN_SLACK : AT)

#endif
