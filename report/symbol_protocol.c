/* SPDX-License-Identifier: MIT
 *
 * Symbol protocol: writing and parsing of its messages. A writer checks its limits and never writes past its buffer; a reader goes through
 * a cursor that cannot leave the payload, and remembers that it tried to.
 */
#include "report/symbol_protocol.h"

#include <string.h>

#define MAGIC 0x4d445379u /* "MDSy" */

enum { HEADER_BYTES = 8 };
enum reply_kind { REPLY_HELLO = 101, REPLY_ANSWER, REPLY_NOTE, REPLY_DONE };

_Static_assert(MD_SYMBOL_REQUEST_MAX >= HEADER_BYTES + MD_SYMBOL_PATH_MAX + MD_BUILD_ID_MAX + 64, "every request fits");
_Static_assert(MD_SYMBOL_REPLY_MAX >= HEADER_BYTES + 8 + MD_SYMBOL_ENTRIES_MAX * (16 + 2 * MD_SYMBOL_TEXT_MAX), "every answer fits");

/* --- Writing -------------------------------------------------------------- */

struct writer {
	unsigned char *begin;
	size_t used, bytes;
	bool failed;
};

static void put_bytes(struct writer *writer, const void *data, size_t count)
{
	if (writer->failed || count > writer->bytes - writer->used) {
		writer->failed = true;
		return;
	}
	if (count) /* memcpy may not be given NULL even for nothing */
		memcpy(writer->begin + writer->used, data, count);
	writer->used += count;
}

static void put_u32(struct writer *writer, uint32_t value)
{
	put_bytes(writer, &value, sizeof value);
}

/* Begins a message; its length is filled in by end_message. */
static struct writer begin_message(uint32_t kind, void *buffer, size_t bytes)
{
	struct writer writer = { .begin = buffer, .bytes = bytes };

	put_u32(&writer, kind);
	put_u32(&writer, 0);
	return writer;
}

static size_t end_message(struct writer *writer)
{
	uint32_t payload = (uint32_t)(writer->used - HEADER_BYTES);

	if (writer->failed)
		return 0;
	memcpy(writer->begin + 4, &payload, sizeof payload);
	return writer->used;
}

static void put_hello(struct writer *writer, uint32_t timeout_ms)
{
	put_u32(writer, MAGIC);
	put_u32(writer, MD_SYMBOL_VERSION);
	put_u32(writer, timeout_ms);
}

/* Bytes of text that are sent: all, or up to max less room for dots. */
static size_t shortened_length(const char *text, size_t max, bool *dots)
{
	size_t length = text ? strlen(text) : 0;

	*dots = length > max;
	if (*dots) {
		length = max - 3;
		while (length && ((unsigned char)text[length] & 0xc0) == 0x80) /* not in the middle of a UTF-8 character */
			length--;
	}
	return length;
}

static void put_text(struct writer *writer, const char *text, size_t length, bool dots)
{
	put_bytes(writer, text, length);
	if (dots)
		put_bytes(writer, "...", 3);
}

static void put_entry(struct writer *writer, const struct md_name *entry)
{
	bool function_dots, file_dots;
	size_t function_bytes = shortened_length(entry->function, MD_SYMBOL_TEXT_MAX, &function_dots);
	size_t file_bytes = shortened_length(entry->file, MD_SYMBOL_TEXT_MAX, &file_dots);

	put_u32(writer, entry->line);
	put_u32(writer, entry->column);
	put_u32(writer, (uint32_t)function_bytes + (function_dots ? 3 : 0));
	put_u32(writer, (uint32_t)file_bytes + (file_dots ? 3 : 0));
	put_text(writer, entry->function, function_bytes, function_dots);
	put_text(writer, entry->file, file_bytes, file_dots);
}

size_t md_symbol_request_write(const struct md_symbol_request *request, void *buffer, size_t bytes)
{
	struct writer writer = begin_message(request->kind, buffer, bytes);

	switch (request->kind) {
	case MD_SYMBOL_HELLO:
		put_hello(&writer, request->timeout_ms);
		break;
	case MD_SYMBOL_ASK:
		if (request->index >= MD_SYMBOL_FRAMES_MAX || request->path_bytes > MD_SYMBOL_PATH_MAX ||
			request->build_id_bytes > MD_BUILD_ID_MAX)
			return 0;
		put_u32(&writer, request->index);
		put_bytes(&writer, &request->address, sizeof request->address);
		put_u32(&writer, request->build_id_bytes);
		put_u32(&writer, (uint32_t)request->path_bytes);
		put_bytes(&writer, request->build_id, request->build_id_bytes);
		put_bytes(&writer, request->path, request->path_bytes);
		break;
	case MD_SYMBOL_END:
		break;
	default:
		return 0;
	}
	return end_message(&writer);
}

size_t md_symbol_reply_hello(void *buffer, size_t bytes)
{
	struct writer writer = begin_message(REPLY_HELLO, buffer, bytes);

	put_hello(&writer, 0);
	return end_message(&writer);
}

size_t md_symbol_reply_answer(uint32_t index, const struct md_name *entries, size_t entry_count, void *buffer, size_t bytes)
{
	struct writer writer = begin_message(REPLY_ANSWER, buffer, bytes);
	size_t inner_count = entry_count > MD_SYMBOL_ENTRIES_MAX ? MD_SYMBOL_ENTRIES_MAX - 1 : entry_count;

	put_u32(&writer, index);
	put_u32(&writer, entry_count > MD_SYMBOL_ENTRIES_MAX ? MD_SYMBOL_ENTRIES_MAX : (uint32_t)entry_count);
	for (size_t i = 0; i < inner_count; i++)
		put_entry(&writer, &entries[i]);
	if (inner_count < entry_count) /* the function that is really there, the others being inlined into it */
		put_entry(&writer, &entries[entry_count - 1]);
	return end_message(&writer);
}

size_t md_symbol_reply_note(const char *note, void *buffer, size_t bytes)
{
	struct writer writer = begin_message(REPLY_NOTE, buffer, bytes);
	bool dots;
	size_t length = shortened_length(note, MD_SYMBOL_NOTE_MAX, &dots);

	put_text(&writer, note, length, dots);
	return end_message(&writer);
}

size_t md_symbol_reply_done(void *buffer, size_t bytes)
{
	struct writer writer = begin_message(REPLY_DONE, buffer, bytes);

	return end_message(&writer);
}

/* --- Reading -------------------------------------------------------------- */

struct reader {
	const unsigned char *at;
	size_t left;
	bool failed;
};

/* The next count bytes, or NULL if there are not so many. */
static const void *get_bytes(struct reader *reader, size_t count)
{
	const void *bytes = reader->at;

	if (reader->failed || count > reader->left) {
		reader->failed = true;
		return NULL;
	}
	reader->at += count;
	reader->left -= count;
	return bytes;
}

static uint32_t get_u32(struct reader *reader)
{
	const void *bytes = get_bytes(reader, 4);
	uint32_t value = 0;

	if (bytes)
		memcpy(&value, bytes, sizeof value);
	return value;
}

static uint64_t get_u64(struct reader *reader)
{
	const void *bytes = get_bytes(reader, 8);
	uint64_t value = 0;

	if (bytes)
		memcpy(&value, bytes, sizeof value);
	return value;
}

/* A payload is well formed if it was long enough and nothing is left of it. */
static bool is_consumed(const struct reader *reader)
{
	return !reader->failed && reader->left == 0;
}

/* Splits off the first message. Returns its bytes in all; 0 if more are needed; -1 if it is larger than message_max. */
static long split_message(const void *bytes, size_t count, size_t message_max, uint32_t *kind, struct reader *payload)
{
	struct reader header = { .at = bytes, .left = count };

	if (count < HEADER_BYTES)
		return 0;
	*kind = get_u32(&header);
	size_t payload_bytes = get_u32(&header);
	if (payload_bytes > message_max - HEADER_BYTES)
		return -1; /* said at once: waiting for the rest could take for ever */
	if (payload_bytes > header.left)
		return 0;
	*payload = (struct reader){ .at = header.at, .left = payload_bytes };
	return (long)(HEADER_BYTES + payload_bytes);
}

long md_symbol_request_parse(struct md_symbol_request *request, const void *bytes, size_t count)
{
	struct reader payload;
	uint32_t kind;
	long taken = split_message(bytes, count, MD_SYMBOL_REQUEST_MAX, &kind, &payload);

	if (taken <= 0)
		return taken;
	memset(request, 0, sizeof *request);
	request->kind = (enum md_symbol_request_kind)kind;
	switch (kind) {
	case MD_SYMBOL_HELLO:
		if (get_u32(&payload) != MAGIC)
			return -1;
		request->version = get_u32(&payload);
		request->timeout_ms = get_u32(&payload);
		break;
	case MD_SYMBOL_ASK: {
		request->index = get_u32(&payload);
		request->address = get_u64(&payload);
		uint32_t build_id_bytes = get_u32(&payload);
		request->path_bytes = get_u32(&payload);
		if (request->index >= MD_SYMBOL_FRAMES_MAX || build_id_bytes > MD_BUILD_ID_MAX || request->path_bytes > MD_SYMBOL_PATH_MAX)
			return -1;
		const void *build_id = get_bytes(&payload, build_id_bytes);
		request->path = get_bytes(&payload, request->path_bytes);
		if (!build_id || !request->path || memchr(request->path, '\0', request->path_bytes))
			return -1;
		memcpy(request->build_id, build_id, build_id_bytes);
		request->build_id_bytes = (uint8_t)build_id_bytes;
		break;
	}
	case MD_SYMBOL_END:
		break;
	default:
		return -1;
	}
	return is_consumed(&payload) ? taken : -1;
}

/* Copies a name as a string. Control characters, the NUL among them, would change what a terminal or a log shows. */
static void copy_text(char *to, const unsigned char *from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		to[i] = from[i] < 0x20 || from[i] == 0x7f ? '?' : (char)from[i];
	to[length] = '\0';
}

/* Reads one entry's texts into the scratch strings. */
static bool parse_entry(struct md_symbol_replies *replies, struct reader *payload, struct md_name *name)
{
	name->line = get_u32(payload);
	name->column = get_u32(payload);
	size_t function_bytes = get_u32(payload);
	size_t file_bytes = get_u32(payload);
	if (function_bytes > MD_SYMBOL_TEXT_MAX || file_bytes > MD_SYMBOL_TEXT_MAX)
		return false;

	const void *function = get_bytes(payload, function_bytes);
	const void *file = get_bytes(payload, file_bytes);
	if (!function || !file)
		return false;
	copy_text(replies->function, function, function_bytes);
	copy_text(replies->file, file, file_bytes);
	name->function = replies->function;
	name->file = replies->file;
	return true;
}

/* Goes through the entries of an answer; puts them into names unless only_check is set. */
static bool parse_entries(
	struct md_symbol_replies *replies, struct reader payload, struct md_frame frame, uint32_t entry_count, bool only_check)
{
	for (uint32_t i = 0; i < entry_count; i++) {
		struct md_name name = { .inlined = i + 1 < entry_count };

		if (!parse_entry(replies, &payload, &name))
			return false;
		if (!only_check && !replies->full && !md_names_put(replies->names, frame, &name))
			replies->full = true;
	}
	return is_consumed(&payload);
}

static bool parse_answer(struct md_symbol_replies *replies, struct reader *payload)
{
	size_t index = get_u32(payload);
	uint32_t entry_count = get_u32(payload);

	if (payload->failed || index < replies->next_index || index >= replies->frame_count || entry_count > MD_SYMBOL_ENTRIES_MAX)
		return false;
	/* Twice, so that an answer that is damaged at its end leaves nothing behind. */
	if (!parse_entries(replies, *payload, replies->frames[index], entry_count, true))
		return false;
	parse_entries(replies, *payload, replies->frames[index], entry_count, false);
	replies->next_index = index + 1;
	replies->answer_count++;
	return true;
}

static bool parse_reply(struct md_symbol_replies *replies, uint32_t kind, struct reader *payload)
{
	if (replies->done || (kind == REPLY_HELLO) == replies->greeted)
		return false; /* HELLO first, and only first; nothing after DONE */
	switch (kind) {
	case REPLY_HELLO:
		if (get_u32(payload) != MAGIC)
			return false;
		replies->version = get_u32(payload);
		get_u32(payload); /* the field is the process's, which names its time limit there */
		replies->greeted = true;
		return is_consumed(payload) && replies->version == MD_SYMBOL_VERSION;
	case REPLY_ANSWER:
		return parse_answer(replies, payload);
	case REPLY_NOTE: {
		size_t length = payload->left;

		if (length > MD_SYMBOL_NOTE_MAX)
			return false;
		copy_text(replies->note, get_bytes(payload, length), length);
		return true;
	}
	case REPLY_DONE:
		replies->done = true;
		return is_consumed(payload);
	default:
		return false;
	}
}

long md_symbol_replies_parse(struct md_symbol_replies *replies, const void *bytes, size_t count)
{
	size_t taken_all = 0;

	for (;;) {
		struct reader payload;
		uint32_t kind;
		long taken = split_message(
			(const unsigned char *)bytes + taken_all, count - taken_all, MD_SYMBOL_REPLY_MAX, &kind, &payload);

		if (taken == 0)
			return (long)taken_all;
		if (taken < 0 || !parse_reply(replies, kind, &payload))
			return -1;
		taken_all += (size_t)taken;
	}
}
