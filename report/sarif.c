/* SPDX-License-Identifier: MIT */
#include "report/sarif.h"

#include "report/access_text.h"
#include "report/entries.h"
#include "report/error_json.h"
#include "report/fingerprint.h"
#include "report/json.h"
#include "report/leak_json.h"
#include "report/parts_json.h"
#include "report/phrases.h"
#include "report/report_text.h"

const char md_sarif_separator[] = ",\n";
const char md_sarif_tail[] = "\n]}]}\n";

/* --- rules ----------------------------------------------------------------------- */

/* Weaknesses by their numbers in MITRE's list, where one fits. */
static const unsigned cwe[MD_ERROR_COUNT] = {
	[MD_ERROR_HEAP_BUFFER_OVERFLOW] = 122,
	[MD_ERROR_HEAP_BUFFER_UNDERFLOW] = 124,
	[MD_ERROR_HEAP_USE_AFTER_FREE] = 416,
	[MD_ERROR_HEAP_WILD_ACCESS] = 119,
	[MD_ERROR_MEMCPY_PARAM_OVERLAP] = 475,
	[MD_ERROR_STRCPY_PARAM_OVERLAP] = 475,
	[MD_ERROR_STRCAT_PARAM_OVERLAP] = 475,
	[MD_ERROR_NEGATIVE_SIZE_PARAM] = 839,
	[MD_ERROR_DOUBLE_FREE] = 415,
	[MD_ERROR_BAD_FREE] = 590,
	[MD_ERROR_ALLOC_DEALLOC_MISMATCH] = 762,
	[MD_ERROR_NEW_DELETE_TYPE_MISMATCH] = 762,
	[MD_ERROR_FREE_SIZE_MISMATCH] = 762,
	[MD_ERROR_BAD_USABLE_SIZE] = 763,
	[MD_ERROR_SEGV] = 119,
	[MD_ERROR_STACK_OVERFLOW] = 674,
	[MD_ERROR_FPE] = 369,
	[MD_ERROR_ABRT] = 617,
	[MD_ERROR_CALLOC_OVERFLOW] = 190,
	[MD_ERROR_REALLOCARRAY_OVERFLOW] = 190,
	[MD_ERROR_PVALLOC_OVERFLOW] = 190,
	[MD_ERROR_ALLOCATION_SIZE_TOO_BIG] = 789,
};

struct rule {
	const char *id, *title, *help, *level;
	unsigned cwe; /* 0: none */
};

/* What is no error in the table of errors. */
enum { RULE_DIRECT = MD_ERROR_COUNT, RULE_POSSIBLE, RULE_REACHABLE, RULE_GROWTH, RULE_COUNT };

static struct rule rule_at(unsigned index)
{
	switch (index) {
	case RULE_DIRECT:
		return (struct rule){ "direct-leak", "memory leak",
			"Nothing points to the block any more: free it before the last pointer to it goes.", "error", 401 };
	case RULE_POSSIBLE:
		return (struct rule){ "possible-leak", "possible memory leak",
			"Only the inside of the block is pointed to: a leak, unless the program computes the block's start from that pointer.",
			"warning", 401 };
	case RULE_REACHABLE:
		return (struct rule){ "still-reachable", "memory in use at the end", "The block was never freed, but is still pointed to.",
			"note", 0 };
	case RULE_GROWTH:
		return (struct rule){ "memory-growth", "memory in use that grows",
			"The blocks of this stack take more from snapshot to snapshot: look for a list, cache or queue that nobody empties.",
			"warning", 770 };
	default:
		return (struct rule){ md_error_info((enum md_error)index)->slug, md_error_info((enum md_error)index)->title,
			md_error_info((enum md_error)index)->hint, md_error_is_bad_request((enum md_error)index) ? "warning" : "error",
			cwe[index] };
	}
}

static void put_text(struct md_json *json, const char *key, const char *text)
{
	md_json_object(json, key);
	md_json_string(json, "text", text);
	md_json_end(json);
}

static void put_rule(struct md_json *json, unsigned index)
{
	struct rule rule = rule_at(index);
	char tag[32];
	struct md_text text;

	md_json_object(json, NULL);
	md_json_string(json, "id", rule.id);
	put_text(json, "shortDescription", rule.title);
	put_text(json, "fullDescription", rule.help);
	put_text(json, "help", rule.help);
	md_json_object(json, "defaultConfiguration");
	md_json_string(json, "level", rule.level);
	md_json_end(json);
	md_json_object(json, "properties");
	md_json_string(json, "precision", index == RULE_GROWTH || index == RULE_POSSIBLE ? "medium" : "very-high");
	md_json_array(json, "tags");
	md_json_string(json, NULL, "memory");
	if (rule.cwe) {
		md_text_init(&text, tag, sizeof tag, false);
		md_textf(&text, "external/cwe/cwe-%u", rule.cwe);
		md_json_string_n(json, NULL, tag, text.length);
	}
	md_json_end(json);
	md_json_end(json);
	md_json_end(json);
}

void md_sarif_head(struct md_text *text)
{
	struct md_json json;

	md_text_put(text,
		"{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"columnKind\":\"utf16CodeUnits\",\"tool\":");
	md_json_init(&json, text, 0);
	md_json_object(&json, NULL);
	md_json_object(&json, "driver");
	md_json_string(&json, "name", "malloc-debug");
	md_json_string(&json, "version", MD_VERSION);
	md_json_string(&json, "semanticVersion", MD_VERSION);
	md_json_array(&json, "rules");
	for (unsigned i = 0; i < RULE_COUNT; i++)
		put_rule(&json, i);
	md_json_end(&json);
	md_json_end(&json);
	md_json_end(&json);
	md_text_put(text, ",\"results\":[\n");
}

/* --- places --------------------------------------------------------------------------- */

static void put_physical(struct md_json *json, const struct md_entry *entry)
{
	const char *path = entry->file[0] ? entry->file : entry->module;

	md_json_object(json, "physicalLocation");
	if (path[0]) {
		md_json_object(json, "artifactLocation");
		md_json_uri(json, "uri", path);
		if (path[0] != '/' && !entry->is_system && path[0] != '.') /* relative to what was built, as far as it is the user's */
			md_json_string(json, "uriBaseId", "%SRCROOT%");
		md_json_end(json);
	}
	if (entry->file[0] && entry->line) {
		md_json_object(json, "region");
		md_json_uint(json, "startLine", entry->line);
		if (entry->column)
			md_json_uint(json, "startColumn", entry->column);
		md_json_end(json);
	}
	if (entry->addr) {
		md_json_object(json, "address");
		md_json_uint(json, "absoluteAddress", entry->addr);
		if (entry->module[0])
			md_json_uint(json, "relativeAddress", entry->offset);
		md_json_end(json);
	}
	md_json_end(json);
}

/* message may be NULL. */
static void put_location(struct md_json *json, const char *key, const struct md_entry *entry, const char *message)
{
	md_json_object(json, key);
	put_physical(json, entry);
	if (entry->function[0]) {
		md_json_array(json, "logicalLocations");
		md_json_object(json, NULL);
		md_json_string(json, "fullyQualifiedName", entry->function);
		md_json_string(json, "kind", "function");
		md_json_end(json);
		md_json_end(json);
	}
	if (message)
		put_text(json, "message", message);
	md_json_end(json);
}

static bool put_frame(void *context, const struct md_entry *entry)
{
	struct md_json *json = context;

	md_json_object(json, NULL);
	put_location(json, "location", entry, NULL);
	if (entry->module[0])
		md_json_string(json, "module", entry->module);
	if (entry->inlined || entry->build_id_bytes) {
		md_json_object(json, "properties");
		if (entry->build_id_bytes)
			md_json_hex(json, "build_id", entry->build_id, entry->build_id_bytes);
		if (entry->inlined)
			md_json_bool(json, "inlined", true);
		md_json_end(json);
	}
	md_json_end(json);
	return !json->cut;
}

/* One moment in the life of a block. */
struct moment {
	const char *verb, *kind;
	enum md_api api;
	const char *function; /* in place of api; NULL */
	md_thread_id thread;
	md_stack_id stack;
};

#define MOMENTS_MAX 3

static void describe_moment(struct md_text *text, const struct moment *moment)
{
	md_text_put(text, moment->verb);
	if (moment->function)
		md_textf(text, " by %s", moment->function);
	else if (moment->api != MD_API_NONE)
		md_textf(text, " by %s", md_api_name(moment->api));
	if (moment->thread.value != MD_THREAD_NONE.value) {
		md_text_put(text, " in thread ");
		md_phrase_thread(text, moment->thread);
	}
}

static const char *moment_text(char buffer[128], const struct moment *moment)
{
	struct md_text text;

	md_text_init(&text, buffer, 127, false);
	describe_moment(&text, moment);
	buffer[text.length] = '\0';
	return buffer;
}

static void put_flow(struct md_json *json, const struct md_stack_printer *printer, const struct moment *moments, size_t count)
{
	char buffer[128];
	struct md_entry site;
	bool begun = false;

	for (size_t i = 0; i < count; i++) {
		if (!md_entries_site(printer, moments[i].stack, &site))
			continue;
		if (!begun) {
			md_json_array(json, "codeFlows");
			md_json_object(json, NULL);
			md_json_array(json, "threadFlows");
			md_json_object(json, NULL);
			md_json_array(json, "locations");
			begun = true;
		}
		md_json_object(json, NULL);
		put_location(json, "location", &site, moment_text(buffer, &moments[i]));
		md_json_array(json, "kinds");
		md_json_string(json, NULL, "memory");
		md_json_string(json, NULL, moments[i].kind);
		md_json_end(json);
		md_json_uint(json, "executionOrder", i + 1);
		md_json_string(json, "importance", "essential");
		md_json_end(json);
	}
	for (unsigned i = 0; begun && i < 5; i++)
		md_json_end(json);
}

static void put_stacks(struct md_json *json, const struct md_stack_printer *printer, const struct moment *moments, size_t count)
{
	char buffer[128];

	md_json_array(json, "stacks");
	for (size_t i = 0; i < count; i++) {
		if (!moments[i].stack.value)
			continue;
		md_json_object(json, NULL);
		put_text(json, "message", moment_text(buffer, &moments[i]));
		md_json_array(json, "frames");
		md_entries_visit(printer, moments[i].stack, put_frame, json);
		md_json_end(json);
		md_json_end(json);
	}
	md_json_end(json);
}

/* --- results ---------------------------------------------------------------------------- */

static void open_result(struct md_json *json, struct md_text *text, unsigned rule, const struct md_text *message, uint64_t fingerprint)
{
	char digits[17];

	md_json_init(json, text, 0);
	md_json_object(json, NULL);
	md_json_string(json, "ruleId", rule_at(rule).id);
	md_json_uint(json, "ruleIndex", rule);
	md_json_string(json, "level", rule_at(rule).level);
	md_json_object(json, "message");
	md_json_string_n(json, "text", message->buffer, message->length);
	md_json_end(json);
	md_fingerprint_text(fingerprint, digits);
	md_json_object(json, "partialFingerprints");
	md_json_string(json, MD_FINGERPRINT_NAME, digits);
	md_json_end(json);
}

/* Without a stack it is the program: code scanning takes no result without a place. */
static void put_site(struct md_json *json, const struct md_stack_printer *printer, md_stack_id stack, const struct md_origin *origin)
{
	struct md_entry site;

	if (!md_entries_site(printer, stack, &site))
		site = (struct md_entry){ .module = origin->program, .function = "", .file = "" };
	md_json_array(json, "locations");
	if (site.addr || site.module[0])
		put_location(json, NULL, &site, NULL);
	md_json_end(json);
}

static void open_properties(struct md_json *json, const struct md_origin *origin)
{
	md_json_object(json, "properties");
	md_json_origin(json, origin);
}

/* "directly after", "3 bytes before", "4 bytes inside": no addresses, because the same bug's message is the same in all runs. */
static void put_relation(struct md_text *text, const struct md_finding *finding)
{
	const struct md_block_view *block = &finding->block;
	uintptr_t addr = finding->addr, end = block->user + block->size;

	if (addr < block->user)
		md_textf(text, "%B before", (uint64_t)(block->user - addr));
	else if (addr < end || addr == block->user)
		md_textf(text, "%B inside", (uint64_t)(addr - block->user));
	else if (addr == end)
		md_text_put(text, "directly after");
	else
		md_textf(text, "%B after", (uint64_t)(addr - end));
	md_textf(text, " a %lu-byte block", (uint64_t)block->size);
}

static void put_message(struct md_text *text, const struct md_finding *finding)
{
	const struct md_error_info *info = md_error_info(finding->error);
	bool seen = finding->noticed == MD_NOTICED_AT_ACCESS && !(finding->crash && !finding->crash->known);

	md_text_put(text, info->title);
	if (seen) {
		md_textf(text, ": %s", md_access_word(finding->access.kind));
		if (finding->access.bytes)
			md_textf(text, " of %B", (uint64_t)finding->access.bytes);
		if (finding->access.function)
			md_textf(text, " by %s", finding->access.function);
	}
	if (finding->block.valid && !md_error_is_bad_request(finding->error)) {
		md_text_put(text, seen ? ", " : ": ");
		put_relation(text, finding);
		md_textf(text, " allocated by %s", md_api_name(finding->block.alloc_api));
	}
	md_textf(text, ". %s", info->hint);
}

static size_t find_moments(const struct md_finding *finding, struct moment moments[MOMENTS_MAX])
{
	const struct md_block_view *block = &finding->block;
	size_t count = 0;

	if (block->valid)
		moments[count++] = (struct moment){ "allocated", "acquire", block->alloc_api, NULL, block->alloc_thread,
			block->alloc_stack };
	if (md_report_has_free(finding))
		moments[count++] = (struct moment){ "freed", "release", block->free_api, NULL, block->free_thread, block->free_stack };
	if (finding->noticed == MD_NOTICED_AT_EXIT)
		return count;
	moments[count++] = (struct moment){ finding->noticed == MD_NOTICED_AT_ACCESS ? md_access_verb(finding)
			: md_finding_is_late(finding)                                ? "damage noticed"
										     : "wrong call",
		"usage", finding->call.api, finding->access.function, finding->thread, finding->call.stack };
	return count;
}

void md_sarif_error(struct md_text *text, const struct md_report *report, const struct md_origin *origin)
{
	const struct md_finding *finding = report->finding;
	struct md_stack_printer printer = md_report_printer(report);
	struct moment moments[MOMENTS_MAX];
	size_t count = find_moments(finding, moments);
	char buffer[512];
	struct md_text message;
	struct md_json json;
	const char *role;

	md_text_init(&message, buffer, sizeof buffer, false);
	put_message(&message, finding);
	open_result(&json, text, finding->error, &message, md_fingerprint_error(report));
	put_site(&json, &printer, md_report_site(report, &role), origin);
	open_properties(&json, origin);
	md_json_uint(&json, "number", report->number);
	md_json_string(&json, "noticed", md_noticed_word(finding->noticed));
	md_json_string(&json, "role", role);
	if (!md_error_is_bad_request(finding->error))
		md_json_address(&json, "address", finding->addr);
	if (finding->block.valid) {
		md_json_address(&json, "block", finding->block.user);
		md_json_uint(&json, "block_bytes", finding->block.size);
		md_json_int(&json, "block_offset", (int64_t)(finding->addr - finding->block.user));
		md_json_string(&json, "block_state", md_state_word(finding->block.state));
	}
	md_json_end(&json);
	put_flow(&json, &printer, moments, count);
	put_stacks(&json, &printer, moments, count);
	md_json_end(&json);
}

/* A result about one stack; false, and taken back, if there was no room for it. */
static bool put_stack_result(struct md_text *text, bool first, unsigned rule, const struct md_text *message, uint64_t fingerprint,
	const struct md_stack_printer *printer, const struct md_origin *origin, const struct moment *moment, uint64_t blocks,
	uint64_t bytes)
{
	size_t before = text->length;
	struct md_json json;

	if (!first)
		md_text_put(text, md_sarif_separator);
	open_result(&json, text, rule, message, fingerprint);
	put_site(&json, printer, moment->stack, origin);
	open_properties(&json, origin);
	md_json_uint(&json, "blocks", blocks);
	md_json_uint(&json, "bytes", bytes);
	md_json_end(&json);
	put_stacks(&json, printer, moment, 1);
	md_json_end(&json);
	if (!json.cut && !text->cut)
		return true;
	text->length = before;
	text->cut = false;
	return false;
}

void md_sarif_leaks(
	struct md_text *text, const struct md_leak_report *report, const struct md_stack_printer *printer, const struct md_origin *origin)
{
	bool first = true, fits = true;

	for (size_t i = 0; i < report->entry_count && fits; i++) {
		const struct md_leak_group *group = report->entries[i].group;
		unsigned rule = group->kind == MD_LEAK_POSSIBLE ? RULE_POSSIBLE
			: group->kind == MD_LEAK_REACHABLE      ? RULE_REACHABLE
								: RULE_DIRECT;
		struct moment moment = { "allocated", "acquire", group->api, NULL, MD_THREAD_NONE, group->stack };
		char buffer[256];
		struct md_text message;

		md_text_init(&message, buffer, sizeof buffer, false);
		md_textf(&message, "%s: blocks allocated by %s here are never freed. %s", rule_at(rule).title, md_api_name(group->api),
			rule_at(rule).help);
		fits = put_stack_result(text, first, rule, &message, md_fingerprint_stack(md_leak_slug(group->kind), printer, group->stack),
			printer, origin, &moment, group->count.blocks, group->count.bytes);
		first = false;
	}
}

void md_sarif_growth(
	struct md_text *text, const struct md_growth_report *report, const struct md_stack_printer *printer, const struct md_origin *origin)
{
	bool first = true, fits = true;

	for (size_t i = 0; i < report->growth_count && fits; i++) {
		const struct md_growth *growth = &report->growths[i];
		struct md_snapshot_row row = md_snapshot_row_of(report->snapshots[report->snapshot_count - 1], growth->stack);
		struct moment moment = { "allocated", "acquire", MD_API_NONE, NULL, MD_THREAD_NONE, growth->stack };
		char buffer[256];
		struct md_text message;

		md_text_init(&message, buffer, sizeof buffer, false);
		md_textf(&message, "%s. %s", rule_at(RULE_GROWTH).title, rule_at(RULE_GROWTH).help);
		fits = put_stack_result(text, first, RULE_GROWTH, &message, md_fingerprint_stack("memory-growth", printer, growth->stack),
			printer, origin, &moment, row.blocks, row.bytes);
		first = false;
	}
}
