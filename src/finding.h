/* SPDX-License-Identifier: MIT
 *
 * One detected error as plain data: all that a report says about the bytes and the block, copied when it was found, so that the block can
 * be repaired and move on before anybody prints.
 */
#ifndef MD_FINDING_H
#define MD_FINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "src/block.h"
#include "src/call.h"
#include "src/crash.h"
#include "src/error.h"

/* When and how it was noticed. */
enum md_noticed {
	MD_NOTICED_AT_CALL,       /* the call itself is the error (double free, bad free, mismatch, ...) */
	MD_NOTICED_AT_FREE,       /* red zones looked at when the block was freed or resized             */
	MD_NOTICED_AT_REUSE,      /* fill looked at when the block left the quarantine                   */
	MD_NOTICED_AT_EXIT,       /* whole heap looked at when the process ended                         */
	MD_NOTICED_ON_REQUEST,    /* the program asked for a check                                       */
	MD_NOTICED_PERIODICALLY,  /* CHECK_EVERY                                                         */
	MD_NOTICED_AT_ACCESS,     /* a guard page, watchpoint or libc call check saw the access          */
};

/* Where a bad pointer points to, when it is no block's start. */
enum md_place {
	MD_PLACE_UNKNOWN,
	MD_PLACE_BLOCK,       /* a block's start, or its inside: see the block */
	MD_PLACE_REDZONE,     /* a red zone or slack of the block             */
	MD_PLACE_FREE_SLOT,   /* our memory, but no block is there            */
	MD_PLACE_NULL_PAGE,   /* the first page                               */
	MD_PLACE_STACK,       /* a thread's stack: see place_thread           */
	MD_PLACE_GLOBAL,      /* a module's data, code or constants: see place_module */
	MD_PLACE_MAPPING,     /* mapped by the program or a library           */
	MD_PLACE_UNMAPPED,    /* not mapped                                   */
	MD_PLACE_NONCANONICAL /* no address the processor can use             */
};

enum md_access_kind { MD_ACCESS_NONE, MD_ACCESS_UNKNOWN, MD_ACCESS_READ, MD_ACCESS_WRITE, MD_ACCESS_EXECUTE };

/* One use of memory by the program: of an instruction (a fault, a watchpoint) or of a function of the C library that was called. */
struct md_access {
	uintptr_t addr;       /* first byte of the whole range, good or bad */
	size_t bytes;         /* 0: not known                               */
	uintptr_t pc;         /* of the instruction; 0 in a call            */
	const char *function; /* "memcpy", static; NULL: an instruction     */
	enum md_access_kind kind;
	uintptr_t source;     /* where two ranges overlap, the one that is copied from; */
	size_t source_bytes;  /* 0 for all other errors                                 */
};

#define MD_EVIDENCE_BYTES 256 /* memory around the damage kept with a finding */

struct md_finding {
	enum md_error error;
	enum md_noticed noticed;
	uintptr_t addr;             /* the pointer passed, or the first damaged byte */
	struct md_block_view block; /* the block concerned; block.valid says whether there is one */
	struct md_call call;        /* the call during which it was noticed */
	md_thread_id thread;        /* the thread in which it was noticed */

	/* Damage: bytes that differ from what we wrote there. All zero where the error is not one of bytes. */
	size_t damaged_bytes;     /* how many bytes differ */
	uintptr_t damaged_end;    /* one past the last that differs; the first is addr */
	uintptr_t suspect;        /* start of a neighbour that may be the culprit instead, or 0 */

	struct md_access access;  /* where noticed is MD_NOTICED_AT_ACCESS: what did it; addr above is its first bad byte */

	const struct md_crash *crash; /* the signal that ends the process, NULL for all other errors; the reporter's, until the report is done */

	enum md_place place;      /* of addr */
	md_thread_id place_thread;
	uint16_t place_module;

	/* Copy of the memory around addr, taken before it was repaired; evidence_bytes is 0 where none could be read. */
	uintptr_t evidence_begin; /* a multiple of 16 */
	uint16_t evidence_bytes;
	unsigned char evidence[MD_EVIDENCE_BYTES];
	unsigned char expected[MD_EVIDENCE_BYTES]; /* what should stand there, where evidence_checked says so */
	unsigned char evidence_mark[MD_EVIDENCE_BYTES]; /* enum md_mark of each byte */
};

/* What a byte of memory is to us; also the marks of hexdumps and of the zone picture. */
enum md_mark {
	MD_MARK_OTHER = 0, /* not ours to judge                         */
	MD_MARK_USER,      /* the program's bytes of a live block       */
	MD_MARK_SLACK,     /* between requested end and rear red zone   */
	MD_MARK_REDZONE,   /* red zone                                  */
	MD_MARK_FREED,     /* freed and filled                          */
	MD_MARK_FREE,      /* free slot                                 */
	MD_MARK_GUARD,     /* guard page: cannot be read                */
	MD_MARK_DAMAGED = 0x80 /* or-ed in: differs from what we wrote; expected[] has what should be there */
};

#define MD_FINDINGS_MAX 4 /* in one call; a fifth one is only counted */

struct md_findings {
	unsigned count;
	unsigned dropped; /* found, but the list was full */
	struct md_finding list[MD_FINDINGS_MAX];
};

/* Next free entry, zeroed; NULL when the list is full (and counts that). */
struct md_finding *md_findings_add(struct md_findings *findings);

#endif
