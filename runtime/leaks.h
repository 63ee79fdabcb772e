/* SPDX-License-Identifier: MIT
 *
 * Leaks: when the search is made, and what is done with its result.
 */
#ifndef MD_LEAKS_H
#define MD_LEAKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/process.h"
#include "runtime/world.h"

enum md_leaks_when {
	MD_LEAKS_AT_EXIT,
	MD_LEAKS_AT_EVENT, /* one of the option leaks_at: as at exit, but for the exit status */
	MD_LEAKS_ON_REQUEST,
	MD_LEAKS_ON_SIGNAL
};

struct md_leak_group;

/* Where the live part of the calling thread's stack begins, and what its registers held there. */
struct md_leaks_here {
	uintptr_t sp;
	uintptr_t registers[8];
	size_t register_count; /* 0: they hold nothing that counts */
	const struct md_registers *interrupted; /* by the signal that asked; else NULL */
};

/* Notes the caller's registers and its stack: all of it, with what this function has saved of its caller's. */
#define MD_LEAKS_HERE(here) (md_leaks_note_registers(here), (here)->sp = md_leaks_stack_pointer())

static inline __attribute__((always_inline)) uintptr_t md_leaks_stack_pointer(void)
{
	uintptr_t sp;

#if defined(__x86_64__)
	__asm__ volatile("movq %%rsp, %0" : "=r"(sp));
#else
	__asm__ volatile("mov %0, sp" : "=r"(sp));
#endif
	return sp;
}

void md_leaks_note_registers(struct md_leaks_here *here);

/* What is asked of a search. */
struct md_leaks_request {
	enum md_leaks_when when;
	int fd;              /* or MD_TO_SINK (runtime/show.h) */
	bool since_set;      /* only blocks allocated at `since` (md_clock_coarse()) or later are counted in the result and listed */
	uint32_t since;
	bool quiet;            /* nothing is written if nothing is to be listed */
	const char *when_text; /* for the report; NULL: as `when` has it */
	/* Whether the search is about this group: others are neither counted nor listed. NULL: about all. */
	bool (*is_about)(void *context, const struct md_leak_group *group);
	void *context;
};

/* Looks for leaks and reports them. Stops the other threads meanwhile. Returns how many blocks are leaked (directly and indirectly, less
 * suppressed ones), -EBUSY if a search is under way (at exit and at events it is waited for), -EPERM if the program or the system does not
 * let us search (which is then said, but not at exit and at events), another negated errno value if there is no memory. *bytes, if not
 * NULL, gets their bytes. The thread is busy. Sets the exit status wanted when asked to at exit. */
long md_leaks_search(struct md_thread *self, const struct md_leaks_here *here, const struct md_leaks_request *request, uint64_t *bytes);

/* The same for all blocks, to fd or MD_TO_SINK. */
long md_leaks_check(struct md_thread *self, const struct md_leaks_here *here, enum md_leaks_when when, int fd, uint64_t *bytes);

struct md_leak;
struct md_roots;

/* Looks at the roots and the heap; leak has begun. */
typedef long md_leaks_looker(void *context, struct md_leak *leak, struct md_roots *roots);

/* Stops the other threads and lets look do its work. Returns what it returns, -EBUSY if a search is under way, -EPERM if the program
 * restricts its system calls, or -ENOMEM. *trouble is set when the other threads could not be stopped. */
long md_leaks_look(const struct md_leaks_here *here, md_leaks_looker *look, void *context, const char **trouble);

/* The live block at this address is no leak, nor is what it holds. False if there is no block. */
bool md_leaks_ignore(const void *block);

/* Memory of the program that is searched for pointers whatever it is. */
bool md_leaks_root_add(const void *begin, size_t bytes);
bool md_leaks_root_remove(const void *begin, size_t bytes);

/* Makes the search that a signal asked for while the thread was busy. */
void md_leaks_pending(struct md_thread *self);

/* Waits until no search is under way; 30 s at most. The thread is busy. */
void md_leaks_wait(void);

/* In the child of a fork: whoever searched in the parent is not here to end it. */
void md_leaks_after_fork(void);

/* Installs the handler of the option signal_leaks. */
void md_leaks_init(void);

#endif
