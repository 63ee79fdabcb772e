/* SPDX-License-Identifier: MIT
 *
 * The process we are in: the one heap, the options in force, and the C library's own functions behind ours.
 *
 * Life   MD_MODE_BOOT: before our constructor; requests are served from the boot buffer (boot.h).
 *        MD_MODE_ACTIVE: the heap serves.
 *        MD_MODE_PASS: everything is handed on to the next definition, as if we were not there (preset=off, a program that does not match,
 *        one with a malloc of its own).
 * The mode leaves MD_MODE_BOOT once and then stays.
 */
#ifndef MD_PROCESS_H
#define MD_PROCESS_H

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "src/heap.h"
#include "src/options.h"

#define MD_EXPORT __attribute__((visibility("default")))
/* Of calls that return a block: no copy of its address stays in a register that the caller may not look at. A thread that is stopped there
 * has its registers searched for pointers. */
#if __has_attribute(zero_call_used_regs)
#define MD_LEAVES_NO_COPY __attribute__((zero_call_used_regs("all-gpr")))
#else
#define MD_LEAVES_NO_COPY
#endif
#define md_likely(x) __builtin_expect(!!(x), 1)
#define md_unlikely(x) __builtin_expect(!!(x), 0)

enum md_mode { MD_MODE_BOOT, MD_MODE_ACTIVE, MD_MODE_PASS };

/* The definitions behind ours: the C library's, found in our constructor. Members are NULL where there is none. */
struct md_next {
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void (*free)(void *);
	void *(*memalign)(size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*valloc)(size_t);
	void *(*pvalloc)(size_t);
	size_t (*malloc_usable_size)(void *);
	int (*pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	int (*dlclose)(void *);
	struct mallinfo (*mallinfo)(void);
	struct mallinfo2 (*mallinfo2)(void);
	int (*mallopt)(int, int);
	int (*malloc_trim)(size_t);
	void (*malloc_stats)(void);
	int (*malloc_info)(int, FILE *);
};

struct md_process {
	_Atomic int mode; /* enum md_mode */
	struct md_heap heap;
	struct md_options options;
	struct md_next next;
	bool cxx_next;            /* ours hand on to the C++ library's: the program replaces an operator new or delete, or we stand back */
	unsigned depth;           /* frames kept; at most MD_STACK_FRAMES_MAX */
	uint64_t start_ticks;     /* md_clock_now() at start */
	uint64_t start_nanoseconds;
	double tick_nanoseconds;  /* of one tick, noted when it was last allowed to ask (restrict.h) */
	uint32_t pid;             /* noted at start and in a child of fork, for when it may not be asked (restrict.h) */
	uint32_t pid_at_start;    /* differs in a child */
	uint64_t start_seconds;   /* of the clock on the wall, for file names */
	bool no_color;            /* NO_COLOR is set */
	char program[512];        /* path of the executable, or its name */
	char library_folder[512]; /* absolute, without trailing slash; "" if unknown */
	uintptr_t library_begin, library_end; /* our own mapping: its frames are left out of stacks */
	uintptr_t main_stack_high;
	uintptr_t main_frames_high; /* above lie the arguments and the environment */
	uintptr_t brk_at_start;   /* where the C library's own heap begins */
	int exit_status_wanted; /* EXITCODE, once an error was found; else 0 */
};

extern struct md_process md_process;

/* The calling thread's struct, NULL before its first call. In the static TLS block: reading it is one instruction. */
extern __thread struct md_thread *md_self __attribute__((tls_model("initial-exec")));

static inline bool md_mode_is(enum md_mode mode)
{
	return atomic_load_explicit(&md_process.mode, memory_order_acquire) == (int)mode;
}

/* This process's number. */
uint32_t md_process_pid(void);

/* See restrict.h. */
void md_process_before_restriction(void);

/* Seconds since our start of a tick count. */
double md_process_seconds(uint64_t ticks);

/* The same for a coarse tick count (src/clock.h). */
double md_process_seconds_coarse(uint32_t coarse);

#endif
