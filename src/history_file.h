/* SPDX-License-Identifier: MIT
 *
 * The history file: what its bytes mean. Written by runtime/history_file.c, read by tools/history_reader.c; man/malloc-debug-history.5.adoc
 * describes it for others.
 *
 * A header, then chunks. A chunk begins at a multiple of 64 bytes with a header of its own, and is there once its magic number is; from
 * then on it never moves. Between chunks there may be room that is not used yet, or never: a reader looks for the next chunk header in
 * steps of 64 bytes. What chunks hold is the process's own memory, of which the file is a shared mapping: so nothing has to be written when
 * the process dies, and anything may be half written at that moment.
 */
#ifndef MD_HISTORY_FILE_H
#define MD_HISTORY_FILE_H

#include <stdatomic.h>
#include <stdint.h>

#include "src/lasting.h"
#include "src/module.h"

#define MD_HISTORY_FILE_MAGIC "MDHISTRY" /* 8 bytes, without a NUL */
#define MD_HISTORY_FILE_VERSION 1
#define MD_HISTORY_FILE_ENDIAN 0x01020304u
#define MD_HISTORY_CHUNK_MAGIC 0x4b484344u
#define MD_HISTORY_CHUNK_STEP 64u

/* Why something is not in the file. */
enum md_history_lost {
	MD_HISTORY_LOST_RING = 1,
	MD_HISTORY_LOST_STACKS = 2,
	MD_HISTORY_LOST_MODULE = 4,
	MD_HISTORY_LOST_CHILD = 8, /* forked children could not have files */
};

struct md_history_file_header {
	char magic[8];
	uint32_t endian;
	uint32_t version;
	uint32_t header_bytes, chunk_header_bytes;
	uint32_t event_bytes, frame_bytes, thread_bytes, module_bytes; /* of one row each */
	uint32_t stack_chunk_bits, frame_chunk_bits;                   /* logarithm of the entries in a chunk */
	uint32_t pid;
	uint32_t parent_pid; /* of the process that forked this one; 0: it was started as a program */
	uint64_t process_start; /* as /proc/PID/stat has it: tells a process from a later one of the same number */
	/* Two moments, by the tick counter and by CLOCK_MONOTONIC: their distance gives the rate. */
	uint64_t start_ticks, start_nanoseconds;
	uint64_t later_ticks, later_nanoseconds;
	uint64_t start_seconds; /* of the clock on the wall */
	_Atomic uint64_t file_bytes;
	_Atomic uint32_t lost; /* enum md_history_lost: what had no room */
	uint32_t reserved;
	char boot_id[40];         /* of the system's run, where both clocks began; "" if unknown */
	char library_version[24];
	char program[512];
};

struct md_history_chunk {
	_Atomic uint32_t magic; /* written last */
	uint32_t kind;          /* enum md_lasting_kind */
	uint32_t index;
	uint32_t reserved;
	uint64_t bytes;   /* of what follows this header */
	uint64_t address; /* where it was mapped */
	uint64_t check;   /* md_history_chunk_check */
	uint64_t unused[3];
};

/* What a MD_LASTING_MODULE chunk holds; its index is the row's number. */
struct md_history_module {
	uint64_t begin, end, bias;
	uint8_t build_id[MD_BUILD_ID_MAX];
	uint8_t build_id_bytes;
	uint8_t reserved[3];
	uint32_t path_bytes;
	uint32_t reserved2;
	char path[]; /* without a NUL */
};

#define MD_HISTORY_HEADER_BYTES 4096u

_Static_assert(sizeof(struct md_history_file_header) <= MD_HISTORY_HEADER_BYTES, "one page");
_Static_assert(sizeof(struct md_history_chunk) == MD_HISTORY_CHUNK_STEP, "one step");

/* Tells a chunk header from anything else that may stand there. */
static inline uint64_t md_history_chunk_check(const struct md_history_chunk *chunk)
{
	uint64_t mixed = chunk->kind * 0x9e3779b97f4a7c15ull;

	mixed = (mixed ^ mixed >> 31 ^ chunk->index) * 0xff51afd7ed558ccdull;
	mixed = (mixed ^ mixed >> 29 ^ chunk->bytes) * 0x9e3779b97f4a7c15ull;
	mixed = (mixed ^ mixed >> 31 ^ chunk->address) * 0xff51afd7ed558ccdull;
	return mixed ^ mixed >> 32;
}

#endif
