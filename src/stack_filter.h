/* SPDX-License-Identifier: MIT
 *
 * Stack filter: only stacks that go through certain code. What the user names is a list, separated by commas, of patterns for file names of
 * modules, names of functions (which the runtime looks up and adds as ranges of addresses), and keys of whole stacks.
 *
 * Key       A number that a stack has in every run of the same files, wherever the loader puts them: a hash of the file names of modules
 *           and of the offsets in them. Equal keys are taken for equal stacks.
 * Cost      The frames of a stack are looked at when it is met, and again when a table of fixed size has forgotten the answer.
 *
 * Locking   none: answers are atomic, and may be worked out twice. Functions are added before there are threads that ask, or answers of the
 *           moment are lost.
 */
#ifndef MD_STACK_FILTER_H
#define MD_STACK_FILTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/ids.h"

struct md_stack_store;
struct md_modules;

#define MD_STACK_FILTER_KNOWN 1024 /* stacks of which the answer is remembered */
#define MD_STACK_FILTER_RANGES 16  /* functions */

/* Zeros are a filter that every stack passes. */
struct md_stack_filter {
	const char *list; /* as the user wrote it; kept. NULL or empty: every stack passes */
	_Atomic uint32_t known[MD_STACK_FILTER_KNOWN]; /* stack id times two, plus whether */
	struct {
		uintptr_t begin, end;
	} functions[MD_STACK_FILTER_RANGES];
	_Atomic uint32_t function_count;
};

/* Stacks through code in [begin, end) pass, too, from now on. False when there are too many. */
bool md_stack_filter_add_function(struct md_stack_filter *filter, uintptr_t begin, uintptr_t end);

/* Whether a stack passes. Where there is a list, none is as good as one that does not. */
bool md_stack_filter_passes(
	struct md_stack_filter *filter, const struct md_stack_store *stacks, const struct md_modules *modules, md_stack_id stack);

/* Its key; 0 for no stack, and for no other. */
uint64_t md_stack_key(const struct md_stack_store *stacks, const struct md_modules *modules, md_stack_id stack);

#endif
