/* SPDX-License-Identifier: MIT */
#include "report/fingerprint.h"

#include <string.h>

#include "report/report_text.h"

#define FNV_BASIS 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

static void add_bytes(struct md_fingerprint *hash, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < bytes; i++)
		hash->value = (hash->value ^ at[i]) * FNV_PRIME;
}

/* With its NUL, so that "ab" "c" and "a" "bc" differ. */
static void add_string(struct md_fingerprint *hash, const char *string)
{
	add_bytes(hash, string, strlen(string) + 1);
}

void md_fingerprint_begin(struct md_fingerprint *hash, const char *kind)
{
	hash->value = FNV_BASIS;
	add_string(hash, kind);
}

void md_fingerprint_role(struct md_fingerprint *hash, const char *role)
{
	add_string(hash, role);
	hash->taken = 0;
	hash->system = false;
}

bool md_fingerprint_entry(void *fingerprint, const struct md_entry *entry)
{
	struct md_fingerprint *hash = fingerprint;

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

bool md_fingerprint_wants_system(struct md_fingerprint *hash)
{
	hash->system = hash->taken == 0;
	return hash->system;
}

uint64_t md_fingerprint_end(const struct md_fingerprint *hash)
{
	uint64_t value = hash->value;

	value = (value ^ value >> 32) * 0x9e3779b97f4a7c15ull; /* the last bytes reach all bits */
	return value ^ value >> 29;
}

static void add_stack(struct md_fingerprint *hash, const char *role, const struct md_stack_printer *printer, md_stack_id stack)
{
	md_fingerprint_role(hash, role);
	md_entries_visit(printer, stack, md_fingerprint_entry, hash);
	if (md_fingerprint_wants_system(hash))
		md_entries_visit(printer, stack, md_fingerprint_entry, hash);
}

uint64_t md_fingerprint_error(const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	const struct md_block_view *block = &finding->block;
	struct md_stack_printer printer = md_report_printer(report);
	struct md_fingerprint hash;

	md_fingerprint_begin(&hash, md_error_info(finding->error)->slug);
	if (!md_finding_is_late(finding))
		add_stack(&hash, "call", &printer, finding->call.stack);
	if (block->valid)
		add_stack(&hash, "allocated", &printer, block->alloc_stack);
	/* Of two frees of one block, which race, either may be the first. */
	if (block->valid && finding->error == MD_ERROR_HEAP_USE_AFTER_FREE)
		add_stack(&hash, "freed", &printer, block->free_stack);
	return md_fingerprint_end(&hash);
}

uint64_t md_fingerprint_stack(const char *kind, const struct md_stack_printer *printer, md_stack_id stack)
{
	struct md_fingerprint hash;

	md_fingerprint_begin(&hash, kind);
	add_stack(&hash, "allocated", printer, stack);
	return md_fingerprint_end(&hash);
}

void md_fingerprint_text(uint64_t fingerprint, char text[17])
{
	struct md_text digits;

	md_text_init(&digits, text, 16, false);
	md_text_hex(&digits, fingerprint, 16);
	text[digits.length] = '\0';
}
