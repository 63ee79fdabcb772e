/* SPDX-License-Identifier: MIT
 *
 * Matching suppressions.
 */
#include "src/suppress.h"

#include <string.h>

#include "src/suppress_line.h"
#include "src/words.h"

/* LeakSanitizer's rule: the pattern is found somewhere in text. What follows a * is looked for from left to right; going back to the last
 * * is enough. */
static bool matches_part(const char *pattern, size_t length, const char *text)
{
	bool begins = length && pattern[0] == '^', ends = length > begins && pattern[length - 1] == '$', star = !begins;
	size_t p = begins, t = 0, star_pattern = p, star_text = 0;

	length -= ends;
	if (!text || !text[0])
		return false;
	for (;;) {
		if (p == length && (!ends || !text[t]))
			return true;
		if (p < length && pattern[p] == '*') {
			star = true;
			star_pattern = ++p;
			star_text = t;
		} else if (p < length && text[t] && pattern[p] == text[t]) {
			p++;
			t++;
		} else if (star && text[t]) {
			p = star_pattern;
			t = ++star_text;
		} else {
			return false;
		}
	}
}

static bool matches_whole(const char *pattern, size_t length, const char *text)
{
	return md_word_matches(pattern, length, text ? text : "", text ? strlen(text) : 0);
}

/* Valgrind's names may carry a version (dlopen@@GLIBC_2.2.5), and it has one name for what calls main. */
static bool matches_function(const struct md_suppress_line *line, const char *name)
{
	static const char below_main[] = "(below main)";
	const char *at = memchr(line->text, '@', line->length);

	if (matches_whole(line->text, line->length, name) ||
		(at && at > line->text && matches_whole(line->text, (size_t)(at - line->text), name)))
		return true;
	return name && line->length == sizeof below_main - 1 && memcmp(line->text, below_main, line->length) == 0 &&
		(strncmp(name, "__libc_start", 12) == 0 || strcmp(name, "_start") == 0);
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static bool matches_frame(const struct md_suppress_line *line, const struct md_suppress_frame *frame)
{
	switch (line->kind) {
	case MD_SUPPRESS_PART:
		return matches_part(line->text, line->length, frame->function) || matches_part(line->text, line->length, frame->symbol) ||
			matches_part(line->text, line->length, frame->file) || matches_part(line->text, line->length, frame->module);
	case MD_SUPPRESS_FUNCTION:
		return matches_function(line, frame->function) || matches_function(line, frame->symbol);
	case MD_SUPPRESS_MODULE:
		return matches_whole(line->text, line->length, frame->module);
	case MD_SUPPRESS_SOURCE:
		if (line->source_line && line->source_line != frame->line)
			return false;
		return matches_whole(line->text, line->length, frame->file) ||
			matches_whole(line->text, line->length, base_name(frame->file));
	default:
		return true;
	}
}

/* Names of the functions behind an api, for what Valgrind shows as the innermost frame. */
#define CALL_NAMES_MAX 3
static const char *const call_names[MD_API_COUNT][CALL_NAMES_MAX] = {
	[MD_API_MALLOC] = { "malloc" },
	[MD_API_CALLOC] = { "calloc" },
	[MD_API_REALLOC] = { "realloc" },
	[MD_API_REALLOCARRAY] = { "reallocarray" },
	[MD_API_ALIGNED_ALLOC] = { "aligned_alloc" },
	[MD_API_MEMALIGN] = { "memalign" },
	[MD_API_POSIX_MEMALIGN] = { "posix_memalign" },
	[MD_API_VALLOC] = { "valloc" },
	[MD_API_PVALLOC] = { "pvalloc" },
	[MD_API_NEW] = { "_Znwm", "_ZnwmRKSt9nothrow_t", "operator new(unsigned long)" },
	[MD_API_NEW_ARRAY] = { "_Znam", "_ZnamRKSt9nothrow_t", "operator new[](unsigned long)" },
	[MD_API_NEW_ALIGNED] = { "_ZnwmSt11align_val_t", "_ZnwmSt11align_val_tRKSt9nothrow_t",
		"operator new(unsigned long, std::align_val_t)" },
	[MD_API_NEW_ARRAY_ALIGNED] = { "_ZnamSt11align_val_t", "_ZnamSt11align_val_tRKSt9nothrow_t",
		"operator new[](unsigned long, std::align_val_t)" },
	[MD_API_FREE] = { "free" },
	[MD_API_CFREE] = { "cfree" },
	[MD_API_FREE_SIZED] = { "free_sized" },
	[MD_API_FREE_ALIGNED_SIZED] = { "free_aligned_sized" },
	[MD_API_REALLOC_FREE] = { "realloc" },
	[MD_API_DELETE] = { "_ZdlPv", "_ZdlPvRKSt9nothrow_t", "operator delete(void*)" },
	[MD_API_DELETE_ARRAY] = { "_ZdaPv", "_ZdaPvRKSt9nothrow_t", "operator delete[](void*)" },
	[MD_API_DELETE_SIZED] = { "_ZdlPvm", "operator delete(void*, unsigned long)" },
	[MD_API_DELETE_ARRAY_SIZED] = { "_ZdaPvm", "operator delete[](void*, unsigned long)" },
	[MD_API_DELETE_ALIGNED] = { "_ZdlPvSt11align_val_t", "_ZdlPvSt11align_val_tRKSt9nothrow_t",
		"operator delete(void*, std::align_val_t)" },
	[MD_API_DELETE_ARRAY_ALIGNED] = { "_ZdaPvSt11align_val_t", "_ZdaPvSt11align_val_tRKSt9nothrow_t",
		"operator delete[](void*, std::align_val_t)" },
	[MD_API_DELETE_SIZED_ALIGNED] = { "_ZdlPvmSt11align_val_t", "operator delete(void*, unsigned long, std::align_val_t)" },
	[MD_API_DELETE_ARRAY_SIZED_ALIGNED] = { "_ZdaPvmSt11align_val_t", "operator delete[](void*, unsigned long, std::align_val_t)" },
};

const char *md_suppress_symbol(enum md_api api)
{
	return (unsigned)api < MD_API_COUNT ? call_names[api][0] : NULL;
}

static bool matches_call(const struct md_suppress_line *line, enum md_api api)
{
	const struct md_suppress_frame nothing = { 0 };

	if (line->kind != MD_SUPPRESS_FUNCTION || (unsigned)api >= MD_API_COUNT)
		return matches_frame(line, &nothing);
	for (size_t i = 0; i < CALL_NAMES_MAX && call_names[api][i]; i++)
		if (matches_function(line, call_names[api][i]))
			return true;
	return false;
}

/* Frame 0 is the call itself, frame 1 its caller. */
static bool matches_at(const struct md_suppress_line *line, enum md_api api, const struct md_suppress_frame *frames, size_t at)
{
	return at ? matches_frame(line, &frames[at - 1]) : matches_call(line, api);
}

/* The lines fit the innermost frames, one each; "..." any number. Going back to the last "..." is enough. */
static bool matches_stack(const struct md_suppression *entry, enum md_api api, const struct md_suppress_frame *frames, size_t count)
{
	size_t at = matches_call(&entry->lines[0], api) ? 0 : 1, line = 0, dots = entry->line_count, dots_at = 0;

	while (line < entry->line_count) {
		if (entry->lines[line].kind == MD_SUPPRESS_FRAMES) {
			dots = ++line;
			dots_at = at;
		} else if (at <= count && matches_at(&entry->lines[line], api, frames, at)) {
			line++;
			at++;
		} else if (dots < entry->line_count && at <= count) {
			line = dots;
			at = ++dots_at;
		} else {
			return false;
		}
	}
	return true;
}

static bool matches(const struct md_suppression *entry, enum md_api api, const struct md_suppress_frame *frames, size_t count)
{
	if (entry->lines[0].kind != MD_SUPPRESS_PART)
		return matches_stack(entry, api, frames, count);
	for (size_t i = 0; i < count; i++)
		if (matches_frame(&entry->lines[0], &frames[i]))
			return true;
	return false;
}

const struct md_suppression *md_suppressions_match(struct md_suppressions *suppressions, uint64_t kind, enum md_api api,
	const struct md_suppress_frame *frames, size_t count, uint64_t blocks, uint64_t bytes)
{
	for (struct md_suppression *entry = suppressions->first; entry; entry = entry->next) {
		if (!(entry->kinds & kind) || blocks > entry->max || entry->blocks > entry->max - blocks ||
			!matches(entry, api, frames, count))
			continue;
		entry->used = true;
		entry->hits++;
		entry->blocks += blocks;
		entry->bytes += bytes;
		return entry;
	}
	return NULL;
}

const struct md_suppression *md_suppressions_next(const struct md_suppressions *suppressions, const struct md_suppression *entry)
{
	return entry ? entry->next : suppressions->first;
}

void md_suppressions_recount(struct md_suppressions *suppressions)
{
	for (struct md_suppression *entry = suppressions->first; entry; entry = entry->next)
		if (entry->kinds & MD_SUPPRESS_LEAKS)
			entry->hits = entry->blocks = entry->bytes = 0;
}
