/* SPDX-License-Identifier: MIT
 *
 * What an explainer gets: one finding and all that belongs to it, as plain data. Text, JSON and SARIF are functions of this record; none of
 * them looks at the process.
 */
#ifndef MD_REPORT_H
#define MD_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/names.h"
#include "src/finding.h"
#include "src/history.h"

/* One thread, as far as known. */
struct md_thread_view {
	md_thread_id id;      /* T(id - 1) in text: the first thread is T0 */
	uint32_t tid;         /* kernel's number; 0: unknown */
	char name[16];        /* "" if unknown */
	md_thread_id creator; /* MD_THREAD_NONE: unknown, or the first thread */
	md_stack_id created;  /* stack of its creation */
	bool alive;
};

struct md_neighbour {
	struct md_block_view block; /* block.valid: whether there is one */
};

#define MD_REPORT_EARLIER_MAX 8
#define MD_REPORT_THREADS_MAX 4

struct md_report {
	const struct md_finding *finding;
	uint32_t number; /* of this report in the process, from 1 */

	/* Process */
	uint32_t pid;
	const char *program; /* path or name; "" if unknown */
	double seconds;      /* since our start */
	double alloc_seconds; /* when the block was allocated, since our start; below 0: unknown */
	double free_seconds;  /* likewise for its free */

	/* Around the block */
	struct md_block_view before, after; /* nearest neighbours in the zone; .valid */
	struct md_event earlier[MD_REPORT_EARLIER_MAX]; /* history of the address before this block, oldest first */
	double earlier_seconds[MD_REPORT_EARLIER_MAX];  /* their times, since our start */
	size_t earlier_count;
	uint64_t earlier_total; /* matched, shown or not */
	struct md_thread_view threads[MD_REPORT_THREADS_MAX]; /* those that the report names */
	size_t thread_count;

	/* Lookups; never NULL but names */
	const struct md_stack_store *stacks;
	const struct md_modules *modules;
	const struct md_names *names;   /* NULL: no helper: module and offset only */
	const char *names_missing;      /* why names is NULL or incomplete, or NULL: one line for the report */
	const char *strip_path;         /* prefix taken off file names; "" for none */
	const char *config;             /* one line: options in force */
};

#endif
