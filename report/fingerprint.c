/* SPDX-License-Identifier: MIT */
#include "report/fingerprint.h"

#include <string.h>

#include "report/entries.h"
#include "report/report_text.h"

#define FNV_BASIS 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

struct hash {
	uint64_t value;
	unsigned taken; /* entries of the present stack */
	bool system;    /* whether those of the C and C++ libraries are taken */
};

static void add_bytes(struct hash *hash, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < bytes; i++)
		hash->value = (hash->value ^ at[i]) * FNV_PRIME;
}

/* With its NUL, so that "ab" "c" and "a" "bc" differ. */
static void add_string(struct hash *hash, const char *string)
{
	add_bytes(hash, string, strlen(string) + 1);
}

static bool add_entry(void *context, const struct md_entry *entry)
{
	struct hash *hash = context;

	if (entry->is_system && !hash->system)
		return true;
	if (entry->function[0]) {
		add_string(hash, entry->function);
	} else {
		add_string(hash, md_report_file_name(entry->module)); /* a program is installed at different places */
		add_bytes(hash, &entry->offset, entry->module[0] ? sizeof entry->offset : 0);
	}
	return ++hash->taken < MD_FINGERPRINT_ENTRIES;
}

static void add_stack(struct hash *hash, const char *role, const struct md_stack_printer *printer, md_stack_id stack)
{
	add_string(hash, role);
	hash->taken = 0;
	hash->system = false;
	md_entries_visit(printer, stack, add_entry, hash);
	if (hash->taken)
		return;
	hash->system = true;
	md_entries_visit(printer, stack, add_entry, hash);
}

static uint64_t finish(const struct hash *hash)
{
	uint64_t value = hash->value;

	value = (value ^ value >> 32) * 0x9e3779b97f4a7c15ull; /* the last bytes reach all bits */
	return value ^ value >> 29;
}

uint64_t md_fingerprint_error(const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	const struct md_block_view *block = &finding->block;
	struct md_stack_printer printer = md_report_printer(report);
	struct hash hash = { .value = FNV_BASIS };

	add_string(&hash, md_error_info(finding->error)->slug);
	if (!md_finding_is_late(finding))
		add_stack(&hash, "call", &printer, finding->call.stack);
	if (block->valid)
		add_stack(&hash, "allocated", &printer, block->alloc_stack);
	/* Of two frees of one block, which race, either may be the first. */
	if (block->valid && finding->error == MD_ERROR_HEAP_USE_AFTER_FREE)
		add_stack(&hash, "freed", &printer, block->free_stack);
	return finish(&hash);
}

uint64_t md_fingerprint_stack(const char *kind, const struct md_stack_printer *printer, md_stack_id stack)
{
	struct hash hash = { .value = FNV_BASIS };

	add_string(&hash, kind);
	add_stack(&hash, "allocated", printer, stack);
	return finish(&hash);
}

void md_fingerprint_text(uint64_t fingerprint, char text[17])
{
	struct md_text digits;

	md_text_init(&digits, text, 16, false);
	md_text_hex(&digits, fingerprint, 16);
	text[digits.length] = '\0';
}
