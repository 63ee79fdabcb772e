/* SPDX-License-Identifier: MIT */
#include "report/damage_text.h"

#include <string.h>

#include "report/report_text.h"

#define BYTES_LISTED 8  /* changed bytes listed as found and expected; the hexdump shows more */
#define STRING_SHOWN 48 /* characters quoted of text among changed bytes */
#define STRING_MIN 3    /* fewer printable bytes in a row say nothing */

/* The part of the copied memory in which bytes changed: from the first that differs up to the last, as far as it was copied. Bytes between
 * that happen to have the right value belong to it, since whoever wrote around them wrote them too. */
struct changed {
	const unsigned char *found;
	const unsigned char *expected;
	const unsigned char *mark;
	uintptr_t begin;
	size_t bytes; /* 0: none was copied */
};

static struct changed changed_of(const struct md_finding *finding)
{
	struct changed changed = { .begin = finding->addr };
	size_t offset = finding->addr - finding->evidence_begin;
	size_t copied = finding->evidence_bytes < MD_EVIDENCE_BYTES ? finding->evidence_bytes : MD_EVIDENCE_BYTES;

	if (!md_finding_is_damage(finding) || finding->addr < finding->evidence_begin || offset >= copied ||
		finding->damaged_end <= finding->addr)
		return changed;
	changed.found = finding->evidence + offset;
	changed.expected = finding->expected + offset;
	changed.mark = finding->evidence_mark + offset;
	changed.bytes = finding->damaged_end - finding->addr;
	if (changed.bytes > copied - offset)
		changed.bytes = copied - offset;
	return changed;
}

/* Returns whether there were more. */
static bool put_byte_list(struct md_text *text, const struct changed *changed, const unsigned char *values)
{
	size_t listed = 0;

	for (size_t i = 0; i < changed->bytes; i++) {
		if (!(changed->mark[i] & MD_MARK_DAMAGED))
			continue;
		if (listed++ == BYTES_LISTED) {
			md_text_put(text, " ...");
			return true;
		}
		md_text_char(text, ' ');
		md_text_hex(text, values[i], 2);
	}
	return false;
}

void md_damage_text(struct md_text *text, const struct md_finding *finding)
{
	struct changed changed = changed_of(finding);
	uint64_t span = finding->damaged_end - finding->addr;
	bool more = false;

	md_textf(text, "%B %s changed", (uint64_t)finding->damaged_bytes, finding->damaged_bytes == 1 ? "was" : "were");
	if (finding->damaged_bytes == 1)
		md_textf(text, ", at %p", finding->addr);
	else if (finding->damaged_bytes == span)
		md_textf(text, ", [%p,%p)", finding->addr, finding->damaged_end);
	else
		md_textf(text, " among the %lu in [%p,%p)", span, finding->addr, finding->damaged_end);
	if (changed.bytes) {
		md_text_put(text, ": found");
		put_byte_list(text, &changed, changed.found);
		md_text_put(text, ", expected");
		more = put_byte_list(text, &changed, changed.expected);
	}
	md_text_put(text, more ? "\n" : ".\n"); /* an ellipsis ends a sentence, too */
}

static bool is_printable(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

static void put_quoted(struct md_text *text, const unsigned char *bytes, size_t count)
{
	md_text_char(text, '"');
	for (size_t i = 0; i < count && i < STRING_SHOWN; i++)
		md_text_char(text, is_printable(bytes[i]) ? (char)bytes[i] : '?');
	md_text_put(text, count > STRING_SHOWN ? "...\"" : "\"");
}

/* Text that goes on from the block's last bytes: the whole string is what the reader will recognise. */
static size_t string_before(const struct md_finding *finding, const struct changed *changed)
{
	size_t back = 0;

	if (!finding->block.valid || changed->begin != finding->block.user + finding->block.size)
		return 0;
	while (changed->begin - back > finding->evidence_begin && changed->begin - back > finding->block.user && back < STRING_SHOWN &&
		is_printable(*(changed->found - back - 1)))
		back++;
	return back < STRING_MIN ? 0 : back;
}

static bool put_if_string(struct md_text *text, const struct md_finding *finding, const struct changed *changed)
{
	size_t length = 0;

	while (length < changed->bytes && is_printable(changed->found[length]))
		length++;
	/* Only a whole string counts: to the end of the change, or to a NUL in it. */
	if (length < STRING_MIN || (length < changed->bytes && changed->found[length] != 0))
		return false;
	size_t before = string_before(finding, changed);

	md_text_put(text, "The bytes look like text: ");
	put_quoted(text, changed->found, length);
	if (before) {
		md_text_put(text, ", which goes on from ");
		put_quoted(text, changed->found - before, before);
		md_text_put(text, " at the end of the block");
	}
	md_text_put(text, ".\n");
	return true;
}

static uint64_t load(const unsigned char *bytes, size_t count)
{
	uint64_t value = 0;

	memcpy(&value, bytes, count); /* little-endian, as the machine */
	return value;
}

static bool put_if_pointer(struct md_text *text, const struct md_report *report, const struct changed *changed)
{
	size_t skip = -changed->begin & 7;

	if (skip + 8 > changed->bytes)
		return false;
	uint64_t value = load(changed->found + skip, 8);
	const struct md_block_view *block = &report->finding->block;
	uint16_t module = md_modules_find(report->modules, value);

	if (block->valid && value >= block->zone_begin && value < block->zone_end) {
		md_textf(text, "The bytes look like a pointer into the heap: %p.\n", (uintptr_t)value);
		return true;
	}
	if (module != MD_MODULE_NONE) {
		md_textf(text, "The bytes look like a pointer to a function or global: %p ", (uintptr_t)value);
		md_module_offset_text(text, report->modules, module, value);
		md_text_put(text, ".\n");
		return true;
	}
	/* Where Linux puts position-independent programs, and libraries, mappings and stacks. */
	if (value >> 40 == 0x55 || value >> 40 == 0x56 || value >> 40 == 0x7f || value >> 40 == 0x7e) {
		md_textf(text, "The bytes look like a pointer: %p.\n", (uintptr_t)value);
		return true;
	}
	return false;
}

static bool put_if_constant(struct md_text *text, const struct changed *changed)
{
	for (size_t i = 1; i < changed->bytes; i++)
		if (changed->found[i] != changed->found[0])
			return false;
	md_textf(text, "Each of the bytes is now 0x%x, as after a memset", changed->found[0]);
	md_text_put(text, changed->found[0] ? ".\n" : ", or of a member or array element set to zero.\n");
	return true;
}

static bool put_if_number(struct md_text *text, const struct changed *changed)
{
	if ((changed->bytes != 4 && changed->bytes != 8) || changed->begin % changed->bytes)
		return false;
	uint64_t value = load(changed->found, changed->bytes);
	int64_t number = changed->bytes == 4 ? (int32_t)(uint32_t)value : (int64_t)value;

	if (number > 1000000 || number < -1000000)
		return false;
	md_textf(text, "The bytes look like the %lu-byte number %ld.\n", (uint64_t)changed->bytes, number);
	return true;
}

static bool put_if_single(struct md_text *text, const struct md_finding *finding, const struct changed *changed)
{
	unsigned char found = changed->found[0], expected = changed->expected[0];
	bool at_end = finding->block.valid && changed->begin == finding->block.user + finding->block.size;

	if (changed->bytes != 1)
		return false;
	if (found == 0 && at_end)
		md_text_put(
			text, "It is a single 0 right behind the block: most often the NUL of a string for which no byte was allocated.\n");
	else if (found == 0)
		md_text_put(text, "It is a single 0, such as the NUL at the end of a string.\n");
	else if ((unsigned char)(expected - 1) == found || (unsigned char)(expected + 1) == found)
		md_textf(text, "It is one %s than it was, as if a counter (of references, say) had been %s.\n",
			found > expected ? "more" : "less", found > expected ? "incremented" : "decremented");
	else if (((found ^ expected) & ((found ^ expected) - 1)) == 0)
		md_textf(text, "Only one bit differs (0x%x was %s): a flag in a member, or faulty memory.\n", found ^ expected,
			found > expected ? "set" : "cleared");
	else
		return false;
	return true;
}

void md_damage_looks_text(struct md_text *text, const struct md_report *report)
{
	struct changed changed = changed_of(report->finding);

	if (changed.bytes == 0 || put_if_single(text, report->finding, &changed) || changed.bytes == 1)
		return;
	if (put_if_string(text, report->finding, &changed) || put_if_constant(text, &changed))
		return;
	if (!put_if_number(text, &changed))
		put_if_pointer(text, report, &changed);
}
