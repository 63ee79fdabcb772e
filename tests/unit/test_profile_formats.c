/* SPDX-License-Identifier: MIT
 *
 * Formats of profiles: what is packed is unpacked by gzip itself; profile.proto is read back field by field; folded stacks and massif's text are
 * compared, and massif's numbers added up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "report/profile_folded.h"
#include "report/profile_gzip.h"
#include "report/profile_massif.h"
#include "report/profile_proto.h"
#include "tests/unit/report_fixture.h"

/* --- gzip -------------------------------------------------------------------------- */

static char packed[4 << 20], unpacked[2 << 20];

static size_t pack(const char *data, size_t bytes, size_t piece)
{
	static struct md_gzip gzip;
	struct md_text out;

	md_text_init(&out, packed, sizeof packed, false);
	md_gzip_begin(&gzip, &out);
	for (size_t at = 0; at < bytes; at += piece) {
		size_t part = bytes - at < piece ? bytes - at : piece, before = out.length;

		md_gzip_put(&gzip, data + at, part, &out);
		cr_assert(out.length - before <= MD_GZIP_ROOM(part), "%zu bytes became %zu", part, out.length - before);
	}
	md_gzip_end(&gzip, &out);
	cr_assert(!out.cut);
	return out.length;
}

/* Through the program gzip, which checks length and CRC, too. */
static void expect_unpacks(const char *data, size_t bytes, size_t piece)
{
	char path[] = "/tmp/test_profile.XXXXXX", command[128];
	size_t length = pack(data, bytes, piece);
	int fd = mkstemp(path);

	cr_assert(fd >= 0 && write(fd, packed, length) == (ssize_t)length);
	close(fd);
	snprintf(command, sizeof command, "gzip -dc < %s", path);
	FILE *pipe = popen(command, "r");
	size_t got = fread(unpacked, 1, sizeof unpacked, pipe);
	int status = pclose(pipe);

	unlink(path);
	cr_expect(status == 0, "gzip says %d for %zu bytes in pieces of %zu", status, bytes, piece);
	cr_expect(got == bytes && memcmp(unpacked, data, bytes) == 0, "%zu bytes in pieces of %zu came back as others", bytes, piece);
}

Test(gzip, unpacks_to_what_it_was)
{
	static char data[300000];
	uint64_t state = 88172645463325252ull;

	expect_unpacks("", 0, 1);
	expect_unpacks("a", 1, 1);
	expect_unpacks("abcabcabcabcabcabc", 18, 18);
	memset(data, 0, sizeof data);
	expect_unpacks(data, sizeof data, MD_GZIP_PIECE_MAX);
	for (size_t i = 0; i < sizeof data; i++) { /* nothing repeats */
		state ^= state << 13, state ^= state >> 7, state ^= state << 17;
		data[i] = (char)state;
	}
	expect_unpacks(data, sizeof data, MD_GZIP_PIECE_MAX);
	for (size_t i = 0; i < sizeof data; i++) { /* lengths and distances of all sizes */
		state ^= state << 13, state ^= state >> 7, state ^= state << 17;
		size_t back = 1 + state % (1 << (1 + state % 15)), length = state >> 32 & 0x1ff;

		for (size_t k = 0; k < length && i < sizeof data && i >= back; k++, i++)
			data[i] = data[i - back];
		if (i < sizeof data)
			data[i] = (char)(state >> 50);
	}
	expect_unpacks(data, sizeof data, MD_GZIP_PIECE_MAX);
	expect_unpacks(data, 100000, 777);
}

Test(gzip, repetitions_become_shorter)
{
	char text[4096];

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = "malloc free "[i % 12];
	cr_expect(pack(text, sizeof text, sizeof text) < 120, "%zu bytes", pack(text, sizeof text, sizeof text));
}

Test(gzip, crc_is_the_usual_one)
{
	cr_expect(md_gzip_crc(0, "123456789", 9) == 0xcbf43926);
	cr_expect(md_gzip_crc(md_gzip_crc(0, "1234", 4), "56789", 5) == 0xcbf43926);
}

/* --- a profile ------------------------------------------------------------------------- */

static struct {
	struct md_profile profile;
	struct md_profile_row rows[4];
} made;
static struct md_profile_place places[MD_MODULES_MAX];
static struct md_stack_printer printer;
static struct md_profile_report report;
static uint32_t used[16];
static size_t used_count;

static void note_frames(uint32_t stack)
{
	uint32_t number;

	for (size_t i = 0; (number = md_stack_store_number(stacks, (md_stack_id){ stack }, i)); i++) {
		size_t k = 0;

		while (k < used_count && used[k] != number)
			k++;
		used[k] = number;
		used_count += k == used_count;
	}
}

static void make_profile(void)
{
	fixture_init();
	struct md_frame inlined[] = { frame_at(plugin, 0x500), frame_at(app, 0x1000), frame_at(app, 0x9000), frame_at(libc, 0x27249) };

	name_frame(inlined[0], "inner;<a b>", "/home/user/inner.h", 3, 1, true);
	name_frame(inlined[0], "outer", "/home/user/plugin.c", 33, 1, false);
	made.profile = (struct md_profile){ .has_all = true, .live_blocks = 8, .live_bytes = 1117, .row_count = 4 };
	made.rows[0] = (struct md_profile_row){ 0, 1, 17, 2, 34 };
	made.rows[1] = (struct md_profile_row){ stack_from(0x1000).value, 2, 1000, 300, 1ull << 40 };
	made.rows[2] = (struct md_profile_row){ stack_from(0x7777).value, 0, 0, 9, 99 };
	made.rows[3] = (struct md_profile_row){ md_stack_store_put(stacks, inlined, 4).value, 5, 100, 5, 100 };
	for (size_t i = 0; i < 4; i++)
		note_frames(made.rows[i].stack);
	for (uint16_t i = 1; i < 4; i++)
		places[i] = (struct md_profile_place){ i * 0x100000u, i * 0x100000u + 0x5000, i * 0x1000u };
	printer = fixture_printer();
	report = (struct md_profile_report){ .profile = &made.profile, .printer = &printer, .places = places, .pid = 12, .program = "/home/user/app",
		.wall_nanoseconds = 1700000000000000000ull, .duration_nanoseconds = 5, .live = true };
}

/* --- profile.proto ------------------------------------------------------------------------ */

struct reader {
	const unsigned char *at, *end;
};

static uint64_t read_varint(struct reader *reader)
{
	uint64_t value = 0;

	for (unsigned shift = 0;; shift += 7) {
		cr_assert(reader->at < reader->end && shift < 64, "a number that does not end");
		unsigned char byte = *reader->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
}

/* The next field: its number, and its value or its bytes. 0 at the end. */
static unsigned read_field(struct reader *reader, uint64_t *value, struct reader *inside)
{
	if (reader->at == reader->end)
		return 0;
	uint64_t key = read_varint(reader);

	*value = read_varint(reader);
	*inside = (struct reader){ 0 };
	if ((key & 7) == 2) {
		cr_assert(*value <= (uint64_t)(reader->end - reader->at), "a message longer than what it is in");
		*inside = (struct reader){ reader->at, reader->at + *value };
		reader->at += *value;
	} else {
		cr_assert((key & 7) == 0, "type %lu", key & 7);
	}
	return (unsigned)(key >> 3);
}

/* The whole message. */
static struct reader write_proto(struct md_text *text)
{
	struct md_profile_proto *proto = calloc(1, sizeof *proto);

	*text = fixture_text(false);
	md_profile_proto_begin(proto, &report, text);
	for (size_t i = 0; i < made.profile.row_count; i++)
		md_profile_proto_row(proto, &report, &made.profile.rows[i], text);
	for (size_t i = 0; i < used_count; i++)
		md_profile_proto_frame(proto, &report, used[i], text);
	for (uint16_t i = 1; i < 4; i++)
		md_profile_proto_module(proto, &report, i, text);
	for (uint32_t i = 0; md_profile_proto_string(proto, i, text); i++)
		;
	free(proto);
	cr_assert(!text->cut);
	return (struct reader){ (unsigned char *)text->buffer, (unsigned char *)text->buffer + text->length };
}

/* As text, in order: each message by its field, with numbers of fields and their values; strings by number are looked up by the reader. */
static void describe(struct reader reader, struct md_text *out)
{
	const char *strings[64];
	size_t lengths[64], count = 0;
	struct reader scan = reader, inside, deep;
	uint64_t value;
	unsigned field;

	while ((field = read_field(&scan, &value, &inside)))
		if (field == 6) {
			strings[count] = (const char *)inside.at;
			lengths[count++] = (size_t)value;
		}
	cr_assert(count > 0 && lengths[0] == 0, "the first string must be empty");
#define STRING(i) \
	do { \
		cr_assert((i) < count, "string %lu of %zu", (uint64_t)(i), count); \
		md_text_put_n(out, strings[i], lengths[i]); \
	} while (0)
	while ((field = read_field(&reader, &value, &inside))) {
		unsigned number;

		switch (field) {
		case 1: case 11:
			md_text_put(out, field == 1 ? "type" : "period");
			while ((number = read_field(&inside, &value, &deep))) {
				md_text_char(out, ' ');
				STRING(value);
			}
			break;
		case 2:
			md_text_put(out, "sample");
			while ((number = read_field(&inside, &value, &deep)))
				for (md_text_put(out, number == 1 ? " at" : " of"); deep.at < deep.end;)
					md_textf(out, " %lu", read_varint(&deep));
			break;
		case 3:
			md_text_put(out, "mapping");
			while ((number = read_field(&inside, &value, &deep))) {
				md_text_char(out, ' ');
				if (number == 5 || number == 6)
					STRING(value);
				else
					md_textf(out, "%u=0x%lx", number, value);
			}
			break;
		case 4:
			md_text_put(out, "location");
			while ((number = read_field(&inside, &value, &deep))) {
				uint64_t part;

				if (number != 4)
					md_textf(out, " 0x%lx", value);
				else
					while ((number = read_field(&deep, &part, &scan)))
						md_textf(out, number == 1 ? " f%lu" : ":%lu", part);
			}
			break;
		case 5:
			md_text_put(out, "function");
			while ((number = read_field(&inside, &value, &deep))) {
				md_text_char(out, ' ');
				if (number == 1)
					md_textf(out, "f%lu", value);
				else
					STRING(value);
			}
			break;
		case 6:
			continue;
		case 9: case 10: case 12:
			md_textf(out, "%u: %lu", field, value);
			break;
		case 13: case 14:
			md_textf(out, "%u: ", field);
			STRING(value);
			break;
		default:
			cr_assert(false, "field %u", field);
		}
		md_text_char(out, '\n');
	}
}

Test(proto, is_read_back, .init = make_profile)
{
	static char described[8192];
	struct md_text text, out;

	md_text_init(&out, described, sizeof described - 1, false);
	describe(write_proto(&text), &out);
	expect_text(&out,
		"type alloc_objects count\ntype alloc_space bytes\ntype inuse_objects count\ntype inuse_space bytes\n"
		"9: 1700000000000000000\n10: 5\nperiod space bytes\n12: 1\n13: malloc-debug " MD_VERSION "\n14: inuse_space\n"
		"sample of 2 34 1 17\n"
		"sample at 1 2 3 of 300 1099511627776 2 1000\n"
		"sample at 4 2 3 of 9 99 0 0\n"
		"sample at 5 1 2 3 of 5 100 5 100\n"
		"function f1 make_name make_name app.c\n"
		"location 0x1 0x1 0x555500001000 f1:10\n"
		"function f2 main main app.c\n"
		"location 0x2 0x1 0x555500009000 f2:90\n"
		"function f3 __libc_start_call_main __libc_start_call_main\n"
		"location 0x3 0x3 0x7f2200027249 f3\n"
		"location 0x4 0x1 0x555500007777\n"
		"function f4 inner;<a b> inner;<a b> inner.h\n"
		"function f5 outer outer plugin.c\n"
		"location 0x5 0x2 0x7f1100000500 f4:3 f5:33\n"
		"mapping 1=0x1 2=0x100000 3=0x105000 4=0x1000 /home/user/app\n" /* one of its locations has no name */
		"mapping 1=0x2 2=0x200000 3=0x205000 4=0x2000 /home/user/plugin.so ab01 7=0x1 8=0x1 9=0x1 10=0x1\n"
		"mapping 1=0x3 2=0x300000 3=0x305000 4=0x3000 /lib/libc.so.6 ab0102cd 7=0x1 8=0x1 9=0x1 10=0x1\n");
}

Test(proto, has_two_values_where_nothing_is_counted, .init = make_profile)
{
	static char described[8192];
	struct md_text text, out;

	made.profile.has_all = false;
	made.profile.row_count = 2;
	md_text_init(&out, described, sizeof described - 1, false);
	describe(write_proto(&text), &out);
	cr_expect(strncmp(described, "type inuse_objects count\ntype inuse_space bytes\n9:", 50) == 0, "%s", described);
	cr_expect(strstr(described, "\nsample of 1 17\nsample at 1 2 3 of 2 1000\n"), "%s", described);
}

/* Strings of the program need not be text; those of the format are UTF-8. */
Test(proto, strings_are_utf8, .init = make_profile)
{
	struct md_frame frame = frame_at(app, 0x1234);
	struct md_text text;

	name_frame(frame, "bad\xff\xc3name\n", "f\xc3\xa4.c", 1, 1, false);
	made.rows[2].stack = md_stack_store_put(stacks, &frame, 1).value;
	note_frames(made.rows[2].stack);
	write_proto(&text);
	cr_expect(memmem(text.buffer, text.length, "bad??name?", 10) && memmem(text.buffer, text.length, "f\xc3\xa4.c", 5));
}

/* The deepest stack fits. */
Test(proto, any_stack_fits, .init = make_profile)
{
	struct md_frame frames[MD_STACK_FRAMES_MAX];
	struct reader reader, inside, deep;
	struct md_text text;
	uint64_t value;
	size_t found = 0;

	for (size_t i = 0; i < 40000; i += MD_STACK_FRAMES_MAX) { /* numbers of several bytes */
		for (size_t k = 0; k < MD_STACK_FRAMES_MAX; k++)
			frames[k] = frame_at(libc, 4 * (i + k));
		made.rows[2] = (struct md_profile_row){ md_stack_store_put(stacks, frames, MD_STACK_FRAMES_MAX).value, UINT64_MAX, UINT64_MAX, UINT64_MAX,
			UINT64_MAX };
	}
	reader = write_proto(&text);
	while (reader.at < reader.end)
		if (read_field(&reader, &value, &inside) == 2) {
			uint64_t bytes;

			if (read_field(&inside, &bytes, &deep) == 1 && bytes > 300) {
				for (found = 0; deep.at < deep.end; found++)
					cr_expect(read_varint(&deep) > 39000);
			}
		}
	cr_expect(found == MD_STACK_FRAMES_MAX, "%zu frames", found);
}

/* --- folded -------------------------------------------------------------------------------- */

Test(folded, a_line_for_each_stack, .init = make_profile)
{
	struct md_text text = fixture_text(false);

	for (size_t i = 0; i < 4; i++)
		md_profile_folded_row(&report, &made.rows[i], &text);
	expect_text(&text, "[no stack] 17\n__libc_start_call_main;main;make_name 1000\n__libc_start_call_main;main;make_name;outer;inner:<a b> 100\n");
	report.live = false;
	text = fixture_text(false);
	for (size_t i = 0; i < 4; i++)
		md_profile_folded_row(&report, &made.rows[i], &text);
	expect_text(&text, "[no stack] 34\n__libc_start_call_main;main;make_name 1099511627776\n__libc_start_call_main;main;[app+0x7777] 99\n"
		"__libc_start_call_main;main;make_name;outer;inner:<a b> 100\n");
}

/* Where a line does not fit it loses inner frames, whole, and keeps its number; where nothing fits the text says so. */
Test(folded, a_long_line_keeps_its_number, .init = make_profile)
{
	char buffer[100];
	struct md_text text;

	for (size_t room = 0; room <= sizeof buffer; room++) {
		md_text_init(&text, buffer, room, false);
		md_profile_folded_row(&report, &made.rows[1], &text);
		if (text.cut) {
			cr_expect(room < 64 && text.length == 0, "room %zu", room);
			continue;
		}
		cr_expect(memcmp(buffer + text.length - 6, " 1000\n", 6) == 0, "room %zu: %.*s", room, (int)text.length, buffer);
		cr_expect(strncmp(buffer, "__libc_start_call_main ", 23) == 0 || strncmp(buffer, "__libc_start_call_main;main ", 28) == 0 ||
			strncmp(buffer, "__libc_start_call_main;main;make_name ", 38) == 0, "room %zu: %.*s", room, (int)text.length, buffer);
	}
}

/* --- massif ---------------------------------------------------------------------------------- */

static void put_tree(struct md_massif_tree *tree, struct md_text *text)
{
	while (md_massif_tree_line(tree, &printer, text))
		;
	cr_expect(!md_massif_tree_line(tree, &printer, text), "there is something after the end");
}

Test(massif, a_tree_of_callers, .init = make_profile)
{
	struct md_text text = fixture_text(false);
	struct md_massif_tree tree;
	void *memory = calloc(1, md_massif_tree_bytes(16));

	md_massif_tree_init(&tree, memory, 16);
	for (size_t i = 0; i < 4; i++)
		md_massif_tree_add(&tree, stacks, (md_stack_id){ made.rows[i].stack }, made.rows[i].live_bytes);
	md_massif_tree_add(&tree, stacks, stack_from(0x2000), 9); /* below one percent, with the empty one */
	md_massif_head("/home/user/app", 12, &text);
	md_massif_moment(0, 7, 5, MD_MASSIF_EMPTY, &text);
	md_massif_moment(1, 8, 1126, MD_MASSIF_PEAK, &text);
	put_tree(&tree, &text);
	expect_text(&text,
		"desc: malloc-debug " MD_VERSION ", process 12\ncmd: /home/user/app\ntime_unit: ms\n"
		"#-----------\nsnapshot=0\n#-----------\ntime=7\nmem_heap_B=5\nmem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=empty\n"
		"#-----------\nsnapshot=1\n#-----------\ntime=8\nmem_heap_B=1126\nmem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=peak\n"
		"n4: 1126 (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n"
		" n1: 1000 0x555500001000: make_name (app.c:10)\n"
		"  n1: 1000 0x555500009000: main (app.c:90)\n"
		"   n0: 1000 0x7f2200027249: __libc_start_call_main\n"
		" n1: 100 0x7f1100000500: inner;<a b> (inner.h:3)\n"
		"  n1: 100 0x555500001000: make_name (app.c:10)\n"
		"   n1: 100 0x555500009000: main (app.c:90)\n"
		"    n0: 100 0x7f2200027249: __libc_start_call_main\n"
		" n0: 17 (no stack was taken)\n"
		" n0: 9 in 2 places, all below massif's threshold (1.00%)\n");
	free(memory);
}

/* In any tree each line's bytes are those of its children, and as many children follow as it says. */
static uint64_t add_up(const char **at, unsigned depth, uint64_t *lines)
{
	unsigned children;
	uint64_t bytes, sum = 0, last = UINT64_MAX;
	int length;

	cr_assert(strspn(*at, " ") == depth && sscanf(*at, " n%u: %lu %n", &children, &bytes, &length) == 2, "at depth %u: %.60s", depth, *at);
	*at = strchr(*at, '\n') + 1;
	++*lines;
	for (unsigned i = 0; i < children; i++) {
		bool merged = strstr(*at, "below massif's") && strstr(*at, "below massif's") < strchr(*at, '\n');
		uint64_t part = add_up(at, depth + 1, lines);

		cr_expect(merged || part <= last, "not in order");
		last = part;
		sum += part;
	}
	cr_expect(!children || sum == bytes, "%lu is not %lu", sum, bytes);
	return bytes;
}

Test(massif, all_trees_add_up, .init = make_profile)
{
	unsigned state = 99;

	for (int round = 0; round < 50; round++) {
		struct md_text text = fixture_text(false);
		size_t frames = 0;
		uint64_t total = 0, lines = 0;
		struct { md_stack_id stack; uint64_t bytes; } rows[100];

		for (size_t i = 0; i < 100; i++) {
			struct md_frame stack[9];
			size_t depth = 1 + (state >> 20) % 8;

			for (size_t k = 0; k < depth; k++) {
				state = state * 1103515245 + 12345;
				stack[k] = frame_at(libc, 16 * (1 + (state >> 16) % 5));
			}
			stack[depth++] = frame_at(app, 0x9000); /* no stack is a part of another */
			rows[i].stack = md_stack_store_put(stacks, stack, depth);
			rows[i].bytes = (state >> 8) % (i % 9 ? 100 : 100000);
			frames += depth;
			total += rows[i].bytes;
		}
		void *memory = calloc(1, md_massif_tree_bytes(frames));
		struct md_massif_tree tree;

		md_massif_tree_init(&tree, memory, frames);
		for (size_t i = 0; i < 100; i++)
			md_massif_tree_add(&tree, stacks, rows[i].stack, rows[i].bytes);
		put_tree(&tree, &text);
		const char *at = text_string(&text);

		cr_assert(!text.cut);
		cr_expect(add_up(&at, 0, &lines) == total && *at == '\0', "round %d", round);
		cr_expect(lines > 10);
		free(memory);
	}
}
