/* SPDX-License-Identifier: MIT
 *
 * A report begins with "==PID==ERROR: malloc-debug: ", one of leaks also with "WARNING: " or nothing in place of "ERROR: ", and ends with
 * "SUMMARY: malloc-debug: ". In between, a line that is no frame is the heading of the frames below it.
 */
#include "tools/log_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/fingerprint.h"
#include "report/json.h"
#include "src/error.h"
#include "tools/json_fingerprint.h"
#include "tools/json_read.h"
#include "tools/memory.h"

#define TEXT_BYTES (4u << 20) /* of one report */
#define FRAMES_MAX 65536      /* of one report */
#define GROUPS_MAX 4096

static const char end_mark[] = "SUMMARY: malloc-debug: ";

struct frame {
	uint64_t pc, offset, line, column;
	char *text; /* what the strings point into */
	const char *function, *module, *build_id, *file; /* NULL: unknown */
};

/* A part of the frames, and who it is of. */
struct owner {
	bool known;
	char function[64];
	uint64_t thread; /* + 1; 0: unknown */
	double seconds;  /* below 0: unknown */
	size_t begin, count;
};

struct group {
	const char *kind;
	uint64_t blocks, bytes;
	struct owner owner;
};

enum role { ROLE_CALL, ROLE_ALLOCATED, ROLE_FREED, ROLE_COUNT };

struct md_log_text {
	double started;
	bool inside, is_leaks, is_late;
	bool is_aside; /* what comes is of blocks that registers point to */
	uint64_t pid, number;
	double seconds;
	char slug[64], program[4096], site[4096];
	const char *noticed, *access;
	char access_function[64];
	uint64_t address, access_address, access_bytes;
	uint64_t block, block_bytes;
	bool has_address, has_block, is_crash;
	const char *block_state;
	struct owner owners[ROLE_COUNT];
	struct owner *heading; /* whose frames come next; NULL: nobody's */
	struct group *groups;
	size_t group_count, totals[4][2]; /* direct, indirect, possible, reachable: blocks, bytes */
	struct frame *frames;
	size_t frame_count, frame_room;
	char *buffer;
	struct md_json_reader reader;
};

struct md_log_text *md_log_text_open(double started)
{
	struct md_log_text *log = md_memory_new(1, sizeof *log);

	log->started = started;
	return log;
}

bool md_log_text_is_inside(const struct md_log_text *log)
{
	return log->inside;
}

/* Forgets the report it is in. */
static void clear(struct md_log_text *log)
{
	const struct md_log_text kept = *log;

	for (size_t i = 0; i < log->frame_count; i++)
		free(log->frames[i].text);
	*log = (struct md_log_text){ .started = kept.started, .frames = kept.frames, .frame_room = kept.frame_room, .groups = kept.groups,
		.buffer = kept.buffer, .reader = kept.reader };
}

void md_log_text_close(struct md_log_text *log)
{
	if (!log)
		return;
	clear(log);
	free(log->frames);
	free(log->groups);
	free(log->buffer);
	md_json_reader_destroy(&log->reader);
	free(log);
}

/* --- lines ---------------------------------------------------------------------------------- */

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* A copy as a string, without colours and carriage returns. */
static char *clean(const char *line, size_t bytes)
{
	char *copy = md_memory_copy(line, bytes), *to = copy;

	for (const char *at = copy; *at; at++) {
		if (*at == '\033' && at[1] == '[') {
			at += 2 + strspn(at + 2, "0123456789;");
			if (!*at)
				break;
		} else if (*at != '\r') {
			*to++ = *at;
		}
	}
	*to = '\0';
	return copy;
}

/* "file:line:column", "(module+0x12) (BuildId: ab)" or "(file+0x12)" behind the function; text is cut up. */
static void read_place(struct frame *frame, char *text)
{
	char *plus = NULL, *end, *colon;

	if (*text == '(') {
		for (char *at = text; (at = strstr(at, "+0x")); at++)
			plus = at;
		if (!plus)
			return;
		frame->offset = strtoull(plus + 1, &end, 16);
		*plus = '\0';
		frame->module = text + 1;
		if (begins(end, ") (BuildId: ")) {
			frame->build_id = end + 12;
			end += 12 + strspn(end + 12, "0123456789abcdef");
			*end = '\0';
		}
		return;
	}
	for (int i = 0; i < 2 && (colon = strrchr(text, ':')) && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1); i++) {
		frame->column = frame->line;
		frame->line = strtoull(colon + 1, NULL, 10);
		*colon = '\0';
	}
	frame->file = *text ? text : NULL;
}

/* Where the place begins, in "operator new(unsigned long) /a/b.cc:1:2" and "f (/a/b+0x12) (BuildId: ab)": NULL if there is none. */
static char *find_place(char *text)
{
	char *plus = NULL, *open;

	for (char *at = text; (at = strstr(at, "+0x")); at++)
		plus = at;
	if (plus && strchr(plus, ')')) {
		for (open = plus; open > text && !(open[0] == '(' && open[-1] == ' '); open--)
			;
		return *open == '(' ? open : NULL;
	}
	open = strstr(text, " /"); /* an absolute path may have blanks in it */
	open = open ? open : strrchr(text, ' ');
	return open ? open + 1 : NULL;
}

static bool read_frame(struct md_log_text *log, const char *line)
{
	const char *at = line + strspn(line, " ");
	struct frame frame = { 0 };
	char *end, *place;

	if (at - line < 2 || at[0] != '#' || at[1] < '0' || at[1] > '9')
		return false;
	at += 1 + strspn(at + 1, "0123456789");
	at += strspn(at, " ");
	if (!begins(at, "0x") || !log->heading || log->frame_count == FRAMES_MAX)
		return true;
	frame.pc = strtoull(at, &end, 16);
	end += strspn(end, " ");
	frame.text = md_memory_copy(end, strlen(end));
	if (begins(frame.text, "in ")) {
		place = find_place(frame.text + 3);
		frame.function = frame.text + 3;
		if (place) {
			place[-1] = '\0';
			read_place(&frame, place);
		}
	} else {
		read_place(&frame, frame.text);
	}
	if (log->frame_count == log->frame_room) {
		log->frame_room = log->frame_room ? 2 * log->frame_room : 64;
		log->frames = md_memory_resize(log->frames, log->frame_room, sizeof *log->frames);
	}
	if (!log->heading->count)
		log->heading->begin = log->frame_count;
	log->frames[log->frame_count++] = frame;
	log->heading->count++;
	return true;
}

/* "... by malloc in thread T1 (name), 0.5 s after start, here:" */
static void read_owner(struct owner *owner, const char *line)
{
	const char *by = strstr(line, " by "), *thread = strstr(line, " in T"), *in = strstr(line, " in thread T"), *comma;
	char *end;

	*owner = (struct owner){ .known = true, .seconds = -1 };
	by = by ? by + 4 : strstr(line, "passed to ") == line ? line + 10 : NULL;
	if (in || thread)
		owner->thread = strtoull(in ? in + 12 : thread + 5, NULL, 10) + 1;
	in = in ? in : thread ? thread : strstr(line, " here:");
	if (by && in > by)
		snprintf(owner->function, sizeof owner->function, "%.*s", (int)(in - by), by);
	for (comma = line; (comma = strstr(comma, ", ")); comma += 2) {
		double seconds = strtod(comma + 2, &end);

		if (end > comma + 2 && begins(end, " s after start"))
			owner->seconds = seconds;
	}
}

/* Whose stack the frames below a heading are. */
static void read_heading(struct md_log_text *log, const char *line)
{
	bool no_call = !log->owners[ROLE_CALL].known && !log->owners[ROLE_ALLOCATED].known && !log->owners[ROLE_FREED].known;
	enum role role;

	log->heading = NULL;
	log->is_aside |= strstr(line, " points to a block: ") != NULL;
	if (log->is_aside || line[0] < 'a' || line[0] > 'z' || !strstr(line, "here:"))
		return;
	if (begins(line, "allocated ") || begins(line, "previously allocated "))
		role = ROLE_ALLOCATED;
	else if (begins(line, "first freed ") || (begins(line, "freed by") &&
			!(no_call && (strstr(log->slug, "mismatch") || (log->noticed && !strcmp(log->noticed, "free"))))))
		role = ROLE_FREED;
	else
		role = ROLE_CALL;
	if (log->owners[role].known)
		return;
	read_owner(&log->owners[role], line);
	log->is_crash |= begins(line, "crashed");
	log->heading = &log->owners[role];
}

/* What a line says of the access and of the block. */
static void read_fact(struct md_log_text *log, const char *line)
{
	static const char *const accesses[][2] = { { "READ of size ", "read" }, { "WRITE of size ", "write" }, { "ACCESS of size ", "unknown" } };
	static const char *const found[][2] = { { "Found when the block was freed", "free" }, { "Found when the block left", "reuse" },
		{ "Found when the process", "exit" }, { "Found by a check", "request" }, { "Found by the periodic", "periodic" } };
	const char *at, *block;
	unsigned long long bytes, begin;
	char *end;

	for (size_t i = 0; i < sizeof accesses / sizeof *accesses; i++) {
		if (!begins(line, accesses[i][0]))
			continue;
		log->access = accesses[i][1];
		log->access_bytes = strtoull(line + strlen(accesses[i][0]), &end, 10);
		log->access_address = begins(end, " at 0x") ? strtoull(end + 4, NULL, 16) : 0;
		at = strstr(end, " in ");
		snprintf(log->access_function, sizeof log->access_function, "%s", at ? at + 4 : "");
	}
	for (size_t i = 0; i < sizeof found / sizeof *found; i++)
		if (begins(line, found[i][0])) {
			log->noticed = found[i][1];
			log->is_late = true;
		}
	if (begins(line, "Seen in the act"))
		log->noticed = "access";
	block = log->has_block || log->is_aside ? NULL : strstr(line, "-byte block [0x");
	if (!block || begins(line, "  "))
		return;
	for (at = block; at > line && at[-1] >= '0' && at[-1] <= '9'; at--)
		;
	if (sscanf(at, "%llu-byte block [%llx,", &bytes, &begin) != 2)
		return;
	log->has_block = true;
	log->block = begin;
	log->block_bytes = bytes;
	log->block_state = strstr(block, "(freed") ? "quarantined" : strstr(block, "(free") ? "free" : "live";
}

static void read_leaks_line(struct md_log_text *log, const char *line)
{
	static const char *const kinds[][2] = { { "Direct leak of ", "direct" }, { "Possible leak of ", "possible" },
		{ "Still reachable: ", "reachable" } };
	static const char *const totals[] = { "  directly leaked ", "  indirectly leaked ", "  possibly leaked ", "  still reachable " };
	unsigned long long blocks, bytes;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct group *group;

		if (!begins(line, kinds[i][0]) || log->group_count == GROUPS_MAX ||
			sscanf(line + strlen(kinds[i][0]), "%llu byte%*[s] in %llu block", &bytes, &blocks) != 2)
			continue;
		log->groups = log->groups ? log->groups : md_memory_new(GROUPS_MAX, sizeof *log->groups);
		group = &log->groups[log->group_count++];
		*group = (struct group){ .kind = kinds[i][1], .blocks = blocks, .bytes = bytes };
		read_owner(&group->owner, line);
		log->heading = &group->owner;
		return;
	}
	for (size_t i = 0; i < sizeof totals / sizeof *totals; i++) {
		if (begins(line, totals[i]) && sscanf(line + strlen(totals[i]), "%llu %llu", &blocks, &bytes) == 2) {
			log->totals[i][0] = blocks;
			log->totals[i][1] = bytes;
		}
	}
}

/* "Process 12 (/a/b), report 1, 0.5 s after start." and "Checked at exit, 0.5 s after start, in /a/b." */
static void read_process(struct md_log_text *log, const char *line)
{
	const char *program = begins(line, "Process ") ? strchr(line, '(') : NULL, *end = program ? strstr(program, "), report ") : NULL;
	const char *in = begins(line, "Checked ") ? strstr(line, " s after start, in ") : NULL, *seconds;

	if (end) {
		snprintf(log->program, sizeof log->program, "%.*s", (int)(end - program - 1), program + 1);
		log->number = strtoull(end + 10, NULL, 10);
		seconds = strstr(end + 10, ", ");
		log->seconds = seconds ? strtod(seconds + 2, NULL) : 0;
	}
	if (!in)
		return;
	snprintf(log->program, sizeof log->program, "%s", in + 19);
	log->program[strlen(log->program) - (log->program[0] ? 1 : 0)] = '\0'; /* the full stop */
	for (seconds = in; seconds > line && seconds[-1] != ' '; seconds--)
		;
	log->seconds = strtod(seconds, NULL);
}

/* --- JSON --------------------------------------------------------------------------------------- */

static void put_frames(struct md_json *json, const struct md_log_text *log, const struct owner *owner)
{
	if (!owner->count)
		return;
	md_json_array(json, "stack");
	for (size_t i = 0; i < owner->count; i++) {
		const struct frame *frame = &log->frames[owner->begin + i];

		md_json_object(json, NULL);
		md_json_address(json, "pc", frame->pc);
		md_json_string(json, "module", frame->module);
		if (frame->module)
			md_json_address(json, "offset", frame->offset);
		md_json_string(json, "build_id", frame->build_id);
		md_json_string(json, "function", frame->function);
		md_json_string(json, "file", frame->file);
		if (frame->line)
			md_json_uint(json, "line", frame->line);
		if (frame->column)
			md_json_uint(json, "column", frame->column);
		md_json_end(json);
	}
	md_json_end(json);
}

static void put_owner(struct md_json *json, const struct md_log_text *log, const struct owner *owner)
{
	if (owner->function[0])
		md_json_string(json, "function", owner->function);
	if (owner->thread)
		md_json_uint(json, "thread", owner->thread - 1);
	md_json_seconds(json, "seconds", owner->seconds);
	put_frames(json, log, owner);
}

static void put_block(struct md_json *json, const struct md_log_text *log)
{
	md_json_object(json, "block");
	md_json_address(json, "address", log->block);
	md_json_uint(json, "bytes", log->block_bytes);
	md_json_int(json, "offset", (int64_t)(log->address - log->block));
	md_json_string(json, "state", log->block_state);
	for (int role = ROLE_ALLOCATED; role <= ROLE_FREED; role++) {
		if (!log->owners[role].known)
			continue;
		md_json_object(json, role == ROLE_FREED ? "freed" : "allocated");
		put_owner(json, log, &log->owners[role]);
		md_json_end(json);
	}
	md_json_end(json);
}

static void put_error(struct md_json *json, const struct md_log_text *log)
{
	md_json_uint(json, "number", log->number);
	md_json_string(json, "error", log->slug);
	for (int i = 0; i < MD_ERROR_COUNT; i++) {
		const struct md_error_info *info = md_error_info((enum md_error)i);

		if (strcmp(info->slug, log->slug))
			continue;
		md_json_string(json, "title", info->title);
		md_json_string(json, "hint", info->hint);
	}
	md_json_string(json, "role", !log->is_late ? "call" : log->owners[ROLE_FREED].known ? "freed" : "allocated");
	md_json_string(json, "site", log->site);
	md_json_string(json, "noticed", log->noticed ? log->noticed : "call");
	if (log->has_address)
		md_json_address(json, "address", log->address);
	md_json_object(json, "call");
	md_json_bool(json, "is_mistake", !log->is_late);
	put_owner(json, log, &log->owners[ROLE_CALL]);
	md_json_end(json);
	if (log->access) {
		md_json_object(json, "access");
		md_json_string(json, "kind", log->access);
		md_json_address(json, "address", log->access_address);
		md_json_uint(json, "bytes", log->access_bytes);
		if (log->access_function[0])
			md_json_string(json, "function", log->access_function);
		md_json_end(json);
	}
	if (log->is_crash) {
		md_json_object(json, "crash");
		md_json_string(json, "signal", log->slug);
		md_json_end(json);
	}
	if (log->has_block)
		put_block(json, log);
}

static void put_leaks(struct md_json *json, const struct md_log_text *log)
{
	static const char *const kinds[] = { "direct", "indirect", "possible", "reachable" };

	md_json_object(json, "totals");
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		md_json_object(json, kinds[i]);
		md_json_uint(json, "blocks", log->totals[i][0]);
		md_json_uint(json, "bytes", log->totals[i][1]);
		md_json_end(json);
	}
	md_json_end(json);
	md_json_array(json, "groups");
	for (size_t i = 0; i < log->group_count; i++) {
		md_json_object(json, NULL);
		md_json_string(json, "kind", log->groups[i].kind);
		md_json_string(json, "fingerprint", "0000000000000000");
		md_json_uint(json, "blocks", log->groups[i].blocks);
		md_json_uint(json, "bytes", log->groups[i].bytes);
		put_owner(json, log, &log->groups[i].owner);
		md_json_end(json);
	}
	md_json_end(json);
}

/* Puts the digits where zeros were written for them. */
static void set_fingerprint(struct md_log_text *log, const struct md_value *object, uint64_t fingerprint)
{
	const struct md_value *place = md_value_get(object, "fingerprint");
	char digits[17];

	if (!place || place->end - place->begin != 18)
		return;
	md_fingerprint_text(fingerprint, digits);
	memcpy(log->buffer + place->begin + 1, digits, 16);
}

static const char *write_report(struct md_log_text *log, size_t *bytes)
{
	const struct md_value *report;
	struct md_text text;
	struct md_json json;

	log->buffer = log->buffer ? log->buffer : md_memory_new(TEXT_BYTES, 1);
	md_text_init(&text, log->buffer, TEXT_BYTES, false);
	md_json_init(&json, &text, 0);
	md_json_object(&json, NULL);
	md_json_uint(&json, "version", 1);
	md_json_string(&json, "type", log->is_leaks ? "leaks" : "error");
	md_json_object(&json, "process");
	md_json_uint(&json, "pid", log->pid);
	md_json_string(&json, "program", log->program);
	md_json_seconds(&json, "started", log->started);
	md_json_seconds(&json, "seconds", log->seconds);
	md_json_end(&json);
	if (log->is_leaks) {
		put_leaks(&json, log);
	} else {
		md_json_string(&json, "fingerprint", "0000000000000000");
		put_error(&json, log);
	}
	md_json_end(&json);
	report = md_json_read(&log->reader, log->buffer, text.length);
	if (!report)
		return NULL;
	if (!log->is_leaks)
		set_fingerprint(log, report, md_json_fingerprint_error(report));
	for (const struct md_value *group = md_value_elements(report, "groups"); group; group = group->next)
		set_fingerprint(log, group, md_json_fingerprint_stack(md_json_leak_slug(group), md_value_get(group, "stack")));
	*bytes = text.length;
	return log->buffer;
}

/* "==12==ERROR: malloc-debug: double-free on address 0x12 (T0, name)". MD_LOG_REPORT: it is the first line of one. */
static enum md_log_found read_head(const char *line, uint64_t *pid, const char **what, bool *is_leaks)
{
	static const char *const leaks[] = { "detected memory leaks", "detected possible memory leaks", "no memory leaks" };
	bool is_error;
	char *at;

	if (!begins(line, "==") || line[2] < '0' || line[2] > '9')
		return MD_LOG_NOTHING;
	*pid = strtoull(line + 2, &at, 10);
	if (!begins(at, "=="))
		return MD_LOG_NOTHING;
	at += 2;
	is_error = begins(at, "ERROR: ");
	at += is_error ? 7 : begins(at, "WARNING: ") ? 9 : 0;
	if (!begins(at, "malloc-debug: "))
		return MD_LOG_NOTHING;
	*what = at + 14;
	*is_leaks = false;
	for (size_t i = 0; i < sizeof leaks / sizeof *leaks; i++)
		*is_leaks |= begins(*what, leaks[i]);
	if (*is_leaks)
		return MD_LOG_REPORT;
	if (begins(*what, "memory in use is growing"))
		return MD_LOG_OTHER;
	/* Of a crash inside of a call of ours there is this one line, with its address. */
	return is_error && !strstr(*what, " at address 0x") ? MD_LOG_REPORT : MD_LOG_NOTHING;
}

static void begin_report(struct md_log_text *log, uint64_t pid, const char *what, bool is_leaks)
{
	const char *address = strstr(what, " on address 0x");

	clear(log);
	log->inside = true;
	log->pid = pid;
	log->is_leaks = is_leaks;
	snprintf(log->slug, sizeof log->slug, "%.*s", (int)strcspn(what, " "), what);
	log->has_address = address;
	log->address = address ? strtoull(address + 12, NULL, 16) : 0;
}

static void read_line(struct md_log_text *log, const char *line)
{
	if (read_frame(log, line))
		return;
	read_process(log, line);
	if (log->is_leaks) {
		log->heading = NULL;
		read_leaks_line(log, line);
	} else {
		read_heading(log, line);
		read_fact(log, line);
	}
}

enum md_log_found md_log_text_add(struct md_log_text *log, const char *line, size_t bytes, const char **report, size_t *report_bytes)
{
	char *copy = clean(line, bytes);
	bool was_inside = log->inside, is_leaks;
	const char *what;
	uint64_t pid;
	enum md_log_found found = read_head(copy, &pid, &what, &is_leaks);

	if (found == MD_LOG_REPORT) {
		begin_report(log, pid, what, is_leaks);
		found = was_inside ? MD_LOG_CUT : MD_LOG_NOTHING;
	} else if (found == MD_LOG_NOTHING && was_inside && begins(copy, end_mark)) {
		const char *site = copy + sizeof end_mark - 1 + strcspn(copy + sizeof end_mark - 1, " ");

		snprintf(log->site, sizeof log->site, "%s", site + (*site == ' '));
		log->inside = false;
		*report = write_report(log, report_bytes);
		found = *report ? MD_LOG_REPORT : MD_LOG_NOTHING;
	} else if (found == MD_LOG_NOTHING && was_inside) {
		read_line(log, copy);
	}
	free(copy);
	return found;
}
