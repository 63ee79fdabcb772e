/* SPDX-License-Identifier: MIT */
#include "tools/view_parts.h"

#include <string.h>

#include "report/hexdump.h"
#include "report/phrases.h"
#include "report/report_text.h"
#include "report/stack_text.h"

#define THREAD_NAME_LENGTH 15 /* the kernel keeps no more */
#define MEMORY_MAX 65536 /* bytes of one dump; the library sends some hundred */

/* --- stacks --------------------------------------------------------------------- */

static void put_module(struct md_text *text, const struct md_value *frame)
{
	const char *module = md_value_string(frame, "module"), *build_id = md_value_string(frame, "build_id");
	uint64_t offset;

	if (!module || !md_value_address(frame, "offset", &offset)) {
		md_text_put(text, "(<unknown module>)");
		return;
	}
	md_textf(text, "(%S+0x%lx)", module, offset);
	if (build_id)
		md_textf(text, " (BuildId: %S)", build_id);
}

static void put_file(struct md_text *text, const struct md_value *frame, bool column)
{
	uint64_t number;

	md_text_safe(text, md_value_string(frame, "file"));
	if (!md_value_uint(frame, "line", &number))
		return;
	md_textf(text, ":%lu", number);
	if (column && md_value_uint(frame, "column", &number))
		md_textf(text, ":%lu", number);
}

void md_view_stack(struct md_text *text, const struct md_value *stack)
{
	const struct md_value *frame = stack && stack->kind == MD_VALUE_ARRAY ? stack->first : NULL;

	if (!frame)
		md_text_put(text, "    (no stack was taken)\n");
	for (uint64_t number = 0; frame; frame = frame->next, number++) {
		const char *function = md_value_string(frame, "function"), *module = md_value_string(frame, "module");
		uint64_t pc = 0;

		md_value_address(frame, "pc", &pc);
		md_textf(text, "    #%lu %p", number, (uintptr_t)pc);
		if (function)
			md_textf(text, " in %S", function);
		md_text_char(text, ' ');
		if (md_value_string(frame, "file")) {
			put_file(text, frame, true);
			if (md_value_true(frame, "unloaded") && module)
				md_textf(text, " (%S)", module);
		} else {
			put_module(text, frame);
		}
		md_text_put(text, md_value_true(frame, "unloaded") ? " [unloaded]\n" : "\n");
	}
}

struct md_entry md_view_entry(const struct md_value *frame)
{
	const char *file = md_value_string(frame, "file"), *module = md_value_string(frame, "module"),
		   *function = md_value_string(frame, "function");
	struct md_entry entry = { .file = file ? file : "",
		.module = module ? module : "",
		.function = function ? function : "",
		.line = (uint32_t)md_value_uint_or(frame, "line", 0),
		.column = (uint32_t)md_value_uint_or(frame, "column", 0) };

	md_value_address(frame, "offset", &entry.offset);
	return entry;
}

bool md_view_is_system(const struct md_value *frame)
{
	const char *module = md_value_string(frame, "module"), *file = md_value_string(frame, "file");

	if (module)
		return md_module_is_system(module) || (file && md_file_is_system(file));
	if (file && (!strncmp(file, "./", 2) || !strncmp(file, "../", 3) || strstr(file, "runtime/calls")))
		return true;
	return file && md_file_is_system(file);
}

/* The same ranks as the library's: a source line of the program; a frame in a module of the program; any frame. */
static int rank_frame(const struct md_value *frame)
{
	const char *module = md_value_string(frame, "module"), *file = md_value_string(frame, "file");

	if (module ? md_module_is_system(module) : !file || md_view_is_system(frame))
		return 1;
	return file && !md_file_is_system(file) ? 3 : 2;
}

const struct md_value *md_view_site_frame(const struct md_value *stack)
{
	const struct md_value *site = NULL;
	int best = 0;

	for (const struct md_value *frame = stack && stack->kind == MD_VALUE_ARRAY ? stack->first : NULL; frame && best < 3; frame = frame->next) {
		if (rank_frame(frame) <= best)
			continue;
		best = rank_frame(frame);
		site = frame;
	}
	return site;
}

void md_view_site(struct md_text *text, const struct md_value *stack)
{
	const struct md_value *site = md_view_site_frame(stack);

	if (!site) {
		md_text_put(text, "no stack");
		return;
	}
	if (md_value_string(site, "file")) {
		put_file(text, site, false);
	} else {
		const char *module = md_value_string(site, "module");
		uint64_t offset = 0;

		if (module && md_value_address(site, "offset", &offset))
			md_textf(text, "(%S+0x%lx)", module, offset);
		else
			md_text_put(text, "(<unknown module>)");
	}
	if (md_value_string(site, "function"))
		md_textf(text, " in %S", md_value_string(site, "function"));
}

/* --- threads ----------------------------------------------------------------------- */

void md_view_thread(struct md_text *text, const struct md_value *object, const char *name)
{
	uint64_t thread;

	if (md_value_uint(object, name, &thread))
		md_textf(text, "T%lu", thread);
	else
		md_text_put(text, "T?");
}

void md_view_thread_name(struct md_text *text, const struct md_value *report, const struct md_value *object, const char *name)
{
	const char *program = md_value_string(md_value_get(report, "process"), "program");
	uint64_t thread, id;

	md_text_put(text, "thread ");
	md_view_thread(text, object, name);
	if (!md_value_uint(object, name, &thread))
		return;
	for (const struct md_value *row = md_value_elements(report, "threads"); row; row = row->next) {
		const char *given = md_value_string(row, "name");

		/* A thread that was never named has its program's name, which the kernel cuts: it tells nothing. */
		if (md_value_uint(row, "id", &id) && id == thread && given &&
			!(program && !strncmp(given, md_report_file_name(program), THREAD_NAME_LENGTH)))
			md_textf(text, " (%S)", given);
	}
}

/* --- blocks -------------------------------------------------------------------------- */

void md_view_relation(struct md_text *text, uint64_t addr, const struct md_value *block)
{
	uint64_t begin = 0, bytes = md_value_uint_or(block, "bytes", 0);

	md_value_address(block, "address", &begin);
	md_phrase_relation(text, addr, begin, bytes);
	md_textf(text, " the %lu-byte block", bytes);
}

void md_view_where(struct md_text *text, uint64_t addr, const struct md_value *block)
{
	uint64_t begin = 0;

	md_value_address(block, "address", &begin);
	md_view_relation(text, addr, block);
	md_textf(text, " [%p,%p)", (uintptr_t)begin, (uintptr_t)(begin + md_value_uint_or(block, "bytes", 0)));
}

const char *md_view_state(const struct md_value *block)
{
	static const char *const states[][2] = { { "free", "free" }, { "cached", "free, in a thread's cache" }, { "live", "live" },
		{ "freeing", "being freed" }, { "quarantined", "freed, in quarantine" } };
	const char *state = md_value_string(block, "state");

	for (size_t i = 0; state && i < sizeof states / sizeof *states; i++)
		if (!strcmp(state, states[i][0]))
			return states[i][1];
	return "in an unknown state";
}

void md_view_owner(struct md_text *text, const struct md_value *report, const char *verb, const struct md_value *owner)
{
	const char *function = md_value_string(owner, "function");
	double seconds;

	if (!owner)
		return;
	md_text_color(text, MD_BLUE);
	md_text_put(text, verb);
	if (function)
		md_textf(text, " by %S", function);
	md_text_put(text, " in ");
	md_view_thread_name(text, report, owner, "thread");
	if (md_value_double(owner, "seconds", &seconds)) {
		md_text_put(text, ", ");
		md_phrase_seconds(text, seconds, 3);
		md_text_put(text, " after start");
	}
	md_text_put(text, ", here:\n");
	md_text_color(text, MD_PLAIN);
	md_view_stack(text, md_value_get(owner, "stack"));
	md_text_char(text, '\n');
}

/* --- bytes ------------------------------------------------------------------------------ */

static int read_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t md_view_hex(const char *digits, unsigned char *bytes, size_t max)
{
	size_t count = 0;

	while (count < max && read_digit(digits[0]) >= 0 && read_digit(digits[1]) >= 0) {
		bytes[count++] = (unsigned char)(read_digit(digits[0]) << 4 | read_digit(digits[1]));
		digits += 2;
	}
	return count;
}

/* The letters of "marks" in JSON. */
static unsigned char read_mark(char letter)
{
	static const char letters[] = ".usrfeg";
	bool damaged = letter == '!' || (letter >= 'A' && letter <= 'Z');
	char small = letter == '!' ? '.' : damaged ? (char)(letter - 'A' + 'a') : letter;
	const char *found = small ? strchr(letters, small) : NULL;

	return (unsigned char)((found ? found - letters : 0) | (damaged ? MD_MARK_DAMAGED : 0));
}

/* Rows in which there is nothing, free or in a guard page. */
static bool are_empty_rows(const unsigned char *marks, size_t rows)
{
	if (marks[0] != MD_MARK_FREE && marks[0] != MD_MARK_GUARD)
		return false;
	for (size_t i = 1; i < rows * MD_HEXDUMP_ROW; i++)
		if (marks[i] != marks[0])
			return false;
	return true;
}

/* Of empty rows at both ends one is enough. */
static void drop_empty_rows(struct md_hexdump *dump)
{
	while (dump->bytes % MD_HEXDUMP_ROW == 0 && dump->bytes >= 2 * MD_HEXDUMP_ROW &&
		dump->begin + dump->bytes - MD_HEXDUMP_ROW > dump->focus && are_empty_rows(dump->marks + dump->bytes - 2 * MD_HEXDUMP_ROW, 2))
		dump->bytes -= MD_HEXDUMP_ROW;
	while (dump->begin % MD_HEXDUMP_ROW == 0 && dump->bytes >= 2 * MD_HEXDUMP_ROW && dump->begin + MD_HEXDUMP_ROW <= dump->focus &&
		are_empty_rows(dump->marks, 2)) {
		dump->begin += MD_HEXDUMP_ROW;
		dump->data += MD_HEXDUMP_ROW;
		dump->marks += MD_HEXDUMP_ROW;
		dump->expected += MD_HEXDUMP_ROW;
		dump->bytes -= MD_HEXDUMP_ROW;
	}
}

void md_view_memory(struct md_text *text, const struct md_value *report)
{
	static unsigned char data[MEMORY_MAX], expected[MEMORY_MAX], marks[MEMORY_MAX];
	const struct md_value *memory = md_value_get(report, "memory");
	const char *digits = md_value_string(memory, "data"), *right = md_value_string(memory, "expected"),
		   *letters = md_value_string(memory, "marks");
	uint64_t begin, addr = 0;
	size_t bytes;

	if (!digits || !letters || !md_value_address(memory, "begin", &begin))
		return;
	bytes = md_view_hex(digits, data, sizeof data);
	bytes = strlen(letters) < bytes ? strlen(letters) : bytes;
	if (bytes == 0 || begin > UINTPTR_MAX - bytes)
		return;
	memcpy(expected, data, bytes);
	if (right)
		md_view_hex(right, expected, bytes);
	for (size_t i = 0; i < bytes; i++)
		marks[i] = read_mark(letters[i]);
	if (md_value_address(report, "address", &addr))
		md_textf(text, "Bytes around %p:\n", (uintptr_t)addr);
	else
		md_text_put(text, "Bytes around the address:\n");

	struct md_hexdump dump = { .begin = begin, .bytes = bytes, .data = data, .marks = marks, .expected = expected, .focus = addr };

	drop_empty_rows(&dump);
	md_hexdump_legend(text, md_hexdump_text(text, &dump));
	md_text_char(text, '\n');
}

void md_view_sample(struct md_text *text, const struct md_value *sample)
{
	unsigned char data[256], marks[256];
	const char *digits = md_value_string(sample, "data");
	uint64_t begin;
	size_t bytes;

	if (!digits || !md_value_address(sample, "address", &begin))
		return;
	bytes = md_view_hex(digits, data, sizeof data);
	memset(marks, MD_MARK_USER, sizeof marks);
	if (bytes && begin <= UINTPTR_MAX - bytes)
		md_hexdump_text(text, &(struct md_hexdump){ .begin = begin, .bytes = bytes, .data = data, .marks = marks });
}
