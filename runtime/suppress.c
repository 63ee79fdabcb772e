/* SPDX-License-Identifier: MIT */
#include "runtime/suppress.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "report/suppress_text.h"
#include "report/text.h"
#include "runtime/lsan.h"
#include "runtime/policy.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/sink.h"
#include "runtime/syscall.h"
#include "src/os.h"
#include "src/suppress.h"

#define LIST_BYTES ((size_t)1 << 20)
#define FILE_BYTES_MAX ((size_t)16 << 20)
#define FRAMES_MAX (MD_STACK_FRAMES_MAX * 2) /* functions inlined at a frame are frames of their own */
#define INLINED_MAX 8

static struct md_suppressions list;
static bool loaded, for_errors;

static void complain(void *context, const char *line)
{
	char buffer[512];
	struct md_text text;

	(void)context;
	md_text_init(&text, buffer, sizeof buffer, false);
	md_textf(&text, "malloc-debug: %S\n", line);
	md_sink_write(buffer, text.length);
}

static void complain_of_file(const char *path, const char *what)
{
	char buffer[600];
	struct md_text text;

	md_text_init(&text, buffer, sizeof buffer, false);
	md_textf(&text, "malloc-debug: suppressions=%S: %s\n", path, what);
	md_sink_write(buffer, text.length);
}

/* Maps a file; it stays mapped, as the entries point into it. A copy, so that whoever shortens the file later does not end us. */
static void load_file(const char *path)
{
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0), got;
	size_t length = 0;
	char *text;

	if (fd < 0) {
		complain_of_file(path, "the file cannot be read");
		return;
	}
	text = md_os_map(0, FILE_BYTES_MAX);
	while (text && length < FILE_BYTES_MAX && (got = md_syscall3(SYS_read, fd, (long)(text + length), (long)(FILE_BYTES_MAX - length))) > 0)
		length += (size_t)got;
	md_syscall1(SYS_close, fd);
	if (!text || length == FILE_BYTES_MAX) {
		complain_of_file(path, "the file is too large");
		return;
	}
	size_t used = (length + MD_PAGE_BYTES) & ~(size_t)(MD_PAGE_BYTES - 1);

	md_os_unmap(text + used, FILE_BYTES_MAX - used);
	md_suppressions_parse(&list, text, length, path, complain, NULL);
}

static void load(void)
{
	static char paths[MD_OPTION_TEXT_MAX];
	const char *own;
	void *memory;

	if (loaded)
		return;
	loaded = true;
	memory = md_os_map(0, LIST_BYTES);
	if (!memory)
		return;
	md_suppressions_init(&list, memory, LIST_BYTES);
	md_suppressions_parse(&list, md_suppress_builtin, md_suppress_builtin_bytes, "built in", NULL, NULL);
	own = md_lsan_suppressions();
	if (own)
		md_suppressions_parse(&list, own, strlen(own), "__lsan_default_suppressions", complain, NULL);
	strcpy(paths, md_process.options.suppressions);
	for (char *path = paths, *next; *path && !md_is_restricted(); path = next) {
		char *comma = strchr(path, ',');

		next = comma ? comma + 1 : path + strlen(path);
		if (comma)
			*comma = '\0';
		if (*path)
			load_file(path);
	}
	for (const struct md_suppression *entry = NULL; (entry = md_suppressions_next(&list, entry));)
		for_errors |= (entry->kinds & ~MD_SUPPRESS_LEAKS) != 0;
}

/* The frames of a stack as they are matched. */
static size_t frames_of(md_stack_id stack, const struct md_names *names, struct md_suppress_frame *frames)
{
	static struct md_frame raw[MD_STACK_FRAMES_MAX]; /* under md_report_lock */
	size_t raw_count = md_stack_store_frames(md_process.heap.stacks, stack, raw, MD_STACK_FRAMES_MAX), count = 0;

	for (size_t i = 0; i < raw_count && i < MD_STACK_FRAMES_MAX; i++) {
		struct md_name entries[INLINED_MAX];
		size_t entry_count = md_names_get(names, raw[i], entries, INLINED_MAX);
		const char *module = md_modules_get(&md_process.heap.modules, raw[i].module)->path;

		for (size_t j = 0; j < entry_count && count < FRAMES_MAX; j++)
			frames[count++] = (struct md_suppress_frame){ .function = entries[j].function, .file = entries[j].file, .line = entries[j].line,
				.module = module };
		if (!entry_count && count < FRAMES_MAX)
			frames[count++] = (struct md_suppress_frame){ .module = module };
	}
	return count;
}

static struct md_suppress_frame frames[FRAMES_MAX]; /* under md_report_lock: too large for small stacks */

void md_suppress_begin(void)
{
	load();
	md_suppressions_recount(&list);
}

bool md_suppress_group(const struct md_leak_group *group, const struct md_names *names)
{
	size_t count = frames_of(group->stack, names, frames);

	return md_suppressions_match(&list, MD_SUPPRESS_LEAK(group->kind), group->api, frames, count, group->count.blocks, group->count.bytes) != NULL;
}

bool md_suppress_finding(const struct md_finding *finding, const struct md_names *names)
{
	const md_stack_id stacks[] = { finding->call.stack, finding->block.alloc_stack, finding->block.free_stack };
	const enum md_api apis[] = { finding->call.api, finding->block.alloc_api, finding->block.free_api };

	load();
	for (size_t i = 0; for_errors && i < sizeof stacks / sizeof stacks[0]; i++) {
		size_t count = frames_of(stacks[i], names, frames);

		if (count && md_suppressions_match(&list, MD_SUPPRESS_ERROR(finding->error), apis[i], frames, count, 1, finding->block.size))
			return true;
	}
	return false;
}

size_t md_suppress_used(struct md_leak_suppressed *used, size_t used_max)
{
	size_t count = 0;

	for (const struct md_suppression *entry = NULL; (entry = md_suppressions_next(&list, entry)) && count < used_max;)
		if (entry->hits && (entry->kinds & MD_SUPPRESS_LEAKS))
			used[count++] = (struct md_leak_suppressed){ .pattern = entry->pattern, .groups = entry->hits,
				.count = { .blocks = entry->blocks, .bytes = entry->bytes } };
	return count;
}

void md_suppress_generate(struct md_text *text, uint64_t kind, enum md_api api, md_stack_id stack, const struct md_names *names)
{
	size_t count = frames_of(stack, names, frames);

	md_textf(text, "# ready entries for the option suppressions; keep one of them:\n");
	md_suppress_line_text(text, kind, frames, count);
	md_suppress_entry_text(text, kind, "name it", api, frames, count);
}

/* A file that is shared by many programs is not about each of them: its entries are only stale for one that needs some of them. */
static bool is_file_used(const char *file)
{
	for (const struct md_suppression *entry = NULL; (entry = md_suppressions_next(&list, entry));)
		if (entry->used && !strcmp(entry->file, file))
			return true;
	return false;
}

void md_suppress_tell_unused(void)
{
	if (!loaded && !md_process.options.suppressions[0])
		return;
	md_lock_take(&md_report_lock);
	load();
	for (const struct md_suppression *entry = NULL; (entry = md_suppressions_next(&list, entry));) {
		bool looked = md_process.options.leaks || (entry->kinds & ~MD_SUPPRESS_LEAKS); /* for what it is about, at all */
		char buffer[512];
		struct md_text text;

		if (entry->used || !looked || !strcmp(entry->file, "built in") || (!md_process.options.verbose && !is_file_used(entry->file)))
			continue;
		md_text_init(&text, buffer, sizeof buffer, false);
		md_textf(&text, "malloc-debug: unused suppression: %S:%u: %S\n", entry->file, entry->line, entry->pattern);
		md_sink_write(buffer, text.length);
	}
	md_lock_release(&md_report_lock);
}
