/* SPDX-License-Identifier: MIT */
#include "report/error_json.h"

#include "report/fingerprint.h"
#include "report/history_json.h"
#include "report/parts_json.h"
#include "report/report_text.h"

#define WORD(table, index) ((unsigned)(index) < sizeof(table) / sizeof *(table) && (table)[index] ? (table)[index] : "unknown")

const char *md_noticed_word(enum md_noticed noticed)
{
	static const char *const words[] = { [MD_NOTICED_AT_CALL] = "call",
		[MD_NOTICED_AT_FREE] = "free",
		[MD_NOTICED_AT_REUSE] = "reuse",
		[MD_NOTICED_AT_EXIT] = "exit",
		[MD_NOTICED_ON_REQUEST] = "request",
		[MD_NOTICED_PERIODICALLY] = "periodic",
		[MD_NOTICED_AT_ACCESS] = "access" };

	return WORD(words, noticed);
}

const char *md_place_word(enum md_place place)
{
	static const char *const words[] = { [MD_PLACE_BLOCK] = "block",
		[MD_PLACE_REDZONE] = "redzone",
		[MD_PLACE_FREE_SLOT] = "free-slot",
		[MD_PLACE_NULL_PAGE] = "null-page",
		[MD_PLACE_STACK] = "stack",
		[MD_PLACE_GLOBAL] = "global",
		[MD_PLACE_MAPPING] = "mapping",
		[MD_PLACE_UNMAPPED] = "unmapped",
		[MD_PLACE_NONCANONICAL] = "noncanonical" };

	return WORD(words, place);
}

const char *md_state_word(enum md_block_state state)
{
	static const char *const words[] = { [MD_BLOCK_FREE] = "free",
		[MD_BLOCK_CACHED] = "cached",
		[MD_BLOCK_LIVE] = "live",
		[MD_BLOCK_FREEING] = "freeing",
		[MD_BLOCK_QUARANTINED] = "quarantined" };

	return WORD(words, state);
}

const char *md_access_kind_word(enum md_access_kind kind)
{
	static const char *const words[] = { [MD_ACCESS_READ] = "read", [MD_ACCESS_WRITE] = "write", [MD_ACCESS_EXECUTE] = "execute" };

	return WORD(words, kind);
}

const char *md_cause_word(enum md_crash_cause cause)
{
	static const char *const words[] = { [MD_CRASH_NULL] = "null",
		[MD_CRASH_NONCANONICAL] = "noncanonical",
		[MD_CRASH_MISALIGNED] = "misaligned",
		[MD_CRASH_STACK_OVERFLOW] = "stack-overflow",
		[MD_CRASH_FREED_FILL] = "freed-fill",
		[MD_CRASH_ALLOC_FILL] = "alloc-fill",
		[MD_CRASH_REDZONE] = "redzone",
		[MD_CRASH_UNMAPPED] = "unmapped",
		[MD_CRASH_PROTECTED] = "protected",
		[MD_CRASH_PAST_FILE] = "past-file",
		[MD_CRASH_TRAP] = "trap" };

	return WORD(words, cause);
}

static void put_owner(struct md_json *json, const char *key, const struct md_stack_printer *printer, enum md_api api, md_thread_id thread,
	double seconds, md_stack_id stack)
{
	md_json_object(json, key);
	if (api != MD_API_NONE)
		md_json_string(json, "function", md_api_name(api));
	md_json_thread(json, "thread", thread);
	md_json_seconds(json, "seconds", seconds);
	md_json_stack(json, "stack", printer, stack);
	md_json_end(json);
}

static bool was_freed(const struct md_block_view *block)
{
	return block->free_api != MD_API_NONE && block->state != MD_BLOCK_LIVE;
}

/* addr: what the block is told for; "offset" is counted from the block's first byte. freed: whether its free is part of the report. */
static void put_block(struct md_json *json, const char *key, const struct md_stack_printer *printer, const struct md_block_view *block,
	uintptr_t addr, double allocated_seconds, bool freed, double freed_seconds)
{
	md_json_object(json, key);
	md_json_address(json, "address", block->user);
	md_json_uint(json, "bytes", block->size);
	md_json_int(json, "offset", (int64_t)(addr - block->user));
	md_json_string(json, "state", md_state_word(block->state));
	md_json_address(json, "redzone_begin", block->begin);
	md_json_address(json, "redzone_rear", block->redzone_rear);
	md_json_address(json, "redzone_end", block->end);
	if (block->guard_before || block->guard_after)
		md_json_string(json, "guard", block->closed ? "all" : block->flush == MD_FLUSH_BEGIN ? "before" : "after");
	put_owner(json, "allocated", printer, block->alloc_api, block->alloc_thread, allocated_seconds, block->alloc_stack);
	if (freed)
		put_owner(json, "freed", printer, block->free_api, block->free_thread, freed_seconds, block->free_stack);
	md_json_end(json);
}

static void put_access(struct md_json *json, const struct md_finding *finding)
{
	const struct md_access *access = &finding->access;

	if (finding->noticed != MD_NOTICED_AT_ACCESS || (finding->crash && !finding->crash->known))
		return;
	md_json_object(json, "access");
	md_json_string(json, "kind", md_access_kind_word(access->kind));
	md_json_address(json, "address", access->addr);
	if (access->bytes)
		md_json_uint(json, "bytes", access->bytes);
	if (access->pc)
		md_json_address(json, "pc", access->pc);
	md_json_string(json, "function", access->function);
	if (access->source_bytes) {
		md_json_address(json, "source", access->source);
		md_json_uint(json, "source_bytes", access->source_bytes);
	}
	md_json_end(json);
}

static void put_call(struct md_json *json, const struct md_report *report, const struct md_stack_printer *printer)
{
	const struct md_finding *finding = report->finding;
	const struct md_call *call = &finding->call;

	md_json_object(json, "call");
	if (call->api != MD_API_NONE)
		md_json_string(json, "function", md_api_name(call->api));
	md_json_thread(json, "thread", finding->thread);
	md_json_bool(json, "is_mistake", !md_finding_is_late(finding));
	if (call->size)
		md_json_uint(json, "bytes", call->size);
	if (call->alignment)
		md_json_uint(json, "alignment", call->alignment);
	md_json_stack(json, "stack", printer, call->stack);
	md_json_end(json);
}

static void put_damage(struct md_json *json, const struct md_finding *finding)
{
	if (!md_finding_is_damage(finding))
		return;
	md_json_object(json, "damage");
	md_json_address(json, "begin", finding->addr);
	md_json_address(json, "end", finding->damaged_end);
	md_json_uint(json, "bytes", finding->damaged_bytes);
	if (finding->suspect)
		md_json_address(json, "suspect", finding->suspect);
	md_json_end(json);
}

static void put_crash(struct md_json *json, const struct md_crash *crash, const struct md_stack_printer *printer)
{
	md_json_object(json, "crash");
	md_json_string(json, "signal", crash->signal_name);
	md_json_string(json, "reason", crash->reason);
	md_json_string(json, "cause", md_cause_word(crash->cause));
	md_json_address(json, "pc", crash->pc);
	md_json_address(json, "sp", crash->sp);
	if (crash->pointer)
		md_json_address(json, "pointer", crash->pointer);
	md_json_object(json, "registers");
	for (size_t i = 0; i < crash->register_count; i++)
		md_json_address(json, crash->register_names[i], crash->registers[i]);
	md_json_end(json);
	md_json_array(json, "points");
	for (size_t i = 0; i < crash->point_count; i++) {
		md_json_object(json, NULL);
		md_json_string(json, "register", crash->register_names[crash->points[i].number]);
		put_block(json, "block", printer, &crash->points[i].block, crash->registers[crash->points[i].number], -1,
			was_freed(&crash->points[i].block), -1);
		md_json_end(json);
	}
	md_json_end(json);
	md_json_end(json);
}

static void put_threads(struct md_json *json, const struct md_report *report, const struct md_stack_printer *printer)
{
	md_json_array(json, "threads");
	for (size_t i = 0; i < report->thread_count && i < MD_REPORT_THREADS_MAX; i++) {
		const struct md_thread_view *thread = &report->threads[i];

		if (thread->id.value == MD_THREAD_NONE.value)
			continue;
		md_json_object(json, NULL);
		md_json_thread(json, "id", thread->id);
		if (thread->tid)
			md_json_uint(json, "tid", thread->tid);
		if (thread->name[0])
			md_json_string(json, "name", thread->name);
		md_json_bool(json, "alive", thread->alive);
		md_json_thread(json, "creator", thread->creator);
		md_json_stack(json, "created", printer, thread->created);
		md_json_end(json);
	}
	md_json_end(json);
}

static void put_memory(struct md_json *json, const struct md_finding *finding)
{
	static const char letters[] = ".usrfeg";
	size_t bytes = finding->evidence_bytes < MD_EVIDENCE_BYTES ? finding->evidence_bytes : MD_EVIDENCE_BYTES;
	char marks[MD_EVIDENCE_BYTES];

	if (!bytes)
		return;
	for (size_t i = 0; i < bytes; i++) {
		unsigned mark = finding->evidence_mark[i] & 0x7fu;

		marks[i] = mark < sizeof letters - 1 ? letters[mark] : '.';
		if (finding->evidence_mark[i] & MD_MARK_DAMAGED)
			marks[i] = marks[i] == '.' ? '!' : (char)(marks[i] - 'a' + 'A');
	}
	md_json_object(json, "memory");
	md_json_address(json, "begin", finding->evidence_begin);
	md_json_hex(json, "data", finding->evidence, bytes);
	md_json_hex(json, "expected", finding->expected, bytes);
	md_json_string_n(json, "marks", marks, bytes);
	md_json_end(json);
}

static void put_neighbours(struct md_json *json, const struct md_report *report, const struct md_stack_printer *printer)
{
	if (!report->before.valid && !report->after.valid)
		return;
	md_json_object(json, "neighbours");
	if (report->before.valid)
		put_block(json, "before", printer, &report->before, report->finding->addr, -1, was_freed(&report->before), -1);
	if (report->after.valid)
		put_block(json, "after", printer, &report->after, report->finding->addr, -1, was_freed(&report->after), -1);
	md_json_end(json);
}

static void put_event(struct md_json *json, const struct md_event *event, double seconds, const struct md_stack_printer *printer)
{
	md_event_json_begin(json, event, seconds);
	md_json_stack(json, "stack", printer, (md_stack_id){ event->stack });
	md_json_end(json);
}

static void put_history(struct md_json *json, const struct md_report *report, const struct md_stack_printer *printer)
{
	size_t count = report->earlier_count < MD_REPORT_EARLIER_MAX ? report->earlier_count : MD_REPORT_EARLIER_MAX;

	if (!count)
		return;
	md_json_object(json, "history");
	md_json_uint(json, "total", report->earlier_total);
	md_json_array(json, "events");
	for (size_t i = 0; i < count; i++)
		put_event(json, &report->earlier[i], report->earlier_seconds[i], printer);
	md_json_end(json);
	md_json_end(json);
}

static void put_site(struct md_json *json, const struct md_report *report, const struct md_stack_printer *printer)
{
	char buffer[1024];
	struct md_text site;
	const char *role;
	md_stack_id stack = md_report_site(report, &role);

	md_text_init(&site, buffer, sizeof buffer, false);
	md_stack_site_text(&site, printer, stack);
	md_json_string(json, "role", role);
	md_json_string_n(json, "site", buffer, site.length);
}

void md_error_json(struct md_text *text, const struct md_report *report, const struct md_origin *origin)
{
	const struct md_finding *finding = report->finding;
	const struct md_error_info *info = md_error_info(finding->error);
	struct md_stack_printer printer = md_report_printer(report);
	struct md_json json;

	md_json_open(&json, text, "error", origin);
	md_json_uint(&json, "number", report->number);
	md_json_fingerprint(&json, md_fingerprint_error(report));
	md_json_string(&json, "error", info->slug);
	md_json_string(&json, "title", info->title);
	md_json_string(&json, "hint", info->hint);
	put_site(&json, report, &printer);
	md_json_string(&json, "noticed", md_noticed_word(finding->noticed));
	if (!md_error_is_bad_request(finding->error) && !(finding->crash && !finding->crash->known))
		md_json_address(&json, "address", finding->addr);
	if (finding->place != MD_PLACE_UNKNOWN)
		md_json_string(&json, "place", md_place_word(finding->place));
	if (finding->place == MD_PLACE_STACK)
		md_json_thread(&json, "place_thread", finding->place_thread);
	if (finding->place == MD_PLACE_GLOBAL && finding->place_module != MD_MODULE_NONE)
		md_json_string(&json, "place_module", md_modules_get(report->modules, finding->place_module)->path);
	put_access(&json, finding);
	put_call(&json, report, &printer);
	if (finding->block.valid)
		put_block(&json, "block", &printer, &finding->block, finding->addr, report->alloc_seconds, md_report_has_free(finding),
			report->free_seconds);
	put_damage(&json, finding);
	if (finding->crash)
		put_crash(&json, finding->crash, &printer);
	put_threads(&json, report, &printer);
	put_memory(&json, finding);
	put_neighbours(&json, report, &printer);
	put_history(&json, report, &printer);
	if (report->names_missing)
		md_json_string(&json, "names_missing", report->names_missing);
	if (report->config && report->config[0])
		md_json_string(&json, "options", report->config);
	md_json_close(&json);
}
