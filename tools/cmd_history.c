/* SPDX-License-Identifier: MIT
 *
 * malloc-debug history: prints what is in a history file, of a process that runs or of one that died.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report/history_json.h"
#include "report/history_text.h"
#include "report/names.h"
#include "report/symbol_protocol.h"
#include "src/clock.h"
#include "src/os.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/history_reader.h"
#include "tools/symbol_answer.h"
#include "tools/symbol_file.h"

#define NAMES_BYTES_MIN ((size_t)1 << 20)
#define NAMES_BYTES_FRAME 600
#define NAMES_BYTES_MAX ((size_t)256 << 20)
#define TEXT_BYTES ((size_t)256 << 10)
#define JSON_BYTES_EVENT 320
#define JSON_BYTES_MAX ((size_t)1 << 30)

struct wish {
	const char *path;
	struct md_history_filter filter;
	bool stacks, json, plain; /* plain: no names */
};

/* --- arguments ------------------------------------------------------------------- */

static bool take_number(const char *text, const char **rest, uint64_t *value)
{
	char *stop;

	errno = 0;
	*value = strtoull(text, &stop, 0);
	*rest = stop;
	return stop != text && !errno && *text != '-';
}

static bool take_address(const char *text, struct md_history_filter *filter)
{
	const char *rest;

	if (!take_number(text, &rest, &filter->begin))
		return false;
	filter->end = filter->begin + 1;
	if (!strncmp(rest, "..", 2) && !take_number(rest + 2, &rest, &filter->end))
		return false;
	return !*rest && filter->end > filter->begin;
}

/* "T3" or "3", as reports count: the first is T0, and has id 1. */
static bool take_thread(const char *text, struct md_history_filter *filter)
{
	const char *rest;
	uint64_t number;

	if (!take_number(text + (*text == 'T' || *text == 't'), &rest, &number) || *rest || number >= MD_THREAD_INFOS_MAX - 1)
		return false;
	filter->thread = (int)number + 1;
	return true;
}

static bool take_last(const char *text, struct md_history_filter *filter)
{
	const char *rest;
	uint64_t number;

	if (!take_number(text, &rest, &number) || *rest || !number)
		return false;
	filter->last = number;
	return true;
}

const struct md_flag md_history_flags[] = {
	{ "address", 0, "A[..B]", "Only blocks that have bytes at A (from A up to, not including, B), with their stacks." },
	{ "thread", 0, "T", "Only events of this thread, as reports number them: T0 is the first." },
	{ "last", 0, "N", "Only the last N of these." },
	{ "stacks", 0, NULL, "Show the whole stack of each event." },
	{ "format", 0, "text|json", "json: one object as in malloc-debug-report(5), type \"history\"." },
	{ "no-symbolize", 0, NULL, "Show modules and offsets in place of functions and lines." },
	{ 0 },
};
enum { FLAG_ADDRESS, FLAG_THREAD, FLAG_LAST, FLAG_STACKS, FLAG_FORMAT, FLAG_NO_SYMBOLIZE };

static bool take_flag(int flag, const char *value, struct wish *wish)
{
	switch (flag) {
	case FLAG_ADDRESS:
		return take_address(value, &wish->filter);
	case FLAG_THREAD:
		return take_thread(value, &wish->filter);
	case FLAG_LAST:
		return take_last(value, &wish->filter);
	case FLAG_STACKS:
		return wish->stacks = true;
	case FLAG_FORMAT:
		wish->json = !strcmp(value, "json");
		return true;
	case FLAG_NO_SYMBOLIZE:
		return wish->plain = true;
	default: /* an argument */
		if (wish->path)
			return false;
		wish->path = value;
		return true;
	}
}

/* False after a complaint. */
static bool take_arguments(int argc, char **argv, struct wish *wish)
{
	struct md_flags flags = { .command = "history", .table = md_history_flags, .argc = argc, .argv = argv };
	const char *value = NULL;
	int flag;

	while ((flag = md_flags_next(&flags, &value)) != MD_FLAGS_END) {
		if (flag == MD_FLAGS_WRONG)
			return false;
		if (!take_flag(flag, value, wish)) {
			fprintf(stderr, "malloc-debug history: %s: %s; see malloc-debug help history\n", value,
				flag == MD_FLAGS_ARGUMENT ? "one file at a time" : "this value makes no sense");
			return false;
		}
	}
	if (!wish->path)
		fputs("malloc-debug history: which FILE? See malloc-debug help history\n", stderr);
	return wish->path;
}

/* --- the file ----------------------------------------------------------------------- */

/* All of it, for free(): its process may shorten it while we look. NULL after a complaint. */
static unsigned char *read_file(const char *path, size_t *count)
{
	struct stat status;
	unsigned char *bytes = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*count = 0;
	if (fd < 0 || fstat(fd, &status) != 0) {
		fprintf(stderr, "malloc-debug history: %s: %s\n", path, strerror(errno));
	} else if (!S_ISREG(status.st_mode)) {
		fprintf(stderr, "malloc-debug history: %s: this is not a file\n", path);
	} else if (!(bytes = malloc((size_t)status.st_size + 1))) {
		fprintf(stderr, "malloc-debug history: %s: there is not enough memory for it\n", path);
	} else {
		while (*count < (size_t)status.st_size) {
			ssize_t got = read(fd, bytes + *count, (size_t)status.st_size - *count);

			if (got < 0 && errno == EINTR)
				continue;
			if (got <= 0)
				break;
			*count += (size_t)got;
		}
	}
	if (fd >= 0)
		close(fd);
	return bytes;
}

/* As runtime/history_file_open.c reads it; 0 if there is no such process. */
static uint64_t process_start(uint32_t pid)
{
	char path[32], line[1024] = "";
	uint64_t start = 0;

	snprintf(path, sizeof path, "/proc/%" PRIu32 "/stat", pid);
	FILE *file = fopen(path, "re");

	if (!file)
		return 0;
	if (fgets(line, sizeof line, file)) {
		const char *at = strrchr(line, ')');

		for (int field = 2; at && field < 22; field++)
			at = (at = strchr(at, ' ')) ? at + 1 : NULL;
		if (at)
			start = strtoull(at, NULL, 10);
	}
	fclose(file);
	return start;
}

static bool same_boot(const struct md_history_file_header *header)
{
	char id[40] = "";
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (file) {
		if (fgets(id, sizeof id, file))
			id[strcspn(id, "\n")] = '\0';
		fclose(file);
	}
	return *id && !strcmp(id, header->boot_id);
}

/* While the same system runs, both clocks have gone on since: a far longer stretch to compare them by. */
static double find_tick(const struct md_history_reader *reader)
{
	const struct md_history_file_header *header = &reader->header;
	uint64_t ticks = md_clock_now(), now = md_os_nanoseconds();

	if (same_boot(header) && ticks > header->start_ticks && now > header->start_nanoseconds) {
		double tick = (double)(now - header->start_nanoseconds) / (double)(ticks - header->start_ticks);

		/* Not if they are another machine's, by chance or on purpose. */
		if (!reader->tick_nanoseconds || (tick > reader->tick_nanoseconds * 0.9 && tick < reader->tick_nanoseconds * 1.1))
			return tick;
	}
	return reader->tick_nanoseconds ? reader->tick_nanoseconds : 1;
}

/* --- names -------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

static int compare_frames(const void *a, const void *b)
{
	const struct md_frame *left = a, *right = b;

	if (left->module != right->module)
		return left->module < right->module ? -1 : 1;
	return left->pc < right->pc ? -1 : left->pc > right->pc;
}

/* The frames of all events, each once. NULL if there are none. */
static struct md_frame *list_frames(const struct md_history_reader *reader, size_t *count)
{
	uint32_t *ids = calloc(reader->event_count + 1, sizeof *ids);
	struct md_frame *frames = NULL;
	size_t room = 0;

	*count = 0;
	for (size_t i = 0; ids && i < reader->event_count; i++)
		ids[i] = reader->events[i].stack;
	if (ids)
		qsort(ids, reader->event_count, sizeof *ids, compare_ids);
	for (size_t i = 0; ids && i < reader->event_count; i++) {
		if (!ids[i] || (i && ids[i] == ids[i - 1]))
			continue;
		if (*count + MD_STACK_FRAMES_MAX > room) {
			struct md_frame *more = realloc(frames, (2 * room + 4096) * sizeof *frames);

			if (!more)
				break;
			frames = more;
			room = 2 * room + 4096;
		}
		*count += md_stack_store_frames(reader->stacks, (md_stack_id){ ids[i] }, frames + *count, MD_STACK_FRAMES_MAX);
	}
	free(ids);
	if (frames)
		qsort(frames, *count, sizeof *frames, compare_frames);
	return frames;
}

static void name_frame(const struct md_history_reader *reader, struct md_frame frame, struct md_names *names)
{
	static struct md_symbol_answer answer;
	const struct md_module *module = md_modules_get(reader->modules, frame.module);
	struct md_symbol_request request = { .kind = MD_SYMBOL_ASK, .address = frame.pc - module->bias, .path = module->path,
		.path_bytes = strlen(module->path), .build_id_bytes = module->build_id_bytes };

	memcpy(request.build_id, module->build_id, sizeof request.build_id);
	struct md_symbol_file *file = *request.path == '/' && request.address ? md_symbol_file_find(&request) : NULL;

	if (!file)
		return;
	md_symbol_file_name(file, request.address - 1, &answer);
	for (size_t i = 0; i < answer.entry_count; i++) {
		struct md_name name = answer.entries[i];

		name.inlined = i + 1 < answer.entry_count;
		md_names_put(names, frame, &name);
	}
	md_symbol_answer_clear(&answer);
}

/* NULL where there is no memory: then they have no names. */
static struct md_names *find_names(const struct md_history_reader *reader)
{
	size_t count, bytes;
	struct md_frame *frames = list_frames(reader, &count);
	struct md_names *names = NULL;
	void *memory;

	bytes = NAMES_BYTES_MIN + count * NAMES_BYTES_FRAME;
	if (frames && (memory = aligned_alloc(16, bytes < NAMES_BYTES_MAX ? (bytes | 15) + 1 : NAMES_BYTES_MAX))) {
		names = md_names_init(memory, bytes < NAMES_BYTES_MAX ? bytes : NAMES_BYTES_MAX);
		for (size_t i = 0; i < count; i++)
			if (!i || compare_frames(&frames[i], &frames[i - 1]))
				name_frame(reader, frames[i], names);
	}
	free(frames);
	return names;
}

/* --- printing ----------------------------------------------------------------------- */

static void flush(struct md_text *text)
{
	fwrite(text->buffer, 1, text->length, stdout);
	text->length = 0;
}

static void put_threads(struct md_text *text, const struct md_history_reader *reader, const struct md_stack_printer *printer)
{
	unsigned char *seen = calloc(1, MD_THREAD_INFOS_MAX);

	for (size_t i = 0; seen && i < reader->event_count; i++)
		seen[md_event_thread(&reader->events[i]).value] = 1;
	for (size_t i = 1; seen && i < MD_THREAD_INFOS_MAX; i++) {
		const struct md_thread_info *thread = &reader->threads[i];

		if (!seen[i] || !thread->tid)
			continue;
		md_textf(text, "Thread T%u: kernel's number %u", (unsigned)i - 1, thread->tid);
		if (thread->creator.value) {
			md_textf(text, ", created by T%u at ", (unsigned)thread->creator.value - 1);
			md_stack_site_text(text, printer, thread->created);
		}
		md_textf(text, "%s\n", thread->alive ? "" : ", ended");
		flush(text);
	}
	free(seen);
}

static void put_head(struct md_text *text, const struct md_history_reader *reader, const double *seconds)
{
	const struct md_history_file_header *header = &reader->header;
	uint64_t start = process_start(header->pid);
	time_t begun = (time_t)header->start_seconds;
	char date[64] = "";
	struct tm parts;

	if (gmtime_r(&begun, &parts))
		strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S UTC", &parts);
	md_textf(text, "Process %u (%S), started %s, %s; written by malloc-debug %S\n", header->pid, header->program, date,
		start && start == header->process_start ? "running" : "not running any more", header->library_version);
	if (header->parent_pid)
		md_textf(text, "It was forked by process %u, whose history until then is in it.\n", header->parent_pid);
	if (reader->event_count) {
		md_textf(text, "%lu ring%s", (uint64_t)reader->ring_count, reader->ring_count == 1 ? "" : "s");
		char range[96];

		snprintf(range, sizeof range, "; events from %.6f s to %.6f s after the start\n", seconds[0], seconds[reader->event_count - 1]);
		md_text_put(text, range);
	}
	if (header->lost & MD_HISTORY_LOST_CHILD)
		md_text_put(text, "Forked children could not have files of their own.\n");
	if (header->lost & ~(uint32_t)MD_HISTORY_LOST_CHILD)
		md_textf(text, "The file had no room for all:%s%s%s.\n", header->lost & MD_HISTORY_LOST_RING ? " threads are missing" : "",
			header->lost & MD_HISTORY_LOST_STACKS ? " stacks are missing" : "",
			header->lost & MD_HISTORY_LOST_MODULE ? " modules are missing" : "");
	if (reader->bad_events || reader->bad_chunks)
		md_textf(text, "Damaged and left out: %lu events, %lu parts of the file.\n", (uint64_t)reader->bad_events, (uint64_t)reader->bad_chunks);
	flush(text);
}

static void print_text(const struct wish *wish, const struct md_history_reader *reader, const double *seconds, size_t fitting,
	const struct md_stack_printer *printer)
{
	static char buffer[TEXT_BYTES];
	struct md_text text;
	bool stacks = wish->stacks || wish->filter.end;

	md_text_init(&text, buffer, sizeof buffer, false);
	put_head(&text, reader, seconds);
	put_threads(&text, reader, printer);
	if (!fitting)
		md_text_put(&text, "History: no events\n");
	else if (fitting > reader->event_count)
		md_textf(&text, "History: the last %lu of %lu events\n", (uint64_t)reader->event_count, (uint64_t)fitting);
	else
		md_textf(&text, "History: %lu event%s\n", (uint64_t)fitting, fitting == 1 ? "" : "s");
	for (size_t i = 0; i < reader->event_count; i++) {
		md_history_event_text(&text, &reader->events[i], seconds[i], printer);
		if (stacks)
			md_stack_text(&text, printer, (md_stack_id){ reader->events[i].stack });
		flush(&text);
	}
	flush(&text);
}

static void print_json(const struct wish *wish, const struct md_history_reader *reader, const double *seconds, size_t fitting,
	const struct md_stack_printer *printer)
{
	size_t bytes = ((size_t)32 << 20) + reader->event_count * JSON_BYTES_EVENT;
	struct md_stacks_json *stacks = calloc(1, sizeof *stacks);
	struct md_origin origin = { .pid = reader->header.pid, .program = reader->header.program, .host = "",
		.started = (double)reader->header.start_seconds, .seconds = -1 };
	struct md_history_list list = { .events = reader->events, .seconds = seconds, .count = reader->event_count, .total = fitting,
		.addr = wish->filter.end == wish->filter.begin + 1 ? wish->filter.begin : 0 };
	struct md_text text;

	if (bytes > JSON_BYTES_MAX)
		bytes = JSON_BYTES_MAX;
	char *buffer = malloc(bytes);

	if (!buffer || !stacks) {
		fputs("malloc-debug history: there is not enough memory\n", stderr);
	} else {
		md_text_init(&text, buffer, bytes, false);
		for (size_t i = 0; i < reader->event_count; i++)
			md_stacks_json_add(stacks, reader->stacks, (md_stack_id){ reader->events[i].stack });
		md_history_json(&text, &list, &origin, stacks, printer, NULL, false);
		flush(&text);
	}
	free(buffer);
	free(stacks);
}

static int show(const struct wish *wish, struct md_history_reader *reader)
{
	size_t fitting = md_history_reader_select(reader, &wish->filter);
	double *seconds = calloc(reader->event_count + 1, sizeof *seconds), tick = find_tick(reader);

	if (!seconds) {
		fputs("malloc-debug history: there is not enough memory\n", stderr);
		return MD_EXIT_TROUBLE;
	}
	for (size_t i = 0; i < reader->event_count; i++)
		seconds[i] = (double)(int64_t)(reader->events[i].time - reader->header.start_ticks) * tick / 1e9;
	struct md_names *names = wish->plain ? NULL : find_names(reader);
	struct md_stack_printer printer = { .stacks = reader->stacks, .modules = reader->modules, .names = names };

	if (wish->json)
		print_json(wish, reader, seconds, fitting, &printer);
	else
		print_text(wish, reader, seconds, fitting, &printer);
	free(names);
	free(seconds);
	return fflush(stdout) || ferror(stdout) ? MD_EXIT_TROUBLE : 0;
}

int md_cmd_history(int argc, char **argv)
{
	struct wish wish = { 0 };
	struct md_history_reader reader = { 0 };
	size_t count;
	int result = MD_EXIT_TROUBLE;

	if (!take_arguments(argc, argv, &wish))
		return MD_EXIT_USAGE;
	unsigned char *bytes = read_file(wish.path, &count);

	if (!bytes)
		return MD_EXIT_TROUBLE;
	const char *complaint = md_history_reader_open(&reader, bytes, count);

	free(bytes);
	if (complaint)
		fprintf(stderr, "malloc-debug history: %s: %s\n", wish.path, complaint);
	else
		result = show(&wish, &reader);
	md_history_reader_close(&reader);
	return result;
}
