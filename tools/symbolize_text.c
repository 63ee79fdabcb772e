/* SPDX-License-Identifier: MIT
 *
 * A frame in text, ours and AddressSanitizer's: "    #3 0x55a3667cf090 in _start (/path/program+0x1090) (BuildId: 3591...) [unloaded]". A stack
 * begins with #0.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/names.h"
#include "report/symbol_protocol.h"
#include "tools/memory.h"
#include "tools/symbol_file.h"
#include "tools/symbolize.h"

static int read_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void md_symbolize_find(struct md_symbol_answer *answer, const char *module, const char *build_id, uint64_t offset)
{
	struct md_symbol_request request = { .kind = MD_SYMBOL_ASK, .path = module, .path_bytes = module ? strlen(module) : 0 };
	struct md_symbol_file *file;

	if (!module || module[0] != '/' || request.path_bytes > MD_SYMBOL_PATH_MAX)
		return;
	for (; build_id && read_digit(build_id[0]) >= 0 && read_digit(build_id[1]) >= 0 && request.build_id_bytes < MD_BUILD_ID_MAX; build_id += 2)
		request.build_id[request.build_id_bytes++] = (uint8_t)(read_digit(build_id[0]) << 4 | read_digit(build_id[1]));
	file = md_symbol_file_find(&request);
	if (file)
		md_symbol_file_name(file, offset, answer);
}

struct frame {
	const char *number; /* begin of it in the line, behind the # */
	unsigned long value;
	const char *behind_pc;     /* what follows the address */
	char *module, *build_id;   /* allocated; NULL: none */
	uint64_t offset;
	const char *rest; /* what follows all of it: "", " [unloaded]" */
	bool has_function;
};

/* "(/path+0x1090)": the last such, because names of functions may have parentheses, too. */
static bool read_module(struct frame *frame, const char *text)
{
	const char *plus = NULL, *open, *close;
	char *end;

	for (const char *at = text; (at = strstr(at, "+0x")); at++)
		plus = at;
	if (!plus)
		return false;
	frame->offset = strtoull(plus + 1, &end, 16);
	close = end;
	if (*close != ')')
		return false;
	open = plus;
	while (open > text && !(open[-1] == ' ' && open[0] == '(' && open[1] == '/'))
		open--;
	if (open[0] != '(' || open[1] != '/')
		return false;
	frame->module = md_memory_copy(open + 1, (size_t)(plus - open - 1));
	frame->has_function = !strncmp(text, " in ", 4);
	frame->rest = close + 1;
	if (!strncmp(frame->rest, " (BuildId: ", 11)) {
		const char *digits = frame->rest + 11;
		size_t length = strcspn(digits, ")");

		if (digits[length]) {
			frame->build_id = md_memory_copy(digits, length);
			frame->rest = digits + length + 1;
		}
	}
	return true;
}

/* True if the line is a frame of a stack, with or without a module to look at. */
static bool read_frame(struct frame *frame, const char *line)
{
	char *end;

	line += strspn(line, " \t");
	if (line[0] != '#' || line[1] < '0' || line[1] > '9')
		return false;
	frame->number = line + 1;
	frame->value = strtoul(line + 1, &end, 10);
	line = end + strspn(end, " ");
	if (line == end || strncmp(line, "0x", 2))
		return false;
	line += 2 + strspn(line + 2, "0123456789abcdef");
	frame->behind_pc = line;
	return *line == ' ';
}

static void put_entry(FILE *to, const char *line, const struct frame *frame, unsigned long number, const struct md_name *name)
{
	const char *pc = strstr(frame->number, "0x");

	fprintf(to, "%.*s%lu %.*s", (int)(frame->number - line), line, number, (int)(frame->behind_pc - pc), pc);
	if (name->function[0])
		fprintf(to, " in %s", name->function);
	if (!name->file[0]) {
		fprintf(to, " (%s+0x%" PRIx64 ")", frame->module, frame->offset);
		if (frame->build_id)
			fprintf(to, " (BuildId: %s)", frame->build_id);
	} else {
		fprintf(to, " %s", name->file);
		if (name->line)
			fprintf(to, ":%" PRIu32, name->line);
		if (name->line && name->column)
			fprintf(to, ":%" PRIu32, name->column);
	}
	fputs(frame->rest, to);
}

void md_symbolize_text(struct md_symbolize *state, FILE *to, const char *line)
{
	static struct md_symbol_answer answer;
	struct frame frame = { .rest = "" };
	bool better = false;

	if (!read_frame(&frame, line)) {
		fputs(line, to);
		return;
	}
	state->shift = frame.value == 0 ? 0 : state->shift;
	if (read_module(&frame, frame.behind_pc)) {
		state->missing += !frame.has_function;
		md_symbolize_find(&answer, frame.module, frame.build_id, frame.offset);
		better = answer.entry_count > 0 && (frame.has_function ? answer.entries[0].file[0] : answer.entries[0].function[0]);
	}
	if (better) {
		state->found += !frame.has_function;
		state->improved += frame.has_function;
		for (size_t i = 0; i < answer.entry_count; i++) {
			if (i)
				putc('\n', to);
			put_entry(to, line, &frame, frame.value + state->shift + i, &answer.entries[i]);
		}
		state->shift += (unsigned)answer.entry_count - 1;
	} else {
		const char *behind = frame.number + strspn(frame.number, "0123456789");

		fprintf(to, "%.*s%lu%s", (int)(frame.number - line), line, frame.value + state->shift, behind);
	}
	md_symbol_answer_clear(&answer);
	free(frame.module);
	free(frame.build_id);
}
