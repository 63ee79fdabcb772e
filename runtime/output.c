/* SPDX-License-Identifier: MIT */
#include "runtime/output.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "report/asan_text.h"
#include "report/error_json.h"
#include "report/leak_json.h"
#include "report/parts_json.h"
#include "report/sarif.h"
#include "report/watch_json.h"
#include "runtime/log_file.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/sink.h"
#include "runtime/syscall.h"
#include "src/clock.h"
#include "src/os.h"

#define BYTES_MAX ((size_t)8 << 20) /* of one report; only pages that are written to take memory */
#define BYTES_MIN ((size_t)256 << 10)

#define BIT(format) (1u << (format))

static char host[65];

/* One report, of whichever kind. */
struct job {
	enum md_output_kind kind;
	const void *report;
	const void *more; /* printer, or totals */
	struct md_origin origin;
};

static void find_host(void)
{
	struct utsname names;

	if (!host[0] && md_syscall1(SYS_uname, (long)&names) == 0)
		memcpy(host, names.nodename, sizeof host < sizeof names.nodename ? sizeof host - 1 : sizeof names.nodename);
}

struct md_origin md_output_origin(void)
{
	if (!md_is_restricted())
		find_host();
	return (struct md_origin){
		.pid = md_process_pid(),
		.program = md_process.program,
		.host = host,
		.started = (double)md_process.start_seconds,
		.seconds = md_process_seconds(md_clock_now()),
	};
}

/* --- which format for what ------------------------------------------------------------ */

static bool has_format(enum md_output_kind kind, uint64_t format)
{
	switch (format) {
	case MD_FORMAT_SARIF:
		return kind == MD_OUTPUT_ERROR || kind == MD_OUTPUT_LEAKS || kind == MD_OUTPUT_GROWTH;
	case MD_FORMAT_ASAN:
		return kind == MD_OUTPUT_ERROR || kind == MD_OUTPUT_LEAKS;
	default:
		return true;
	}
}

static const char *file_of(uint64_t format)
{
	const struct md_options *options = &md_process.options;

	return format == MD_FORMAT_JSON ? options->json_file : format == MD_FORMAT_SARIF ? options->sarif_file : options->asan_file;
}

bool md_output_is_text(enum md_output_kind kind)
{
	uint64_t format = md_process.options.format;

	return format == MD_FORMAT_TEXT || !has_format(kind, format);
}

/* Bits of the formats, besides text, in which a report of that kind is wanted. */
static unsigned wanted(enum md_output_kind kind)
{
	unsigned formats = 0;

	for (unsigned format = MD_FORMAT_JSON; format <= MD_FORMAT_ASAN; format++)
		if (has_format(kind, format) && (md_process.options.format == format || file_of(format)[0]))
			formats |= BIT(format);
	return formats;
}

/* --- making ------------------------------------------------------------------------------ */

static void make_json(struct md_text *text, const struct job *job)
{
	switch (job->kind) {
	case MD_OUTPUT_ERROR:
		md_error_json(text, job->report, &job->origin);
		break;
	case MD_OUTPUT_LEAKS:
		md_leak_json(text, job->report, job->more, &job->origin);
		break;
	case MD_OUTPUT_GROWTH:
		md_growth_json(text, job->report, job->more, &job->origin);
		break;
	case MD_OUTPUT_STATS:
		md_stats_json(text, job->report, job->more, &job->origin);
		break;
	case MD_OUTPUT_WRITE:
		md_watch_json(text, job->report, job->more, &job->origin);
		break;
	default: /* comes ready made */
		break;
	}
}

static void make_sarif(struct md_text *text, const struct job *job)
{
	switch (job->kind) {
	case MD_OUTPUT_ERROR:
		md_sarif_error(text, job->report, &job->origin);
		break;
	case MD_OUTPUT_LEAKS:
		md_sarif_leaks(text, job->report, job->more, &job->origin);
		break;
	case MD_OUTPUT_GROWTH:
		md_sarif_growth(text, job->report, job->more, &job->origin);
		break;
	default: /* no mistakes */
		break;
	}
}

static void make_asan(struct md_text *text, const struct job *job)
{
	if (job->kind == MD_OUTPUT_ERROR)
		md_asan_error_text(text, job->report);
	else if (job->kind == MD_OUTPUT_LEAKS)
		md_asan_leak_text(text, job->report, job->more);
}

/* --- writing -------------------------------------------------------------------------------- */

/* Once for each file: format is that of the file, MD_FORMAT_TEXT for the log. */
static void complain(uint64_t format, const char *pattern, int error)
{
	static unsigned told;
	char line[700];
	struct md_text text;

	if (!error || (told & BIT(format)))
		return;
	told |= BIT(format);
	md_text_init(&text, line, sizeof line, false);
	md_textf(&text, "malloc-debug: cannot write a report to %S: ", pattern);
	if (error == -EINVAL)
		md_text_put(&text, "there is something else in it\n");
	else
		md_textf(&text, "errno %d\n", -error);
	md_sink_write(line, text.length);
}

static void write_lines(uint64_t format, const struct md_text *text)
{
	const char *file = file_of(format);

	if (!text->length)
		return;
	if (md_process.options.format == format)
		md_sink_write_log(text->buffer, text->length, format == MD_FORMAT_JSON);
	if (file[0])
		complain(format, file, md_log_file_append(file, text->buffer, text->length, true));
}

/* On standard error each report is a document: what went out cannot be added to. */
static void write_sarif(const struct md_log_document *document)
{
	const char *file = md_process.options.sarif_file;
	bool is_log = md_process.options.format == MD_FORMAT_SARIF;

	int error = is_log && !md_sink_is_stderr() ? md_log_file_add(md_process.options.log, document) : 0;

	complain(MD_FORMAT_TEXT, md_process.options.log, error);
	if (is_log && document->body_bytes && (error || md_sink_is_stderr())) /* the three lie one after the other */
		md_sink_write(document->head, document->head_bytes + document->body_bytes + document->tail_bytes);
	if (file[0])
		complain(MD_FORMAT_SARIF, file, md_log_file_add(file, document));
}

/* Head, body and tail in one buffer; job is NULL for a document without results. */
static void put_sarif(char *buffer, size_t bytes, const struct job *job)
{
	size_t tail_bytes = strlen(md_sarif_tail);
	struct md_log_document document = {
		.head = buffer, .separator = md_sarif_separator, .separator_bytes = strlen(md_sarif_separator), .tail_bytes = tail_bytes
	};
	struct md_text text;

	md_text_init(&text, buffer, bytes - tail_bytes, false);
	md_sarif_head(&text);
	document.head_bytes = text.length;
	document.body = buffer + text.length;
	if (job)
		make_sarif(&text, job);
	document.body_bytes = text.length - document.head_bytes;
	document.tail = buffer + text.length;
	text.capacity = bytes; /* so much was kept for it */
	md_text_put(&text, md_sarif_tail);
	if (document.body_bytes || !job)
		write_sarif(&document);
}

static char *map_buffer(size_t *bytes)
{
	char *buffer = md_os_map(0, *bytes = BYTES_MAX);

	return buffer ? buffer : md_os_map(0, *bytes = BYTES_MIN);
}

static void put(struct job *job)
{
	static const char no_memory[] = "malloc-debug: there is no memory to write a report in all formats\n";
	unsigned formats = wanted(job->kind);
	size_t bytes;
	char *buffer = formats ? map_buffer(&bytes) : NULL;
	struct md_text text;

	if (!formats)
		return;
	if (!buffer) {
		md_sink_write_log(no_memory, sizeof no_memory - 1, false);
		return;
	}
	job->origin = md_output_origin();
	if (job->kind == MD_OUTPUT_ERROR) /* when it was found, not when it is written */
		job->origin.seconds = ((const struct md_report *)job->report)->seconds;
	else if (job->kind == MD_OUTPUT_LEAKS)
		job->origin.seconds = ((const struct md_leak_report *)job->report)->seconds;
	else if (job->kind == MD_OUTPUT_WRITE)
		job->origin.seconds = ((const struct md_watch_write *)job->report)->seconds;
	if (formats & BIT(MD_FORMAT_JSON)) {
		md_text_init(&text, buffer, bytes, false);
		make_json(&text, job);
		write_lines(MD_FORMAT_JSON, &text);
	}
	if (formats & BIT(MD_FORMAT_ASAN)) {
		md_text_init(&text, buffer, bytes, false);
		make_asan(&text, job);
		write_lines(MD_FORMAT_ASAN, &text);
	}
	if (formats & BIT(MD_FORMAT_SARIF))
		put_sarif(buffer, bytes, job);
	md_os_unmap(buffer, bytes);
}

void md_output_error(const struct md_report *report)
{
	put(&(struct job){ .kind = MD_OUTPUT_ERROR, .report = report });
}

void md_output_leaks(const struct md_leak_report *report, const struct md_stack_printer *printer)
{
	put(&(struct job){ .kind = MD_OUTPUT_LEAKS, .report = report, .more = printer });
}

void md_output_growth(const struct md_growth_report *report, const struct md_stack_printer *printer)
{
	put(&(struct job){ .kind = MD_OUTPUT_GROWTH, .report = report, .more = printer });
}

void md_output_stats(const struct md_counters *counters, const struct md_heap_totals *totals)
{
	put(&(struct job){ .kind = MD_OUTPUT_STATS, .report = counters, .more = totals });
}

void md_output_write(const struct md_watch_write *write, const struct md_stack_printer *printer)
{
	put(&(struct job){ .kind = MD_OUTPUT_WRITE, .report = write, .more = printer });
}

bool md_output_is_json(enum md_output_kind kind)
{
	return wanted(kind) & BIT(MD_FORMAT_JSON);
}

void md_output_json(const struct md_text *line)
{
	write_lines(MD_FORMAT_JSON, line);
}

bool md_output_message(const char *text, size_t bytes)
{
	size_t capacity = (6 * bytes + MD_PAGE_BYTES + 2048) & ~(size_t)(MD_PAGE_BYTES - 1);
	char *buffer = md_os_map(0, capacity);
	struct md_origin origin = md_output_origin();
	struct md_text json;

	if (!buffer)
		return false;
	md_text_init(&json, buffer, capacity, false);
	md_json_message(&json, &origin, text, bytes);
	md_sink_write_log(buffer, json.length, true);
	md_os_unmap(buffer, capacity);
	return true;
}

void md_output_begin(void)
{
	size_t bytes = MD_SARIF_HEAD_BYTES + MD_PAGE_BYTES;
	bool sarif = wanted(MD_OUTPUT_ERROR) & BIT(MD_FORMAT_SARIF);
	char *buffer;

	if (!wanted(MD_OUTPUT_STATS) && !wanted(MD_OUTPUT_ERROR))
		return;
	find_host();
	if (!sarif || !(buffer = md_os_map(0, bytes)))
		return;
	put_sarif(buffer, bytes, NULL);
	md_os_unmap(buffer, bytes);
}
