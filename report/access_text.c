/* SPDX-License-Identifier: MIT */
#include "report/access_text.h"

#include "report/phrases.h"
#include "report/report_text.h"

const char *md_access_word(enum md_access_kind kind)
{
	switch (kind) {
	case MD_ACCESS_READ:
		return "READ";
	case MD_ACCESS_WRITE:
		return "WRITE";
	case MD_ACCESS_EXECUTE:
		return "EXECUTE";
	default:
		return "ACCESS";
	}
}

const char *md_access_verb(const struct md_finding *finding)
{
	switch (finding->access.kind) {
	case MD_ACCESS_READ:
		return "read";
	case MD_ACCESS_WRITE:
		return "written";
	case MD_ACCESS_EXECUTE:
		return "executed";
	default:
		return "accessed";
	}
}

/* "WRITE of size 4 at 0x7f0000001008 thread T0": a line for machines, too; with the function where one of the C library's was called. */
static void put_access(struct md_text *text, const struct md_finding *finding)
{
	const struct md_access *access = &finding->access;

	md_text_put(text, md_access_word(access->kind));
	if (access->bytes)
		md_textf(text, " of size %lu", (uint64_t)access->bytes);
	md_textf(text, " at %p thread ", access->addr);
	md_phrase_thread(text, finding->thread);
	if (access->function)
		md_textf(text, " in %s", access->function);
	md_text_char(text, '\n');
}

/* "0x... is 3 bytes after the 10-byte block [...).", of the first byte that is bad. */
static void put_where(struct md_text *text, const struct md_finding *finding)
{
	const struct md_block_view *block = &finding->block;
	const struct md_access *access = &finding->access;

	if (!block->valid) {
		md_textf(text, "%p is in no block that is known.\n", finding->addr);
		return;
	}
	if (finding->addr > access->addr && finding->addr - access->addr < access->bytes)
		md_textf(text, "The first %B of them may be used; ", (uint64_t)(finding->addr - access->addr));
	md_textf(text, "%p is ", finding->addr);
	md_phrase_where(text, finding->addr, block);
	if (block->state != MD_BLOCK_LIVE && block->state != MD_BLOCK_FREEING)
		md_textf(text, " (%s)", md_phrase_state(block->state));
	md_text_put(text, ".\n");
}

/* On which side an access would be seen at its first byte, and on which not. */
static void put_guards(struct md_text *text, const struct md_finding *finding)
{
	const struct md_block_view *block = &finding->block;
	uint64_t slack = block->end - (block->user + block->size);

	if (!block->valid || !(block->guard_before || block->guard_after))
		return;
	if (block->closed) {
		md_text_put(text, "All pages of the block were made inaccessible when it was freed.\n");
	} else if (block->flush == MD_FLUSH_BEGIN) {
		md_text_put(text, "The block begins at a guard page.\n");
	} else if (block->flush == MD_FLUSH_END) {
		md_text_put(text, "The block ends at a guard page");
		if (slack)
			md_textf(text, ", but for the %B that its alignment leaves", slack);
		md_text_put(text, ".\n");
	}
}

/* A length that was computed as the difference of two that were the wrong way round, or an error code. Whether the function counts bytes or
 * characters is not said, so that it is right for both. */
static void put_size(struct md_text *text, const struct md_access *access)
{
	md_textf(text, "The size that was passed to %s is %ld as a signed number (0x%lx).\n", access->function, (int64_t)access->bytes,
		(uint64_t)access->bytes);
}

/* "The source [...) begins 4 bytes after the destination [...): 8 bytes are in both." */
static void put_overlap(struct md_text *text, const struct md_access *access)
{
	uintptr_t to = access->addr, from = access->source;
	bool is_after = from > to;
	uintptr_t apart = is_after ? from - to : to - from;
	size_t first = is_after ? access->bytes : access->source_bytes, second = is_after ? access->source_bytes : access->bytes;
	size_t left = first - apart; /* of the range that begins first, from where the other begins */
	size_t common = left < second ? left : second;

	md_textf(text, "The source [%p,%p) begins %B %s the destination [%p,%p): ", from, from + access->source_bytes, (uint64_t)apart,
		is_after ? "after" : "before", to, to + access->bytes);
	md_textf(text, common == 1 ? "%B is in both.\n" : "%B are in both.\n", (uint64_t)common);
}

void md_access_text(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;

	put_access(text, finding);
	if (finding->error == MD_ERROR_NEGATIVE_SIZE_PARAM)
		put_size(text, &finding->access);
	else if (finding->access.source_bytes)
		put_overlap(text, &finding->access);
	put_where(text, finding);
	put_guards(text, finding);
}
