/* SPDX-License-Identifier: MIT */
#include "report/phrases.h"

void md_phrase_seconds(struct md_text *text, double seconds, unsigned digits)
{
	uint64_t scale = 1;

	if (!(seconds >= 0 && seconds < 1e9)) { /* written so that a NaN ends here too */
		md_text_put(text, "?");
		return;
	}
	for (unsigned i = 0; i < digits; i++)
		scale *= 10;
	uint64_t ticks = (uint64_t)(seconds * (double)scale + 0.5);

	md_text_uint(text, ticks / scale);
	md_text_char(text, '.');
	for (uint64_t rest = ticks % scale; scale > 1; rest %= scale)
		md_text_char(text, (char)('0' + rest / (scale /= 10)));
	md_text_put(text, " s");
}

void md_phrase_thread(struct md_text *text, md_thread_id thread)
{
	md_text_char(text, 'T');
	if (thread.value == MD_THREAD_NONE.value)
		md_text_char(text, '?');
	else
		md_text_uint(text, thread.value - 1u);
}

const char *md_phrase_state(enum md_block_state state)
{
	static const char *const words[MD_BLOCK_STATE_COUNT] = {
		[MD_BLOCK_FREE] = "free",
		[MD_BLOCK_CACHED] = "free, in a thread's cache",
		[MD_BLOCK_LIVE] = "live",
		[MD_BLOCK_FREEING] = "being freed",
		[MD_BLOCK_QUARANTINED] = "freed, in quarantine",
	};

	return (unsigned)state < MD_BLOCK_STATE_COUNT ? words[state] : "in an unknown state";
}

void md_phrase_range(struct md_text *text, const struct md_block_view *block)
{
	md_textf(text, "[%p,%p)", block->user, block->user + block->size);
}

void md_phrase_relation(struct md_text *text, uint64_t addr, uint64_t user, uint64_t size)
{
	uint64_t end = user + size;

	if (addr < user)
		md_textf(text, "%B before", user - addr);
	else if (addr == user)
		md_text_put(text, "the start of");
	else if (addr < end)
		md_textf(text, "%B inside", addr - user);
	else if (addr == end)
		md_text_put(text, "directly after");
	else
		md_textf(text, "%B after", addr - end);
}

void md_phrase_where(struct md_text *text, uintptr_t addr, const struct md_block_view *block)
{
	md_phrase_relation(text, addr, block->user, block->size);
	md_textf(text, " the %lu-byte block ", (uint64_t)block->size);
	md_phrase_range(text, block);
}

void md_phrase_count(struct md_text *text, uint64_t count, const char *one, const char *many)
{
	md_textf(text, "%lu %s", count, count == 1 ? one : many);
}

static void put_right(struct md_text *text, const struct md_text *word, size_t width)
{
	if (word->length < width)
		md_text_repeat(text, ' ', width - word->length);
	md_text_put_n(text, word->buffer, word->length);
}

void md_phrase_right(struct md_text *text, uint64_t value, size_t width)
{
	char buffer[24];
	struct md_text word;

	md_text_init(&word, buffer, sizeof buffer, false);
	md_text_uint(&word, value);
	put_right(text, &word, width);
}

void md_phrase_right_size(struct md_text *text, uint64_t bytes, size_t width)
{
	char buffer[24];
	struct md_text word;

	md_text_init(&word, buffer, sizeof buffer, false);
	md_text_size(&word, bytes);
	put_right(text, &word, width);
}

unsigned md_phrase_percent(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return 0;
	if (part >= whole)
		return 100;
	return (unsigned)((double)part * 100.0 / (double)whole + 0.5);
}

unsigned md_phrase_fragmentation(uint64_t largest, uint64_t total)
{
	return total ? 100 - md_phrase_percent(largest, total) : 0;
}
