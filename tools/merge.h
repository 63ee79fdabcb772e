/* SPDX-License-Identifier: MIT
 *
 * Reports of many processes and machines, read from JSON lines and counted by bug.
 *
 * A group is all reports with one fingerprint. Of errors each report counts. Of leaks and growth only the newest report of each process
 * does, because each tells anew of all that is leaked at that moment; what the processes lost is added up. A report that is met twice (a
 * file and its copy) counts once. A process is told by its machine, number, start and program.
 *
 * Reports in text logs are read as well (tools/log_text.h), but for growth. They come without machine and start: the file's time stands in.
 *
 * What was merged before (a member merged, as md_merge_write_json writes it) counts as what it was merged from.
 *
 * Only the newest report of each group stays in memory, as the line that was read; so memory grows with the number of bugs and processes,
 * not with that of reports.
 *
 * Lines are not trusted (tools/json_read.h). One that is damaged is counted, and the first MD_MERGE_DAMAGED_MAX are named. Members and
 * types that are not known, and reports of a later version, are passed over and counted. What does not begin as a JSON object, or is one of
 * somebody else, is no damage: reports may stand between a program's own lines, or in a page.
 *
 * Single-threaded. Without memory the process ends with a message.
 */
#ifndef MD_MERGE_H
#define MD_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/json_read.h"

#define MD_MERGE_DAMAGED_MAX 20
#define MD_MERGE_LINE_MAX (64u << 20) /* bytes; a longer line is damaged */

enum md_group_kind { MD_GROUP_ERROR, MD_GROUP_LEAK, MD_GROUP_GROWTH };

struct md_group {
	enum md_group_kind kind;
	uint64_t fingerprint;
	char *name;             /* "heap-use-after-free", "direct-leak", "memory-growth" */
	uint64_t reports;       /* of leaks and growth: processes that have it */
	size_t processes, hosts;
	double first, last;     /* seconds since 1970; of the reports */
	uint64_t blocks, bytes; /* leaks, growth: in all processes together */
	char *line;             /* the newest report, of line_bytes; not NUL-terminated */
	size_t line_bytes;
	size_t index;           /* leaks, growth: which of the report's groups or stacks */
};

/* Sums of leak reports' totals. */
struct md_merge_leaks {
	size_t processes; /* that searched */
	struct {
		uint64_t blocks, bytes;
	} direct, indirect, possible, reachable;
};

struct md_merge {
	struct md_group **groups; /* after md_merge_finish: newest first */
	size_t group_count;
	size_t files, processes, hosts;
	uint64_t reports;    /* of errors, leaks and growth; each once */
	uint64_t repeated;   /* met again */
	uint64_t passed_over; /* of other types, or of a later version */
	uint64_t damaged;
	const char *problem; /* of the file read last: why nothing in it counts; NULL: something does, or it has no lines */
	char *damaged_at[MD_MERGE_DAMAGED_MAX]; /* "file:line: what is wrong" */
	struct md_merge_leaks leaks;
	struct md_merge_state *state; /* for merge.c */
};

/* Adds one report, a JSON line, to a merge, of which zeros are an empty one. Returns NULL; or what is wrong with it, md_merge_no_report
 * if it is something else as a whole. */
const char *md_merge_add(struct md_merge *merge, const char *line, size_t bytes);
extern const char md_merge_no_report[];

/* Adds one file to a merge; "-" is standard input. total: files that will be read, for the progress that is shown; 0: show none. Returns 0, or an errno value if it could not be read (to its end). */
int md_merge_file(struct md_merge *merge, const char *path, size_t total);

/* Adds up leaks and growth, and sorts. After it nothing can be added. */
void md_merge_finish(struct md_merge *merge);

/* Sorts the groups by bytes, largest first. */
void md_merge_sort_largest(struct md_merge *merge);

/* The group with that fingerprint and kind, or NULL. */
const struct md_group *md_merge_find(const struct md_merge *merge, enum md_group_kind kind, uint64_t fingerprint);

/* Reads a group's newest report again. *part is, of leaks and growth, its element for this group, else the report. The values live until
 * the reader reads again. Never fails on a group of a merge. */
const struct md_value *md_group_report(const struct md_group *group, struct md_json_reader *reader, const struct md_value **part);

/* Says on standard error which lines were damaged, and how many. command is the name of the subcommand. */
void md_merge_say_damage(const struct md_merge *merge, const char *command);

/* All of it: adds the files, finishes, says what could not be read or was damaged. Returns false if a file could not be read, or has
 * lines of which none is a report; an empty file is what a process leaves that found nothing. */
bool md_merge_files(struct md_merge *merge, const char *command, const char *const *files, size_t count);

void md_merge_destroy(struct md_merge *merge);

#endif
