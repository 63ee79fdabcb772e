/* SPDX-License-Identifier: MIT */
#include "tools/view_text.h"

#include <string.h>

#include "report/phrases.h"
#include "report/report_text.h"
#include "src/error.h"
#include "tools/view_parts.h"

#define REGISTERS_IN_ROW 4

static bool is_string(const struct md_value *object, const char *name, const char *value)
{
	const char *string = md_value_string(object, name);

	return string && !strcmp(string, value);
}

static bool is_bad_request(const char *slug)
{
	for (int i = 0; i < MD_ERROR_COUNT; i++)
		if (!strcmp(md_error_info((enum md_error)i)->slug, slug))
			return md_error_is_bad_request((enum md_error)i);
	return false;
}

/* --- header ------------------------------------------------------------------------ */

static void put_header(struct md_text *text, const struct md_value *report, const char *slug)
{
	const struct md_value *process = md_value_get(report, "process"), *call = md_value_get(report, "call");
	const char *program = md_value_string(process, "program");
	uint64_t addr;

	md_text_repeat(text, '=', 65);
	md_text_char(text, '\n');
	md_text_color(text, MD_RED);
	md_textf(text, "==%lu==ERROR: malloc-debug: %S", md_value_uint_or(process, "pid", 0), slug);
	if (md_value_address(report, "address", &addr) && !is_bad_request(slug))
		md_textf(text, " on address %p", (uintptr_t)addr);
	if (md_value_address(md_value_get(report, "crash"), "pc", &addr) || md_value_address(md_value_get(report, "access"), "pc", &addr))
		md_textf(text, " at pc %p", (uintptr_t)addr);
	md_text_put(text, " (");
	md_view_thread(text, call, "thread");
	if (program)
		md_textf(text, ", %S", md_report_file_name(program));
	md_text_put(text, ")\n");
	md_text_color(text, MD_PLAIN);
}

static void put_access(struct md_text *text, const struct md_value *report)
{
	static const char *const kinds[][2] = { { "read", "READ" }, { "write", "WRITE" }, { "execute", "EXECUTE" } };
	const struct md_value *access = md_value_get(report, "access");
	const char *kind = md_value_string(access, "kind"), *function = md_value_string(access, "function"), *word = "ACCESS";
	uint64_t addr, bytes;

	if (!md_value_address(access, "address", &addr))
		return;
	for (size_t i = 0; kind && i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(kind, kinds[i][0]))
			word = kinds[i][1];
	md_text_put(text, word);
	if (md_value_uint(access, "bytes", &bytes))
		md_textf(text, " of size %lu", bytes);
	md_textf(text, " at %p thread ", (uintptr_t)addr);
	md_view_thread(text, md_value_get(report, "call"), "thread");
	if (function)
		md_textf(text, " in %S", function);
	md_text_char(text, '\n');
}

static void put_place(struct md_text *text, const struct md_value *report, uint64_t addr)
{
	static const char *const places[][2] = {
		{ "null-page", "near address 0: a null pointer, or one with an offset" },
		{ "global", "a global variable, constant or function of a module" },
		{ "mapping", "in memory that the program or a library mapped, not in memory of this allocator" },
		{ "unmapped", "in no mapped memory" },
		{ "noncanonical", "no address that the processor can use" },
		{ "free-slot", "in memory of this allocator where there is no block now" },
	};
	const char *place = md_value_string(report, "place");

	if (place && !strcmp(place, "stack")) {
		md_textf(text, "%p is on the stack of thread ", (uintptr_t)addr);
		md_view_thread(text, report, "place_thread");
		md_text_put(text, ".\n");
	}
	for (size_t i = 0; place && i < sizeof places / sizeof *places; i++) {
		if (strcmp(place, places[i][0]))
			continue;
		md_textf(text, "%p is %s", (uintptr_t)addr, places[i][1]);
		if (md_value_string(report, "place_module"))
			md_textf(text, " (%S)", md_value_string(report, "place_module"));
		md_text_put(text, ".\n");
	}
}

static void put_where(struct md_text *text, const struct md_value *report, const char *slug)
{
	const struct md_value *block = md_value_get(report, "block"), *damage = md_value_get(report, "damage");
	const struct md_value *call = md_value_get(report, "call");
	uint64_t addr, begin, end, bytes;

	if (is_bad_request(slug) && md_value_uint(call, "bytes", &bytes)) {
		md_textf(text, "%B were asked for", bytes);
		if (md_value_uint(call, "alignment", &end) && end)
			md_textf(text, " with an alignment of %lu", end);
		md_text_put(text, ".\n");
		return;
	}
	if (!md_value_address(report, "address", &addr))
		return;
	if (block) {
		md_textf(text, "%p is ", (uintptr_t)addr);
		md_view_where(text, addr, block);
		if (!is_string(block, "state", "live") && !is_string(block, "state", "freeing"))
			md_textf(text, " (%s)", md_view_state(block));
		md_text_put(text, ".\n");
	} else {
		put_place(text, report, addr);
	}
	if (md_value_address(damage, "begin", &begin) && md_value_address(damage, "end", &end) && md_value_uint(damage, "bytes", &bytes))
		md_textf(text, "%B %s changed, in [%p,%p).\n", bytes, bytes == 1 ? "was" : "were", (uintptr_t)begin, (uintptr_t)end);
}

static void put_noticed(struct md_text *text, const struct md_value *report)
{
	static const char *const words[][2] = { { "free", "when the block was freed or resized" },
		{ "reuse", "when the block left the quarantine" }, { "exit", "when the process ended and the whole heap was checked" },
		{ "request", "by a check that the program asked for" }, { "periodic", "by the periodic check (CHECK_EVERY)" } };
	const char *noticed = md_value_string(report, "noticed");

	if (noticed && !strcmp(noticed, "access") && !md_value_get(report, "crash"))
		md_text_put(text, "Seen in the act: the first stack is that of the access.\n");
	for (size_t i = 0; noticed && i < sizeof words / sizeof *words; i++)
		if (!strcmp(noticed, words[i][0]))
			md_textf(text, "Found %s: the write itself happened earlier.\n", words[i][1]);
}

static void put_crash(struct md_text *text, const struct md_value *report)
{
	const struct md_value *crash = md_value_get(report, "crash"), *registers = md_value_get(crash, "registers");
	size_t count = 0;

	if (!crash)
		return;
	if (md_value_string(crash, "signal"))
		md_textf(text, "Signal %S", md_value_string(crash, "signal"));
	if (md_value_string(crash, "reason"))
		md_textf(text, " (%S)", md_value_string(crash, "reason"));
	if (md_value_string(crash, "cause"))
		md_textf(text, ", cause: %S", md_value_string(crash, "cause"));
	md_text_char(text, '\n');
	for (const struct md_value *row = registers && registers->kind == MD_VALUE_OBJECT ? registers->first : NULL; row; row = row->next) {
		uint64_t value;

		if (!md_value_address(registers, row->name, &value))
			continue;
		md_text_put(text, count % REGISTERS_IN_ROW ? "  " : count ? "\n  " : "Registers:\n  ");
		md_textf(text, "%S ", row->name);
		md_text_hex(text, value, 16);
		count++;
	}
	md_text_put(text, count ? "\n" : "");
}

/* --- stacks ---------------------------------------------------------------------------- */

static const char *find_verb(const struct md_value *report, const char *slug)
{
	static const char *const kinds[][2] = { { "read", "read" }, { "write", "written" }, { "execute", "executed" }, { "unknown", "accessed" } };
	const char *kind = md_value_string(md_value_get(report, "access"), "kind");
	bool late = !md_value_true(md_value_get(report, "call"), "is_mistake");

	if (late)
		return is_string(report, "noticed", "free") ? "freed" : "noticed";
	if (is_string(report, "noticed", "access"))
		for (size_t i = 0; kind && i < sizeof kinds / sizeof *kinds; i++)
			if (!strcmp(kind, kinds[i][0]))
				return kinds[i][1];
	if (md_value_get(report, "crash"))
		return "crashed";
	if (!strcmp(slug, "double-free"))
		return "freed again";
	if (!strncmp(slug, "bad-", 4))
		return "passed";
	if (strstr(slug, "mismatch"))
		return "freed";
	return is_bad_request(slug) ? "requested" : "used";
}

static void put_call(struct md_text *text, const struct md_value *report, const char *slug)
{
	const struct md_value *call = md_value_get(report, "call"), *stack = md_value_get(call, "stack");
	const char *verb = find_verb(report, slug), *function = md_value_string(call, "function");
	double seconds;

	if (!call || (!stack && !function))
		return;
	md_text_color(text, MD_BLUE);
	md_text_put(text, verb);
	if (function)
		md_textf(text, " %s %S", strcmp(verb, "passed") ? "by" : "to", function);
	md_text_put(text, " in ");
	md_view_thread_name(text, report, call, "thread");
	if (md_value_double(md_value_get(report, "process"), "seconds", &seconds)) {
		md_text_put(text, ", ");
		md_phrase_seconds(text, seconds, 3);
		md_text_put(text, " after start");
	}
	md_text_put(text, strcmp(verb, "noticed") ? ", here:\n" : ", here (not the mistake):\n");
	md_text_color(text, MD_PLAIN);
	md_view_stack(text, stack);
	md_text_char(text, '\n');
}

static void put_block_stacks(struct md_text *text, const struct md_value *report, const char *slug)
{
	const struct md_value *block = md_value_get(report, "block"), *freed = md_value_get(block, "freed");

	md_view_owner(text, report, strcmp(slug, "double-free") ? "freed" : "first freed", freed);
	md_view_owner(text, report, freed ? "previously allocated" : "allocated", md_value_get(block, "allocated"));
}

static void put_threads(struct md_text *text, const struct md_value *report)
{
	for (const struct md_value *row = md_value_elements(report, "threads"); row; row = row->next) {
		if (!md_value_get(row, "created"))
			continue;
		md_text_color(text, MD_BLUE);
		md_text_put(text, "Thread ");
		md_view_thread(text, row, "id");
		if (md_value_string(row, "name"))
			md_textf(text, " (%S)", md_value_string(row, "name"));
		md_text_put(text, " created by ");
		md_view_thread(text, row, "creator");
		md_text_put(text, " here:\n");
		md_text_color(text, MD_PLAIN);
		md_view_stack(text, md_value_get(row, "created"));
		md_text_char(text, '\n');
	}
}

/* --- surroundings ------------------------------------------------------------------------ */

static void put_neighbour(struct md_text *text, const char *label, const struct md_value *block)
{
	const struct md_value *allocated = md_value_get(block, "allocated");
	uint64_t begin, bytes = md_value_uint_or(block, "bytes", 0);

	if (!md_value_address(block, "address", &begin))
		return;
	md_textf(text, "  %s: the %lu-byte block [%p,%p) (%s), allocated by ", label, bytes, (uintptr_t)begin, (uintptr_t)(begin + bytes),
		md_view_state(block));
	md_textf(text, "%S in ", md_value_string(allocated, "function") ? md_value_string(allocated, "function") : "?");
	md_view_thread(text, allocated, "thread");
	md_text_put(text, ": ");
	md_view_site(text, md_value_get(allocated, "stack"));
	md_text_char(text, '\n');
}

static void put_neighbours(struct md_text *text, const struct md_value *report)
{
	const struct md_value *neighbours = md_value_get(report, "neighbours");
	const struct md_value *before = md_value_get(neighbours, "before"), *after = md_value_get(neighbours, "after");
	uint64_t suspect;

	if (md_value_address(md_value_get(report, "damage"), "suspect", &suspect))
		md_textf(text, "The block at %p may be the culprit instead.\n\n", (uintptr_t)suspect);
	if (!before && !after)
		return;
	md_text_put(text, "Neighbouring blocks:\n");
	put_neighbour(text, "before", before);
	put_neighbour(text, "after", after);
	md_text_char(text, '\n');
}

static void put_history(struct md_text *text, const struct md_value *report)
{
	const struct md_value *history = md_value_get(report, "history"), *event = md_value_elements(history, "events");

	if (!event)
		return;
	md_textf(text, "Earlier owners of this address (of %lu events):\n", md_value_uint_or(history, "total", 0));
	for (; event; event = event->next) {
		const char *function = md_value_string(event, "function");
		uint64_t addr = 0;
		double seconds;

		md_value_address(event, "address", &addr);
		md_text_put(text, "  ");
		if (md_value_double(event, "seconds", &seconds)) {
			md_phrase_seconds(text, seconds, 6);
			md_text_char(text, ' ');
		}
		md_view_thread(text, event, "thread");
		md_textf(text, " %S %p, %B: ", function ? function : "?", (uintptr_t)addr, md_value_uint_or(event, "bytes", 0));
		md_view_site(text, md_value_get(event, "stack"));
		md_text_char(text, '\n');
	}
	md_text_char(text, '\n');
}

static void put_end(struct md_text *text, const struct md_value *report, const char *slug)
{
	const struct md_value *process = md_value_get(report, "process");
	const char *hint = md_value_string(report, "hint"), *missing = md_value_string(report, "names_missing"),
		   *program = md_value_string(process, "program"), *host = md_value_string(process, "host"),
		   *options = md_value_string(report, "options"), *site = md_value_string(report, "site");
	double seconds;

	if (hint)
		md_textf(text, "Hint: %S\n", hint);
	if (missing)
		md_textf(text, "Note: %S\n", missing);
	md_textf(text, "Process %lu", md_value_uint_or(process, "pid", 0));
	if (program)
		md_textf(text, " (%S)", program);
	if (host)
		md_textf(text, " on %S", host);
	md_textf(text, ", report %lu", md_value_uint_or(report, "number", 0));
	if (md_value_double(process, "seconds", &seconds)) {
		md_text_put(text, ", ");
		md_phrase_seconds(text, seconds, 3);
		md_text_put(text, " after start");
	}
	md_text_put(text, ".\n");
	if (options)
		md_textf(text, "Options: %S\n", options);
	if (md_value_true(report, "truncated"))
		md_text_put(text, "Note: the report was too long, and parts of it are missing.\n");
	md_textf(text, "SUMMARY: malloc-debug: %S %S\n", slug, site ? site : "");
}

void md_view_error(struct md_text *text, const struct md_value *report)
{
	const char *slug = md_value_string(report, "error");

	slug = slug ? slug : "error";
	put_header(text, report, slug);
	put_access(text, report);
	put_where(text, report, slug);
	put_crash(text, report);
	put_noticed(text, report);
	md_text_char(text, '\n');
	put_call(text, report, slug);
	put_block_stacks(text, report, slug);
	put_threads(text, report);
	md_view_memory(text, report);
	put_neighbours(text, report);
	put_history(text, report);
	put_end(text, report, slug);
}

/* --- leaks and growth ---------------------------------------------------------------------- */

void md_view_leak(struct md_text *text, const struct md_value *group, uint64_t blocks, uint64_t bytes)
{
	const struct md_value *held = md_value_get(group, "held"), *sample = md_value_get(group, "sample");
	const char *function = md_value_string(group, "function");
	bool possible = is_string(group, "kind", "possible"), reachable = is_string(group, "kind", "reachable");
	uint64_t addr;

	md_text_color(text, possible ? MD_YELLOW : reachable ? MD_BLUE : MD_RED);
	md_textf(text, "%s %B in ", possible ? "Possible leak of" : reachable ? "Still reachable:" : "Direct leak of", bytes);
	md_phrase_count(text, blocks, "block", "blocks");
	if (held && blocks == md_value_uint_or(group, "blocks", 0)) { /* what the others hold is not known */
		md_textf(text, " (holding %lu more, ", md_value_uint_or(held, "blocks", 0));
		md_text_size(text, md_value_uint_or(held, "bytes", 0));
		md_text_char(text, ')');
	}
	md_textf(text, " allocated by %S here:\n", function ? function : "?");
	md_text_color(text, MD_PLAIN);
	md_view_stack(text, md_value_get(group, "stack"));
	if (md_value_true(group, "ring"))
		md_text_put(text, "  A ring holds some of them: leaked blocks that point to each other, while nothing else points to them.\n");
	if (md_value_address(sample, "address", &addr)) {
		md_textf(text, "  a sample: %B at %p, by ", md_value_uint_or(sample, "bytes", 0), (uintptr_t)addr);
		md_view_thread(text, group, "thread");
		md_text_put(text, ":\n");
		md_view_sample(text, sample);
	}
}

void md_view_growth(struct md_text *text, const struct md_value *report, const struct md_value *stack)
{
	const struct md_value *moment = md_value_elements(report, "snapshots");

	md_text_color(text, MD_YELLOW);
	md_textf(text, "Growth of %B allocated here:\n", md_value_uint_or(stack, "rise", 0));
	md_text_color(text, MD_PLAIN);
	md_view_stack(text, md_value_get(stack, "stack"));
	md_text_put(text, "  snapshot        time      blocks           bytes\n");
	for (const struct md_value *row = md_value_elements(stack, "snapshots"); row; row = row->next) {
		char digits[32];
		struct md_text number;
		double seconds = -1;

		md_phrase_right(text, md_value_uint_or(moment, "id", 0), 10);
		md_value_double(moment, "seconds", &seconds);
		md_text_init(&number, digits, sizeof digits, false);
		md_phrase_seconds(&number, seconds, 3);
		md_text_repeat(text, ' ', number.length < 12 ? 12 - number.length : 1);
		md_text_put_n(text, digits, number.length);
		md_phrase_right(text, md_value_uint_or(row, "blocks", 0), 12);
		md_phrase_right(text, md_value_uint_or(row, "bytes", 0), 16);
		md_text_char(text, '\n');
		moment = moment ? moment->next : NULL;
	}
}
