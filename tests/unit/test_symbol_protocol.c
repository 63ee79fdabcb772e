/* SPDX-License-Identifier: MIT
 *
 * report/symbol_protocol.c: what one side writes the other reads, in pieces of any size; what breaks the rules is refused without harm.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "report/symbol_protocol.h"

static _Alignas(16) unsigned char names_memory[65536];
static unsigned char message[MD_SYMBOL_REPLY_MAX];
static const struct md_frame frames[] = { { .pc = 0x1000, .module = 1 }, { .pc = 0x2000, .module = 1 }, { .pc = 0x3000, .module = 2 } };

static const struct md_name inlined_pair[] = {
	{ .function = "inner", .file = "/src/a.h", .line = 3, .column = 4 },
	{ .function = "outer", .file = "/src/a.c", .line = 30, .column = 5 },
};

/* A conversation in which the helper has said HELLO. */
static struct md_symbol_replies *begin_conversation(void)
{
	static struct md_symbol_replies replies;

	memset(&replies, 0, sizeof replies);
	replies.frames = frames;
	replies.frame_count = sizeof frames / sizeof frames[0];
	replies.names = md_names_init(names_memory, sizeof names_memory);
	size_t bytes = md_symbol_reply_hello(message, sizeof message);
	cr_assert(eq(long, md_symbol_replies_parse(&replies, message, bytes), (long)bytes));
	cr_assert(replies.greeted);
	return &replies;
}

/* Offsets in a message, after its kind and length. */
enum { AT_LENGTH = 4, AT_INDEX = 8, AT_ENTRY_COUNT = 12, AT_FIRST_ENTRY = 16 };

static void set_u32(size_t offset, uint32_t value)
{
	memcpy(message + offset, &value, sizeof value);
}

static long parse_exactly(struct md_symbol_replies *replies, size_t bytes)
{
	/* On the heap and of that very size, so that AddressSanitizer sees a read past the end. */
	unsigned char *copy = malloc(bytes);
	memcpy(copy, message, bytes);
	long taken = md_symbol_replies_parse(replies, copy, bytes);

	free(copy);
	return taken;
}

static size_t count_names(struct md_symbol_replies *replies, struct md_frame frame)
{
	struct md_name names[8];

	return md_names_get(replies->names, frame, names, 8);
}

Test(symbol_protocol, a_request_comes_back_as_written)
{
	struct md_symbol_request sent = { .kind = MD_SYMBOL_ASK,
		.index = 17,
		.address = 0x123456789abcull,
		.path = "/bin/true",
		.path_bytes = 9,
		.build_id = { 1, 2, 3 },
		.build_id_bytes = 3 },
				 got;
	size_t bytes = md_symbol_request_write(&sent, message, sizeof message);

	cr_assert(eq(long, md_symbol_request_parse(&got, message, bytes), (long)bytes));
	cr_expect(eq(int, got.kind, MD_SYMBOL_ASK));
	cr_expect(eq(u32, got.index, 17));
	cr_expect(eq(u64, got.address, 0x123456789abcull));
	cr_expect(eq(sz, got.path_bytes, 9));
	cr_expect(memcmp(got.path, "/bin/true", 9) == 0);
	cr_expect(eq(u8, got.build_id_bytes, 3));
	cr_expect(memcmp(got.build_id, sent.build_id, MD_BUILD_ID_MAX) == 0);
}

Test(symbol_protocol, a_hello_carries_version_and_time_limit)
{
	struct md_symbol_request sent = { .kind = MD_SYMBOL_HELLO, .timeout_ms = 2500 }, got;
	size_t bytes = md_symbol_request_write(&sent, message, sizeof message);

	cr_assert(eq(long, md_symbol_request_parse(&got, message, bytes), (long)bytes));
	cr_expect(eq(u32, got.version, MD_SYMBOL_VERSION));
	cr_expect(eq(u32, got.timeout_ms, 2500));
}

Test(symbol_protocol, a_request_cut_anywhere_waits_for_the_rest)
{
	struct md_symbol_request sent = { .kind = MD_SYMBOL_ASK, .path = "/bin/true", .path_bytes = 9, .build_id_bytes = 20 }, got;
	size_t bytes = md_symbol_request_write(&sent, message, sizeof message);

	for (size_t cut = 0; cut < bytes; cut++)
		cr_expect(eq(long, md_symbol_request_parse(&got, message, cut), 0));
}

Test(symbol_protocol, requests_beyond_a_limit_are_not_written)
{
	struct md_symbol_request request = { .kind = MD_SYMBOL_ASK, .path = "", .index = MD_SYMBOL_FRAMES_MAX };

	cr_expect(eq(sz, md_symbol_request_write(&request, message, sizeof message), 0), "index");
	request.index = 0;
	request.path_bytes = MD_SYMBOL_PATH_MAX + 1;
	cr_expect(eq(sz, md_symbol_request_write(&request, message, sizeof message), 0), "path");
	request.path_bytes = 0;
	request.build_id_bytes = MD_BUILD_ID_MAX + 1;
	cr_expect(eq(sz, md_symbol_request_write(&request, message, sizeof message), 0), "build-id");
	request.build_id_bytes = 0;
	cr_expect(eq(sz, md_symbol_request_write(&request, message, 20), 0), "buffer");
	cr_expect(gt(sz, md_symbol_request_write(&request, message, sizeof message), 0), "and this one is good");
}

Test(symbol_protocol, a_malformed_request_is_refused)
{
	/* Offsets of an ASK: index 8, address 12, build-id bytes 20, path bytes 24, then both. */
	static const struct {
		size_t offset;
		uint32_t value;
		const char *what;
	} damages[] = {
		{ 0, 99, "unknown kind" },
		{ AT_LENGTH, MD_SYMBOL_REQUEST_MAX, "too long a message" },
		{ AT_LENGTH, UINT32_MAX, "far too long a message" },
		{ AT_LENGTH, 4, "too short a payload" },
		{ AT_LENGTH, 31, "bytes missing at the end of the payload" },
		{ AT_INDEX, MD_SYMBOL_FRAMES_MAX, "index out of range" },
		{ 20, MD_BUILD_ID_MAX + 1, "build-id too long" },
		{ 20, UINT32_MAX, "build-id far too long" },
		{ 24, UINT32_MAX, "path far too long" },
		{ 24, 8, "bytes left over" },
		{ 31, 0, "NUL in the path" },
	};
	struct md_symbol_request sent = { .kind = MD_SYMBOL_ASK, .path = "/bin/true", .path_bytes = 9, .build_id_bytes = 3 }, got;

	for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
		size_t bytes = md_symbol_request_write(&sent, message, sizeof message);

		set_u32(damages[i].offset, damages[i].value);
		cr_expect(eq(long, md_symbol_request_parse(&got, message, bytes), -1), "%s", damages[i].what);
	}
}

Test(symbol_protocol, an_answer_fills_the_names)
{
	struct md_symbol_replies *replies = begin_conversation();
	size_t bytes = md_symbol_reply_answer(1, inlined_pair, 2, message, sizeof message);
	struct md_name got[4];

	cr_assert(eq(long, parse_exactly(replies, bytes), (long)bytes));
	cr_expect(eq(sz, replies->answer_count, 1));
	cr_assert(eq(sz, md_names_get(replies->names, frames[1], got, 4), 2));
	cr_expect(eq(str, (char *)got[0].function, "inner"));
	cr_expect(eq(str, (char *)got[0].file, "/src/a.h"));
	cr_expect(eq(u32, got[0].line, 3));
	cr_expect(eq(u32, got[0].column, 4));
	cr_expect(got[0].inlined);
	cr_expect(eq(str, (char *)got[1].function, "outer"));
	cr_expect(not(got[1].inlined), "the last is the function that is really there");
	cr_expect(eq(sz, count_names(replies, frames[0]), 0));
}

Test(symbol_protocol, a_conversation_in_single_bytes_is_the_same)
{
	static unsigned char stream[4096];
	struct md_symbol_replies replies = {
		.frames = frames, .frame_count = 3, .names = md_names_init(names_memory, sizeof names_memory)
	};
	size_t total = 0, begin = 0;

	total += md_symbol_reply_hello(stream + total, sizeof stream - total);
	total += md_symbol_reply_answer(0, inlined_pair, 2, stream + total, sizeof stream - total);
	total += md_symbol_reply_answer(1, NULL, 0, stream + total, sizeof stream - total);
	total += md_symbol_reply_answer(2, inlined_pair + 1, 1, stream + total, sizeof stream - total);
	total += md_symbol_reply_note("/bin/x: is not the file that was loaded", stream + total, sizeof stream - total);
	total += md_symbol_reply_done(stream + total, sizeof stream - total);
	for (size_t end = 0; end <= total; end++) {
		long taken = md_symbol_replies_parse(&replies, stream + begin, end - begin);

		cr_assert(ge(long, taken, 0));
		begin += (size_t)taken;
	}
	cr_expect(eq(sz, begin, total));
	cr_expect(replies.done);
	cr_expect(eq(sz, replies.answer_count, 3));
	cr_expect(eq(str, replies.note, "/bin/x: is not the file that was loaded"));
	cr_expect(eq(sz, count_names(&replies, frames[0]), 2));
	cr_expect(eq(sz, count_names(&replies, frames[1]), 0));
	cr_expect(eq(sz, count_names(&replies, frames[2]), 1));
}

Test(symbol_protocol, a_malformed_answer_is_refused_and_leaves_no_names)
{
	/* An entry: line, column, function bytes, file bytes, then both texts. The first ends at 32 + 5 + 8. */
	static const struct {
		size_t offset;
		uint32_t value;
		const char *what;
	} damages[] = {
		{ 0, 99, "unknown kind" },
		{ AT_LENGTH, MD_SYMBOL_REPLY_MAX, "too long a message" },
		{ AT_LENGTH, UINT32_MAX, "far too long a message" },
		{ AT_LENGTH, 4, "no entry count" },
		{ AT_LENGTH, 40, "cut in the middle of an entry" },
		{ AT_INDEX, 3, "index of no frame" },
		{ AT_INDEX, UINT32_MAX, "index of no frame at all" },
		{ AT_ENTRY_COUNT, 1, "bytes left over" },
		{ AT_ENTRY_COUNT, 3, "fewer entries than it says" },
		{ AT_ENTRY_COUNT, MD_SYMBOL_ENTRIES_MAX + 1, "too many entries" },
		{ AT_FIRST_ENTRY + 8, 6, "function one byte too long" },
		{ AT_FIRST_ENTRY + 8, MD_SYMBOL_TEXT_MAX + 1, "function too long" },
		{ AT_FIRST_ENTRY + 8, UINT32_MAX, "function far too long" },
		{ AT_FIRST_ENTRY + 12, UINT32_MAX - 4, "file so long that a sum would wrap" },
		{ 45 + 12, 100, "the last file ends after the message" },
	};

	for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
		struct md_symbol_replies *replies = begin_conversation();
		size_t bytes = md_symbol_reply_answer(0, inlined_pair, 2, message, sizeof message);

		set_u32(damages[i].offset, damages[i].value);
		cr_expect(eq(long, parse_exactly(replies, bytes), -1), "%s", damages[i].what);
		cr_expect(eq(sz, count_names(replies, frames[0]), 0), "%s", damages[i].what);
	}
}

Test(symbol_protocol, an_answer_cut_anywhere_waits_for_the_rest)
{
	struct md_symbol_replies *replies = begin_conversation();
	size_t bytes = md_symbol_reply_answer(0, inlined_pair, 2, message, sizeof message);

	for (size_t cut = 1; cut < bytes; cut++)
		cr_expect(eq(long, parse_exactly(replies, cut), 0));
	cr_expect(eq(sz, count_names(replies, frames[0]), 0));
}

Test(symbol_protocol, frames_are_answered_in_order_and_once)
{
	struct md_symbol_replies *replies = begin_conversation();
	size_t bytes = md_symbol_reply_answer(1, inlined_pair, 2, message, sizeof message);

	cr_expect(eq(long, parse_exactly(replies, bytes), (long)bytes));
	cr_expect(eq(long, parse_exactly(replies, bytes), -1), "again");
	set_u32(AT_INDEX, 0);
	cr_expect(eq(long, parse_exactly(replies, bytes), -1), "an earlier one");
	cr_expect(eq(sz, count_names(replies, frames[1]), 2));
}

Test(symbol_protocol, hello_comes_first_and_done_last)
{
	struct md_symbol_replies silent = { .frames = frames, .frame_count = 3, .names = md_names_init(names_memory, sizeof names_memory) };
	size_t bytes = md_symbol_reply_answer(0, inlined_pair, 2, message, sizeof message);
	cr_expect(eq(long, parse_exactly(&silent, bytes), -1), "an answer before HELLO");

	struct md_symbol_replies *replies = begin_conversation();
	bytes = md_symbol_reply_hello(message, sizeof message);
	cr_expect(eq(long, parse_exactly(replies, bytes), -1), "HELLO again");
	replies = begin_conversation();
	bytes = md_symbol_reply_done(message, sizeof message);
	cr_expect(eq(long, parse_exactly(replies, bytes), (long)bytes));
	bytes = md_symbol_reply_note("more", message, sizeof message);
	cr_expect(eq(long, parse_exactly(replies, bytes), -1), "a note after DONE");
}

Test(symbol_protocol, another_version_or_another_language_is_noticed)
{
	struct md_symbol_replies replies = { .frames = frames, .frame_count = 3 };
	size_t bytes = md_symbol_reply_hello(message, sizeof message);

	set_u32(12, MD_SYMBOL_VERSION + 1);
	cr_expect(eq(long, parse_exactly(&replies, bytes), -1));
	cr_expect(eq(u32, replies.version, MD_SYMBOL_VERSION + 1), "kept, so that the process can say so");

	memset(&replies, 0, sizeof replies);
	bytes = md_symbol_reply_hello(message, sizeof message);
	set_u32(8, 0x7f454c46);
	cr_expect(eq(long, parse_exactly(&replies, bytes), -1));
	cr_expect(not(replies.greeted));
}

Test(symbol_protocol, control_characters_do_not_get_through)
{
	struct md_symbol_replies *replies = begin_conversation();
	struct md_name name = { .function = "a\x1b[31mb", .file = "c\nd\x7f\xc3\xa9" }, got;
	size_t bytes = md_symbol_reply_answer(0, &name, 1, message, sizeof message);

	cr_assert(eq(long, parse_exactly(replies, bytes), (long)bytes));
	cr_assert(eq(sz, md_names_get(replies->names, frames[0], &got, 1), 1));
	cr_expect(eq(str, (char *)got.function, "a?[31mb"));
	cr_expect(eq(str, (char *)got.file, "c?d?\xc3\xa9"), "UTF-8 stays");

	memcpy(message + AT_FIRST_ENTRY + 16, "a\0", 2); /* a NUL would hide the rest of a name */
	set_u32(AT_INDEX, 1);
	cr_assert(eq(long, parse_exactly(replies, bytes), (long)bytes));
	md_names_get(replies->names, frames[1], &got, 1);
	cr_expect(eq(str, (char *)got.function, "a?[31mb"));

	bytes = md_symbol_reply_note("bell\a", message, sizeof message);
	cr_assert(eq(long, parse_exactly(replies, bytes), (long)bytes));
	cr_expect(eq(str, replies->note, "bell?"));
}

Test(symbol_protocol, long_names_are_shortened_and_many_entries_keep_the_last)
{
	static char text[MD_SYMBOL_TEXT_MAX + 100];
	static struct md_name entries[MD_SYMBOL_ENTRIES_MAX + 10], got[MD_SYMBOL_ENTRIES_MAX + 10];
	struct md_symbol_replies *replies = begin_conversation();

	memset(text, 'n', sizeof text - 1);
	for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
		entries[i] = (struct md_name){ .function = text, .file = text, .line = (uint32_t)i };
	size_t bytes = md_symbol_reply_answer(0, entries, sizeof entries / sizeof entries[0], message, sizeof message);
	cr_assert(gt(sz, bytes, 0), "the largest answer fits");
	cr_assert(eq(long, parse_exactly(replies, bytes), (long)bytes));
	cr_assert(eq(sz, md_names_get(replies->names, frames[0], got, sizeof got / sizeof got[0]), MD_SYMBOL_ENTRIES_MAX));
	cr_expect(eq(sz, strlen(got[0].function), MD_SYMBOL_TEXT_MAX));
	cr_expect(eq(str, (char *)got[0].function + MD_SYMBOL_TEXT_MAX - 4, "n..."));
	cr_expect(eq(u32, got[0].line, 0));
	cr_expect(eq(u32, got[MD_SYMBOL_ENTRIES_MAX - 1].line, MD_SYMBOL_ENTRIES_MAX + 9));
}

Test(symbol_protocol, names_without_room_are_counted_as_answers_but_said)
{
	struct md_symbol_replies *replies = begin_conversation();
	static char text[MD_SYMBOL_TEXT_MAX + 1];
	struct md_name entries[2] = { { .function = text, .file = "" }, { .function = "", .file = text } };

	memset(text, 'n', MD_SYMBOL_TEXT_MAX);
	replies->names = md_names_init(names_memory, MD_NAMES_BYTES_MIN);
	for (uint32_t i = 0; i < 3; i++) {
		text[0] = (char)('a' + i);
		size_t bytes = md_symbol_reply_answer(i, entries, 2, message, sizeof message);
		cr_expect(eq(long, parse_exactly(replies, bytes), (long)bytes));
	}
	cr_expect(replies->full);
	cr_expect(eq(sz, replies->answer_count, 3));
	cr_expect(eq(sz, count_names(replies, frames[0]), 2));
}
