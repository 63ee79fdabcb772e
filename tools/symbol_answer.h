/* SPDX-License-Identifier: MIT
 *
 * What the symbol helper answers for one address: functions and places, and the strings that were made for them.
 */
#ifndef MD_SYMBOL_ANSWER_H
#define MD_SYMBOL_ANSWER_H

#include <stddef.h>

#include "report/names.h"

enum { MD_SYMBOL_SCOPES_MAX = 256 }; /* functions inlined into each other at one address */

/* Zeros are an empty one. */
struct md_symbol_answer {
	struct md_name entries[MD_SYMBOL_SCOPES_MAX]; /* innermost first */
	size_t entry_count;
	char *owned[2 * MD_SYMBOL_SCOPES_MAX + 2];
	size_t owned_count;
};

/* Hands a malloc'd string (or NULL) over to the answer. Returns it, or NULL if there is none or no room, when it is freed at once. */
const char *md_symbol_own(struct md_symbol_answer *answer, char *string);

/* A C++ name as people write it; the name itself if it is none. */
const char *md_symbol_demangle(struct md_symbol_answer *answer, const char *name);

/* Empties the answer and frees its strings. */
void md_symbol_answer_clear(struct md_symbol_answer *answer);

#endif
