/* SPDX-License-Identifier: MIT
 *
 * Groups and processes are found by hash tables of indexes; which processes a group was met in, and which reports were met at all, are
 * sets of 64-bit numbers.
 */
#include "tools/merge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/json_fingerprint.h"
#include "tools/memory.h"
#include "tools/progress.h"

#define VERSION_READ 1

/* Numbers but 0, open addressing. */
struct set {
	uint64_t *slots;
	size_t room, count; /* room: a power of two */
};

/* The newest report of one type. */
struct latest {
	char *line; /* NULL: none */
	size_t bytes;
	double seconds;
};

struct process {
	char *key; /* host, pid, started, program with '\n' between them */
	uint64_t hash;
	size_t host;
	double started;
	struct latest leaks, growth;
};

struct md_merge_state {
	struct md_json_reader reader;
	struct process *processes;
	size_t process_count, process_room;
	char **hosts;
	size_t group_room;
	struct set met;       /* reports */
	struct set members;   /* group and process, group and host */
	size_t *group_table;  /* index + 1; 0: empty */
	size_t *process_table;
	size_t group_table_room, process_table_room;
	size_t process_last; /* of the report before: mostly the same again */
};

/* --- tables ------------------------------------------------------------------------ */

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ull;
	return hash;
}

static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 32) * 0x9e3779b97f4a7c15ull;
	return value ^ value >> 29;
}

static void place(struct set *set, uint64_t value)
{
	size_t at = mix(value) & (set->room - 1);

	while (set->slots[at])
		at = (at + 1) & (set->room - 1);
	set->slots[at] = value;
	set->count++;
}

/* False if the value was in the set already. */
static bool add_to_set(struct set *set, uint64_t value)
{
	value = value ? value : 1;
	if (2 * set->count >= set->room) {
		struct set old = *set;

		*set = (struct set){ .room = old.room ? 2 * old.room : 1024 };
		set->slots = md_memory_new(set->room, sizeof *set->slots);
		for (size_t i = 0; i < old.room; i++)
			if (old.slots[i])
				place(set, old.slots[i]);
		free(old.slots);
	}
	for (size_t at = mix(value) & (set->room - 1); set->slots[at]; at = (at + 1) & (set->room - 1))
		if (set->slots[at] == value)
			return false;
	place(set, value);
	return true;
}

static uint64_t hash_of_group(const struct md_merge *merge, size_t index)
{
	return mix(merge->groups[index]->fingerprint + merge->groups[index]->kind);
}

static uint64_t hash_of_process(const struct md_merge *merge, size_t index)
{
	return mix(merge->state->processes[index].hash);
}

/* Makes a table of indexes twice as large as what is in it. */
static void grow_table(struct md_merge *merge, size_t **table, size_t *room, size_t count,
	uint64_t (*hash)(const struct md_merge *merge, size_t index))
{
	if (2 * count < *room)
		return;
	free(*table);
	*room = *room ? 2 * *room : 256;
	*table = md_memory_new(*room, sizeof **table);
	for (size_t i = 0; i < count; i++) {
		size_t at = hash(merge, i) & (*room - 1);

		while ((*table)[at])
			at = (at + 1) & (*room - 1);
		(*table)[at] = i + 1;
	}
}

/* --- processes ---------------------------------------------------------------------- */

static size_t find_host(struct md_merge *merge, const char *host)
{
	struct md_merge_state *state = merge->state;

	for (size_t i = merge->hosts; i-- > 0;) /* few, and mostly the last */
		if (!strcmp(state->hosts[i], host))
			return i;
	state->hosts = md_memory_resize(state->hosts, merge->hosts + 1, sizeof *state->hosts);
	state->hosts[merge->hosts] = md_memory_copy(host, strlen(host));
	return merge->hosts++;
}

/* Index of the process that a report is of. */
static size_t find_process(struct md_merge *merge, const struct md_value *report)
{
	struct md_merge_state *state = merge->state;
	const struct md_value *process = md_value_get(report, "process");
	const char *host = md_value_string(process, "host"), *program = md_value_string(process, "program");
	double started = 0;
	char *key;
	size_t at;

	md_value_double(process, "started", &started);
	host = host ? host : "";
	key = md_memory_print("%s\n%" PRIu64 "\n%f\n%s", host, md_value_uint_or(process, "pid", 0), started, program ? program : "");
	if (state->process_count && !strcmp(state->processes[state->process_last].key, key)) {
		free(key);
		return state->process_last;
	}

	uint64_t hash = hash_bytes(0xcbf29ce484222325ull, key, strlen(key));

	grow_table(merge, &state->process_table, &state->process_table_room, state->process_count, hash_of_process);
	for (at = mix(hash) & (state->process_table_room - 1); state->process_table[at]; at = (at + 1) & (state->process_table_room - 1)) {
		state->process_last = state->process_table[at] - 1;
		if (!strcmp(state->processes[state->process_last].key, key)) {
			free(key);
			return state->process_last;
		}
	}
	if (state->process_count == state->process_room) {
		state->process_room = state->process_room ? 2 * state->process_room : 64;
		state->processes = md_memory_resize(state->processes, state->process_room, sizeof *state->processes);
	}
	state->processes[state->process_count] =
		(struct process){ .key = key, .hash = hash, .host = find_host(merge, host), .started = started };
	state->process_table[at] = ++state->process_count;
	merge->processes = state->process_count;
	return state->process_last = state->process_count - 1;
}

/* --- groups --------------------------------------------------------------------------- */

static size_t locate_group(const struct md_merge *merge, enum md_group_kind kind, uint64_t fingerprint)
{
	const struct md_merge_state *state = merge->state;
	size_t at = mix(fingerprint + kind) & (state->group_table_room - 1);

	while (state->group_table[at]) {
		const struct md_group *group = merge->groups[state->group_table[at] - 1];

		if (group->kind == kind && group->fingerprint == fingerprint)
			break;
		at = (at + 1) & (state->group_table_room - 1);
	}
	return at;
}

const struct md_group *md_merge_find(const struct md_merge *merge, enum md_group_kind kind, uint64_t fingerprint)
{
	for (size_t i = 0; i < merge->group_count; i++) /* sorting has left the table behind */
		if (merge->groups[i]->kind == kind && merge->groups[i]->fingerprint == fingerprint)
			return merge->groups[i];
	return NULL;
}

/* What one report says of one group. */
struct sighting {
	enum md_group_kind kind;
	uint64_t fingerprint;
	const char *name;
	size_t process;
	double time;
	const char *line;
	size_t line_bytes, index;
	uint64_t blocks, bytes;
	const struct md_value *merged; /* what was merged before: more than one report, process and time; NULL: nothing */
};

static void add_sighting(struct md_merge *merge, const struct sighting *seen)
{
	struct md_merge_state *state = merge->state;
	struct md_group *group;
	size_t at, index, processes;
	double first = seen->time;

	grow_table(merge, &state->group_table, &state->group_table_room, merge->group_count, hash_of_group);
	at = locate_group(merge, seen->kind, seen->fingerprint);
	if (!state->group_table[at]) {
		if (merge->group_count == state->group_room) {
			state->group_room = state->group_room ? 2 * state->group_room : 64;
			merge->groups = md_memory_resize(merge->groups, state->group_room, sizeof(struct md_group *));
		}
		group = md_memory_new(1, sizeof *group);
		*group = (struct md_group){ .kind = seen->kind, .fingerprint = seen->fingerprint, .first = seen->time, .last = seen->time - 1,
			.name = md_memory_copy(seen->name, strlen(seen->name)) };
		merge->groups[merge->group_count++] = group;
		state->group_table[at] = merge->group_count;
	}
	index = state->group_table[at] - 1;
	group = merge->groups[index];
	group->reports += md_value_uint_or(seen->merged, "reports", 1);
	group->blocks += seen->blocks;
	group->bytes += seen->bytes;
	processes = md_value_uint_or(seen->merged, "processes", 1);
	group->processes += add_to_set(&state->members, (uint64_t)(index + 1) << 33 | (uint64_t)seen->process << 1) ? processes : processes - 1;
	group->hosts += add_to_set(&state->members, (uint64_t)(index + 1) << 33 | (uint64_t)state->processes[seen->process].host << 1 | 1);
	md_value_double(seen->merged, "first", &first);
	group->first = first < group->first ? first : group->first;
	if (seen->time > group->last || !group->line) {
		group->last = seen->time;
		free(group->line);
		group->line = md_memory_copy(seen->line, seen->line_bytes);
		group->line_bytes = seen->line_bytes;
		group->index = seen->index;
	}
}

/* --- reports ----------------------------------------------------------------------------- */

static bool read_fingerprint(const struct md_value *value, uint64_t *fingerprint)
{
	const char *text = md_value_string(value, "fingerprint");
	char *end;

	if (!text || strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return false;
	*fingerprint = strtoull(text, &end, 16);
	return true;
}

/* False if it is older than the one that is kept. */
static bool keep_latest(struct latest *latest, const char *line, size_t bytes, double seconds)
{
	if (latest->line && seconds < latest->seconds)
		return false;
	free(latest->line);
	*latest = (struct latest){ .line = md_memory_copy(line, bytes), .bytes = bytes, .seconds = seconds };
	return true;
}

const char md_merge_no_report[] = "it is no report";

/* Returns what is wrong with the report; NULL: nothing; md_merge_no_report: it is something else. */
static const char *add_report(struct md_merge *merge, const struct md_value *report, const char *line, size_t bytes)
{
	struct md_merge_state *state = merge->state;
	const char *type = md_value_string(report, "type");
	struct sighting seen = { .kind = MD_GROUP_ERROR, .line = line, .line_bytes = bytes };
	uint64_t version, identity[4];
	double seconds = 0;

	if (report->kind != MD_VALUE_OBJECT || !type || !md_value_uint(report, "version", &version))
		return md_merge_no_report;
	if (version > VERSION_READ || (strcmp(type, "error") && strcmp(type, "leaks") && strcmp(type, "growth"))) {
		merge->passed_over++;
		return NULL;
	}
	seen.name = md_value_string(report, "error");
	if (!strcmp(type, "error") && (!seen.name || !read_fingerprint(report, &seen.fingerprint)))
		return "it is no report: no error or no fingerprint";
	md_value_double(md_value_get(report, "process"), "seconds", &seconds);
	seen.process = find_process(merge, report);
	seen.time = state->processes[seen.process].started + seconds;

	identity[0] = seen.process;
	identity[1] = md_value_uint_or(report, "number", 0);
	identity[2] = seen.fingerprint ^ (uint64_t)type[0];
	memcpy(&identity[3], &seconds, sizeof seconds);
	if (!add_to_set(&state->met, hash_bytes(0xcbf29ce484222325ull, identity, sizeof identity))) {
		merge->repeated++;
		return NULL;
	}
	seen.merged = md_value_get(report, "merged");
	merge->reports += type[0] == 'e' ? md_value_uint_or(seen.merged, "reports", 1) : 1;
	if (type[0] == 'e')
		add_sighting(merge, &seen);
	else if (type[0] == 'l')
		keep_latest(&state->processes[seen.process].leaks, line, bytes, seconds);
	else
		keep_latest(&state->processes[seen.process].growth, line, bytes, seconds);
	return NULL;
}

const char *md_merge_add(struct md_merge *merge, const char *line, size_t bytes)
{
	const struct md_value *report;

	if (!merge->state)
		merge->state = md_memory_new(1, sizeof *merge->state);
	report = md_json_read(&merge->state->reader, line, bytes);
	return report ? add_report(merge, report, line, bytes) : merge->state->reader.problem;
}

/* --- leaks and growth ------------------------------------------------------------------------ */

static void add_leaks(struct md_merge *merge, size_t process, const struct latest *latest)
{
	const struct md_value *report = md_json_read(&merge->state->reader, latest->line, latest->bytes);
	const struct md_value *totals = md_value_get(report, "totals");
	struct sighting seen = { .kind = MD_GROUP_LEAK, .process = process, .line = latest->line, .line_bytes = latest->bytes,
		.time = merge->state->processes[process].started + latest->seconds };

	merge->leaks.processes += md_value_uint_or(md_value_get(report, "merged"), "processes", 1);
#define ADD_TOTAL(what)                                                                                                                     \
	merge->leaks.what.blocks += md_value_uint_or(md_value_get(totals, #what), "blocks", 0),                                             \
		merge->leaks.what.bytes += md_value_uint_or(md_value_get(totals, #what), "bytes", 0)
	ADD_TOTAL(direct);
	ADD_TOTAL(indirect);
	ADD_TOTAL(possible);
	ADD_TOTAL(reachable);
#undef ADD_TOTAL
	for (const struct md_value *group = md_value_elements(report, "groups"); group; group = group->next, seen.index++) {
		if (!read_fingerprint(group, &seen.fingerprint))
			continue;
		seen.name = md_json_leak_slug(group);
		seen.merged = md_value_get(group, "merged");
		seen.blocks = md_value_uint_or(group, "blocks", 0);
		seen.bytes = md_value_uint_or(group, "bytes", 0);
		add_sighting(merge, &seen);
	}
}

static void add_growth(struct md_merge *merge, size_t process, const struct latest *latest)
{
	const struct md_value *report = md_json_read(&merge->state->reader, latest->line, latest->bytes);
	struct sighting seen = { .kind = MD_GROUP_GROWTH, .name = "memory-growth", .process = process, .line = latest->line,
		.line_bytes = latest->bytes, .time = merge->state->processes[process].started + latest->seconds };

	for (const struct md_value *stack = md_value_elements(report, "stacks"); stack; stack = stack->next, seen.index++) {
		const struct md_value *newest = NULL;

		if (!read_fingerprint(stack, &seen.fingerprint))
			continue;
		for (const struct md_value *at = md_value_elements(stack, "snapshots"); at; at = at->next)
			newest = at;
		seen.blocks = md_value_uint_or(newest, "blocks", 0);
		seen.bytes = md_value_uint_or(newest, "bytes", 0);
		add_sighting(merge, &seen);
	}
}

static int compare_groups(const void *left, const void *right)
{
	const struct md_group *a = *(struct md_group *const *)left, *b = *(struct md_group *const *)right;

	if (a->last != b->last)
		return a->last > b->last ? -1 : 1;
	if (a->bytes != b->bytes) /* of one leak report, the largest first */
		return a->bytes > b->bytes ? -1 : 1;
	return a->fingerprint < b->fingerprint ? -1 : a->fingerprint > b->fingerprint;
}

static int compare_sizes(const void *left, const void *right)
{
	const struct md_group *a = *(struct md_group *const *)left, *b = *(struct md_group *const *)right;

	return a->bytes != b->bytes ? (a->bytes > b->bytes ? -1 : 1) : compare_groups(left, right);
}

void md_merge_sort_largest(struct md_merge *merge)
{
	if (merge->group_count)
		qsort(merge->groups, merge->group_count, sizeof(struct md_group *), compare_sizes);
}

void md_merge_finish(struct md_merge *merge)
{
	for (size_t i = 0; i < merge->processes; i++) {
		struct process *process = &merge->state->processes[i];

		if (process->leaks.line)
			add_leaks(merge, i, &process->leaks);
		if (process->growth.line)
			add_growth(merge, i, &process->growth);
	}
	if (merge->group_count)
		qsort(merge->groups, merge->group_count, sizeof(struct md_group *), compare_groups);
	md_progress_end();
}

const struct md_value *md_group_report(const struct md_group *group, struct md_json_reader *reader, const struct md_value **part)
{
	const struct md_value *report = md_json_read(reader, group->line, group->line_bytes);

	*part = report;
	if (group->kind == MD_GROUP_ERROR)
		return report;
	*part = md_value_elements(report, group->kind == MD_GROUP_LEAK ? "groups" : "stacks");
	for (size_t i = 0; i < group->index; i++)
		*part = (*part)->next;
	return report;
}

void md_merge_say_damage(const struct md_merge *merge, const char *command)
{
	uint64_t named = merge->damaged < MD_MERGE_DAMAGED_MAX ? merge->damaged : MD_MERGE_DAMAGED_MAX;

	md_progress_end();
	for (uint64_t i = 0; i < named; i++)
		fprintf(stderr, "malloc-debug %s: %s; passed over\n", command, merge->damaged_at[i]);
	if (merge->damaged > named)
		fprintf(stderr, "malloc-debug %s: and %" PRIu64 " damaged lines more\n", command, merge->damaged - named);
}

bool md_merge_files(struct md_merge *merge, const char *command, const char *const *files, size_t count)
{
	bool good = true;

	for (size_t i = 0; i < count; i++) {
		int error = md_merge_file(merge, files[i], count);

		if (!error && !merge->problem)
			continue;
		md_progress_end();
		fprintf(stderr, "malloc-debug %s: %s: %s\n", command, files[i], error ? strerror(error) : merge->problem);
		good = false;
	}
	md_merge_finish(merge);
	md_merge_say_damage(merge, command);
	return good && !(merge->damaged && !merge->reports && !merge->passed_over);
}

void md_merge_destroy(struct md_merge *merge)
{
	struct md_merge_state *state = merge->state;

	for (size_t i = 0; i < merge->group_count; i++) {
		free(merge->groups[i]->name);
		free(merge->groups[i]->line);
		free(merge->groups[i]);
	}
	free(merge->groups);
	for (size_t i = 0; i < MD_MERGE_DAMAGED_MAX; i++)
		free(merge->damaged_at[i]);
	if (state) {
		for (size_t i = 0; i < state->process_count; i++) {
			free(state->processes[i].key);
			free(state->processes[i].leaks.line);
			free(state->processes[i].growth.line);
		}
		for (size_t i = 0; i < merge->hosts; i++)
			free(state->hosts[i]);
		free(state->processes);
		free(state->hosts);
		free(state->met.slots);
		free(state->members.slots);
		free(state->group_table);
		free(state->process_table);
		md_json_reader_destroy(&state->reader);
		free(state);
	}
	*merge = (struct md_merge){ 0 };
}
