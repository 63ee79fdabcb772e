/* SPDX-License-Identifier: MIT
 *
 * Table of names by frame.
 *
 * One piece of memory, filled from both ends; offsets from its start, so that entries are small:
 *
 *   | header | buckets of frames | buckets of strings | entries -->      <-- strings |
 *
 * The entries of one frame stand in the same bucket's chain in the order they were put. Each distinct string is kept once: stacks repeat
 * file names a lot.
 *
 * Allocation and signal safety   none is needed; the caller's serialisation is the only lock.
 */
#include "report/names.h"

#include <string.h>

struct entry {
	uintptr_t pc;
	uint32_t next;           /* offset of the next entry in the bucket's chain; 0: last */
	uint32_t function, file; /* offsets of strings; 0: "" */
	uint32_t line, column;
	uint16_t module;
	bool inlined;
};

struct string {
	uint32_t next; /* offset of the next string in the bucket's chain; 0: last */
	char text[];
};

struct md_names {
	uint32_t bucket_mask;
	uint32_t low;  /* entries end here */
	uint32_t high; /* strings begin here */
	uint32_t unused;
	uint32_t buckets[]; /* bucket_mask + 1 for frames, then as many for strings */
};

static struct entry *entry_at(const struct md_names *names, uint32_t offset)
{
	return (struct entry *)((uintptr_t)names + offset);
}

static struct string *string_at(const struct md_names *names, uint32_t offset)
{
	return (struct string *)((uintptr_t)names + offset);
}

static uint32_t *frame_bucket(const struct md_names *names, struct md_frame frame)
{
	/* Fibonacci hashing: the high bits are the mixed ones. */
	uint64_t hash = ((uint64_t)frame.pc + frame.module) * 0x9e3779b97f4a7c15ull;

	return (uint32_t *)&names->buckets[hash >> 32 & names->bucket_mask];
}

static uint32_t *string_bucket(const struct md_names *names, const char *text, size_t length)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	return (uint32_t *)&names->buckets[names->bucket_mask + 1 + (hash & names->bucket_mask)];
}

struct md_names *md_names_init(void *memory, size_t bytes)
{
	struct md_names *names = memory;

	if (!memory || bytes < MD_NAMES_BYTES_MIN)
		return NULL;
	if (bytes > UINT32_MAX)
		bytes = UINT32_MAX; /* offsets have 32 bits */
	bytes -= bytes % _Alignof(struct entry);

	uint32_t buckets = 16;
	while (buckets * 2 <= bytes / 128) /* an entry with its share of strings is about that big */
		buckets *= 2;
	size_t low = sizeof *names + 2 * (size_t)buckets * sizeof names->buckets[0];
	low += -low % _Alignof(struct entry);

	memset(names, 0, low);
	names->bucket_mask = buckets - 1;
	names->low = (uint32_t)low;
	names->high = (uint32_t)bytes;
	return names;
}

/* Finds or adds a string; false when it does not fit below the entries' end `low`. */
static bool intern_string(struct md_names *names, const char *text, uint32_t low, uint32_t *offset)
{
	size_t length = text ? strlen(text) : 0;

	*offset = 0;
	if (length == 0)
		return true;

	uint32_t *bucket = string_bucket(names, text, length);
	for (uint32_t at = *bucket; at; at = string_at(names, at)->next) {
		if (strcmp(string_at(names, at)->text, text) == 0) {
			*offset = at;
			return true;
		}
	}

	size_t room = names->high - low;
	if (length >= room)
		return false; /* checked alone first, so that the sum below cannot wrap */
	size_t needed = sizeof(struct string) + length + 1;
	needed += -needed % _Alignof(struct string);
	if (needed > room)
		return false;

	names->high -= (uint32_t)needed;
	struct string *string = string_at(names, names->high);
	string->next = *bucket;
	memcpy(string->text, text, length + 1);
	*bucket = names->high;
	*offset = names->high;
	return true;
}

bool md_names_put(struct md_names *names, struct md_frame frame, const struct md_name *name)
{
	if (!names || names->high - names->low < sizeof(struct entry))
		return false;

	struct entry entry = {
		.pc = frame.pc,
		.line = name->line,
		.column = name->column,
		.module = frame.module,
		.inlined = name->inlined,
	};
	uint32_t low = names->low + (uint32_t)sizeof entry;
	if (!intern_string(names, name->function, low, &entry.function) || !intern_string(names, name->file, low, &entry.file))
		return false;

	uint32_t *link = frame_bucket(names, frame);
	while (*link) /* to the end: get gives entries in the order of put */
		link = &entry_at(names, *link)->next;
	*entry_at(names, names->low) = entry;
	*link = names->low;
	names->low = low;
	return true;
}

size_t md_names_get(const struct md_names *names, struct md_frame frame, struct md_name *entries, size_t entries_max)
{
	size_t count = 0;

	if (!names)
		return 0;
	for (uint32_t at = *frame_bucket(names, frame); at && count < entries_max; at = entry_at(names, at)->next) {
		const struct entry *entry = entry_at(names, at);

		if (entry->pc != frame.pc || entry->module != frame.module)
			continue;
		entries[count++] = (struct md_name){
			.function = entry->function ? string_at(names, entry->function)->text : "",
			.file = entry->file ? string_at(names, entry->file)->text : "",
			.line = entry->line,
			.column = entry->column,
			.inlined = entry->inlined,
		};
	}
	return count;
}
