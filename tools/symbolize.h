/* SPDX-License-Identifier: MIT
 *
 * Names that are missing in reports, found later: from the module and offset of a frame.
 *
 * A frame that has a function but no file is looked up, too: its name may be of a symbol table alone. What is known stays as it is unless
 * more is found. Reports are not trusted; neither are the files that they name (tools/symbol_file.h).
 */
#ifndef MD_SYMBOLIZE_H
#define MD_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/json_read.h"
#include "tools/symbol_answer.h"

struct md_symbolize {
	uint64_t missing;  /* frames without a function that were met */
	uint64_t found;    /* of them, those that have one now */
	uint64_t improved; /* frames that had a function and got a file */
	unsigned shift;    /* text: by how many numbers frames of this stack have moved, for functions that were inlined */
	struct md_json_reader reader, second;
};

/* What is at an offset of a module with that build-id (hexadecimal, "" or NULL: unknown): entries of the answer, none if nothing is known. The
 * answer was zeroed or cleared before, and is cleared by the caller. */
void md_symbolize_find(struct md_symbol_answer *answer, const char *module, const char *build_id, uint64_t offset);

/* Writes one line of JSON with its names, fingerprints and site; false if it is no JSON: nothing is written then. No newline is written. */
bool md_symbolize_json(struct md_symbolize *state, FILE *to, const char *line, size_t bytes);

/* Writes one line of text; lines that are no frame of a stack as they are. line is NUL-terminated. No newline is written. */
void md_symbolize_text(struct md_symbolize *state, FILE *to, const char *line);

#endif
