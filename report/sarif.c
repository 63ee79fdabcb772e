/* SPDX-License-Identifier: MIT */
#include "report/sarif.h"

#include "report/access_text.h"
#include "report/error_json.h"
#include "report/fingerprint.h"
#include "report/leak_json.h"
#include "report/parts_json.h"
#include "report/phrases.h"
#include "report/report_text.h"
#include "report/sarif_parts.h"

/* --- stacks ---------------------------------------------------------------------- */

static bool put_frame(void *context, const struct md_entry *entry)
{
	struct md_json *json = context;

	md_json_object(json, NULL);
	md_sarif_location(json, "location", entry, NULL);
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
		if (md_entries_site(printer, moments[i].stack, &site))
			md_sarif_flow_step(json, &begun, i + 1, &site, moment_text(buffer, &moments[i]), moments[i].kind);
	}
	md_sarif_flow_end(json, begun);
}

static void put_stacks(struct md_json *json, const struct md_stack_printer *printer, const struct moment *moments, size_t count)
{
	char buffer[128];

	md_json_array(json, "stacks");
	for (size_t i = 0; i < count; i++) {
		if (!moments[i].stack.value)
			continue;
		md_json_object(json, NULL);
		md_sarif_text(json, "message", moment_text(buffer, &moments[i]));
		md_json_array(json, "frames");
		md_entries_visit(printer, moments[i].stack, put_frame, json);
		md_json_end(json);
		md_json_end(json);
	}
	md_json_end(json);
}

/* --- results ---------------------------------------------------------------------------- */

static void open_result(struct md_json *json, struct md_text *text, unsigned index, const struct md_text *message, uint64_t fingerprint)
{
	struct md_sarif_rule rule = md_sarif_rule(index);

	md_sarif_open(json, text, (int)index, &rule, message, fingerprint);
}

/* Without a stack it is the program: code scanning takes no result without a place. */
static void put_site(struct md_json *json, const struct md_stack_printer *printer, md_stack_id stack, const struct md_origin *origin)
{
	struct md_entry site;

	if (!md_entries_site(printer, stack, &site))
		site = (struct md_entry){ .module = origin->program, .function = "", .file = "" };
	md_json_array(json, "locations");
	if (site.addr || site.module[0])
		md_sarif_location(json, NULL, &site, NULL);
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

	if (finding->addr == block->user)
		md_textf(text, "%B inside", (uint64_t)0);
	else
		md_phrase_relation(text, finding->addr, block->user, block->size);
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
		unsigned rule = group->kind == MD_LEAK_POSSIBLE ? MD_SARIF_POSSIBLE
			: group->kind == MD_LEAK_REACHABLE      ? MD_SARIF_REACHABLE
								: MD_SARIF_DIRECT;
		struct moment moment = { "allocated", "acquire", group->api, NULL, MD_THREAD_NONE, group->stack };
		char buffer[256];
		struct md_text message;

		md_text_init(&message, buffer, sizeof buffer, false);
		md_textf(&message, "%s: blocks allocated by %s here are never freed. %s", md_sarif_rule(rule).title, md_api_name(group->api),
			md_sarif_rule(rule).help);
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
		md_textf(&message, "%s. %s", md_sarif_rule(MD_SARIF_GROWTH).title, md_sarif_rule(MD_SARIF_GROWTH).help);
		fits = put_stack_result(text, first, MD_SARIF_GROWTH, &message, md_fingerprint_stack("memory-growth", printer, growth->stack),
			printer, origin, &moment, row.blocks, row.bytes);
		first = false;
	}
}
