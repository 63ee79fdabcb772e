/* SPDX-License-Identifier: MIT
 *
 * One function for each kind of error says what is wrong where (explain_*); above each stands the programmer's mistake that leads
 * there. The parts that all kinds share follow, or have a file each, and md_error_text at the end puts them in order.
 */
#include "report/error_text.h"

#include <string.h>

#include "report/access_text.h"
#include "report/advice_text.h"
#include "report/block_text.h"
#include "report/crash_text.h"
#include "report/damage_text.h"
#include "report/phrases.h"
#include "report/report_text.h"
#include "report/surroundings_text.h"

static bool is_resize(enum md_api api)
{
	return api == MD_API_REALLOC || api == MD_API_REALLOCARRAY || api == MD_API_REALLOC_FREE;
}

/* --- What is wrong, by kind of error --------------------------------------- */

/* "0x... is 3 bytes after the 10-byte block [...)." */
static void put_where(struct md_text *text, const struct md_finding *finding)
{
	const struct md_block_view *block = &finding->block;

	if (!block->valid) {
		md_textf(text, "%p is in no block that is known.\n", finding->addr);
		return;
	}
	md_textf(text, "%p is ", finding->addr);
	md_phrase_where(text, finding->addr, block);
	if (block->state != MD_BLOCK_LIVE && block->state != MD_BLOCK_FREEING)
		md_textf(text, " (%s)", md_phrase_state(block->state));
	md_text_put(text, ".\n");
}

/* Overflow: a copy or loop that does not know where the block ends: strcpy into a short buffer, no room for the NUL, i <= n. Underflow: an
 * index of -1, or a scan backwards that does not stop. Use after free: a member was set through a pointer kept after the free. */
static void explain_damage(struct md_text *text, const struct md_report *report)
{
	if (report->finding->noticed == MD_NOTICED_AT_ACCESS) {
		md_access_text(text, report);
		return;
	}
	put_where(text, report->finding);
	if (md_finding_is_damage(report->finding))
		md_damage_text(text, report->finding);
}

/* Two owners each free the block, or one frees it on two paths (an error path after the normal one). A realloc of a freed block is the same
 * mistake: realloc frees its argument. */
static void explain_double_free(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	const struct md_block_view *block = &finding->block;

	put_where(text, finding);
	if (!block->valid)
		md_text_put(text, "It was freed before.\n");
	else if (block->state == MD_BLOCK_FREEING)
		md_text_put(text, "Another free of this block is going on at this moment: two threads free it at the same time.\n");
	else if (is_resize(finding->call.api))
		md_textf(text, "The block was already freed when %s was asked to resize it.\n", md_api_name(finding->call.api));
	else
		md_text_put(text, "The block was already freed.\n");
}

/* A pointer that was moved (p++) before it is freed, an array or a global passed to free, or a pointer never set. */
static void explain_bad_free(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	const struct md_block_view *block = &finding->block;

	md_place_text(text, finding->addr, finding->place, block, finding->place_thread, finding->place_module, report->modules);
	if (finding->place == MD_PLACE_STACK) {
		md_text_put(text, "It is a local variable or array");
		if (md_report_thread_name(report, md_report_find_thread(report, finding->place_thread))[0]) {
			md_text_put(text, " of ");
			md_report_thread_text(text, report, finding->place_thread);
		}
		md_text_put(text, ".\n");
	}
	if (block->valid)
		md_textf(text, "%s takes only the start of a block, here %p.\n", md_api_name(finding->call.api), block->user);
}

/* delete of what malloc gave, free of what new gave, or delete where delete[] is due. */
static void explain_mismatch(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;

	put_where(text, finding);
	md_textf(text, "It was allocated by %s and freed by %s", md_api_name(finding->block.alloc_api), md_api_name(finding->call.api));
	md_text_put(text,
		md_api_family(finding->call.api) == MD_FAMILY_MALLOC || md_api_family(finding->block.alloc_api) == MD_FAMILY_MALLOC
			? ": constructors and destructors do not run in pairs, and another C++ library may crash here.\n"
			: ": destructors run for the wrong number of objects, and another C++ library may crash here.\n");
}

/* Deleting a derived object through a base pointer when the base has no virtual destructor, or through a pointer of another type. */
static void explain_type_mismatch(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	enum md_api api = finding->block.alloc_api;
	bool aligned = api == MD_API_NEW_ALIGNED || api == MD_API_NEW_ARRAY_ALIGNED;

	put_where(text, finding);
	md_text_put(text, "object passed to delete has wrong type:\n");
	md_textf(text, "  size of the allocated type:        %B\n", (uint64_t)finding->block.size);
	if (finding->call.size)
		md_textf(text, "  size of the deallocated type:      %B\n", (uint64_t)finding->call.size);
	if (!aligned && !finding->call.alignment)
		return;
	md_textf(text, "  alignment of the allocated type:   %s\n", aligned ? "stricter than the default" : "the default");
	md_text_put(text, "  alignment of the deallocated type: ");
	if (finding->call.alignment)
		md_textf(text, "%B\n", (uint64_t)finding->call.alignment);
	else
		md_text_put(text, "the default\n");
}

/* The size kept beside the pointer was not updated when the block was resized, or belongs to another one. */
static void explain_size_mismatch(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;

	put_where(text, finding);
	md_textf(text, "%s was told %B", md_api_name(finding->call.api), (uint64_t)finding->call.size);
	if (finding->call.alignment)
		md_textf(text, " with an alignment of %lu", (uint64_t)finding->call.alignment);
	md_textf(text, "; %s was asked for %B.\n", md_api_name(finding->block.alloc_api), (uint64_t)finding->block.size);
}

/* malloc_usable_size is asked about a pointer that was freed, moved, or never came from malloc. */
static void explain_usable_size(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;

	md_place_text(text, finding->addr, finding->place, &finding->block, finding->place_thread, finding->place_module, report->modules);
	if (finding->block.valid && finding->block.user == finding->addr && md_block_is_freed(&finding->block))
		md_text_put(text, "The block was already freed.\n");
}

/* A size computed from input or from a negative number; an alignment that is a size. */
static void explain_request(struct md_text *text, const struct md_report *report)
{
	const struct md_call *call = &report->finding->call;

	switch (report->finding->error) {
	case MD_ERROR_INVALID_ALIGNMENT:
		md_textf(text, "%s was asked for an alignment of %lu", md_api_name(call->api), (uint64_t)call->alignment);
		md_textf(text, call->size ? " and %B.\n" : ".\n", (uint64_t)call->size);
		break;
	case MD_ERROR_CALLOC_OVERFLOW:
	case MD_ERROR_REALLOCARRAY_OVERFLOW:
		md_textf(text, "%s was asked for count times size bytes, and the product does not fit size_t.\n", md_api_name(call->api));
		break;
	case MD_ERROR_PVALLOC_OVERFLOW:
		md_textf(text, "%s was asked for %B, which rounded up to a page does not fit size_t.\n", md_api_name(call->api),
			(uint64_t)call->size);
		break;
	default:
		md_textf(text, "%s was asked for %B (0x%lx)", md_api_name(call->api), (uint64_t)call->size, (uint64_t)call->size);
		/* Most absurd sizes are small negative numbers. */
		if ((int64_t)call->size < 0)
			md_textf(text, ", which is %ld as a signed number", (int64_t)call->size);
		md_text_put(text, ".\n");
	}
	md_text_put(text,
		md_api_family(call->api) == MD_FAMILY_MALLOC
			? "The request failed, as its interface specifies.\n"
			: "The request failed as operator new specifies: std::bad_alloc, or a null pointer from the nothrow form.\n");
}

typedef void explain_function(struct md_text *text, const struct md_report *report);

static explain_function *const explain[MD_ERROR_COUNT] = {
	[MD_ERROR_HEAP_BUFFER_OVERFLOW] = explain_damage,
	[MD_ERROR_HEAP_BUFFER_UNDERFLOW] = explain_damage,
	[MD_ERROR_HEAP_USE_AFTER_FREE] = explain_damage,
	[MD_ERROR_HEAP_WILD_ACCESS] = explain_damage,
	[MD_ERROR_MEMCPY_PARAM_OVERLAP] = explain_damage,
	[MD_ERROR_STRCPY_PARAM_OVERLAP] = explain_damage,
	[MD_ERROR_STRCAT_PARAM_OVERLAP] = explain_damage,
	[MD_ERROR_NEGATIVE_SIZE_PARAM] = explain_damage,
	[MD_ERROR_DOUBLE_FREE] = explain_double_free,
	[MD_ERROR_BAD_FREE] = explain_bad_free,
	[MD_ERROR_ALLOC_DEALLOC_MISMATCH] = explain_mismatch,
	[MD_ERROR_NEW_DELETE_TYPE_MISMATCH] = explain_type_mismatch,
	[MD_ERROR_FREE_SIZE_MISMATCH] = explain_size_mismatch,
	[MD_ERROR_BAD_USABLE_SIZE] = explain_usable_size,
	[MD_ERROR_SEGV] = md_crash_text,
	[MD_ERROR_STACK_OVERFLOW] = md_crash_text,
	[MD_ERROR_BUS] = md_crash_text,
	[MD_ERROR_ILL] = md_crash_text,
	[MD_ERROR_FPE] = md_crash_text,
	[MD_ERROR_TRAP] = md_crash_text,
	[MD_ERROR_ABRT] = md_crash_text,
	[MD_ERROR_INVALID_ALIGNMENT] = explain_request,
	[MD_ERROR_CALLOC_OVERFLOW] = explain_request,
	[MD_ERROR_REALLOCARRAY_OVERFLOW] = explain_request,
	[MD_ERROR_PVALLOC_OVERFLOW] = explain_request,
	[MD_ERROR_ALLOCATION_SIZE_TOO_BIG] = explain_request,
	[MD_ERROR_OUT_OF_MEMORY] = explain_request,
};

/* --- Header and how it was noticed ------------------------------------------ */

static void put_header(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	const char *name = md_report_thread_name(report, md_report_find_thread(report, finding->thread));

	md_text_repeat(text, '=', 65);
	md_text_char(text, '\n');
	md_text_color(text, MD_RED);
	md_textf(text, "==%u==ERROR: malloc-debug: %s", report->pid, md_error_info(finding->error)->slug);
	if (finding->error == MD_ERROR_ALLOC_DEALLOC_MISMATCH)
		md_textf(text, " (%s vs %s)", md_api_name(finding->block.alloc_api), md_api_name(finding->call.api));
	if (!md_error_is_bad_request(finding->error) && !(finding->crash && !finding->crash->known))
		md_textf(text, " on address %p", finding->addr);
	if (finding->crash || finding->access.pc)
		md_textf(text, " at pc %p", finding->crash ? finding->crash->pc : finding->access.pc);
	md_text_put(text, " (");
	md_phrase_thread(text, finding->thread);
	if (name[0])
		md_textf(text, " %S", name);
	if (report->program[0])
		md_textf(text, ", %S", md_report_file_name(report->program));
	md_text_put(text, ")\n");
	md_text_color(text, MD_PLAIN);
}

/* When the bytes were changed, as far as it can be known: never more than the time between two looks at them. */
static void put_interval(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	bool freed = finding->block.valid && md_block_is_freed(&finding->block) && finding->noticed != MD_NOTICED_AT_FREE;
	double since = freed ? report->free_seconds : report->alloc_seconds;

	md_text_put(text, "the write itself happened earlier, between the block's ");
	md_text_put(text, freed ? "free" : "allocation");
	md_text_put(text, " and now");
	if (since >= 0 && report->seconds >= since + 0.0005) {
		md_text_put(text, " (");
		md_phrase_seconds(text, report->seconds - since, 3);
		md_text_put(text, ")");
	}
	md_text_put(text, ".\n");
}

static void put_noticed(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;

	switch (finding->noticed) {
	case MD_NOTICED_AT_FREE:
		md_textf(text, "Found when the block was %s: ", is_resize(finding->call.api) ? "resized" : "freed");
		break;
	case MD_NOTICED_AT_REUSE:
		md_text_put(text, "Found when the block left the quarantine: ");
		break;
	case MD_NOTICED_AT_EXIT:
		md_text_put(text, "Found when the process ended and the whole heap was checked: ");
		break;
	case MD_NOTICED_ON_REQUEST:
		md_text_put(text, "Found by a check that the program asked for: ");
		break;
	case MD_NOTICED_PERIODICALLY:
		md_text_put(text, "Found by the periodic check (CHECK_EVERY): ");
		break;
	case MD_NOTICED_AT_ACCESS:
		if (!finding->crash)
			md_text_put(text, "Seen in the act: the first stack is that of the access.\n");
		return;
	default: /* the call itself is the mistake, and its stack says so */
		return;
	}
	put_interval(text, report);
}

/* --- Stacks ------------------------------------------------------------------ */

static const char *call_verb(const struct md_finding *finding)
{
	switch (finding->error) {
	case MD_ERROR_DOUBLE_FREE:
		return is_resize(finding->call.api) ? "resized after its free" : "freed again";
	case MD_ERROR_BAD_FREE:
	case MD_ERROR_BAD_USABLE_SIZE:
		return "passed";
	case MD_ERROR_ALLOC_DEALLOC_MISMATCH:
	case MD_ERROR_NEW_DELETE_TYPE_MISMATCH:
	case MD_ERROR_FREE_SIZE_MISMATCH:
		return "freed";
	default:
		return md_error_is_bad_request(finding->error) ? "requested" : "used";
	}
}

/* The call in which the error was noticed; its heading says whether it is the mistake. */
static void put_call_stack(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	const char *api = md_api_name(finding->call.api);
	const char *verb = call_verb(finding);
	const char *note = "";
	struct md_stack_printer printer = md_report_printer(report);

	if (finding->call.api == MD_API_NONE && !finding->call.stack.value) /* a thread ended, for one */
		return;
	switch (finding->noticed) {
	case MD_NOTICED_AT_EXIT:
		return;
	case MD_NOTICED_AT_FREE:
		verb = is_resize(finding->call.api) ? "resized" : "freed";
		break;
	case MD_NOTICED_AT_REUSE:
		verb = "noticed";
		note = " (the call that let the block go, not the mistake)";
		break;
	case MD_NOTICED_PERIODICALLY:
		verb = "noticed";
		note = " (the call on which the check fell, not the mistake)";
		break;
	case MD_NOTICED_ON_REQUEST:
		verb = "check requested";
		break;
	case MD_NOTICED_AT_ACCESS:
		verb = finding->crash && !finding->crash->known ? "crashed" : md_access_verb(finding);
		break;
	default:
		break;
	}
	md_text_color(text, MD_BLUE);
	md_text_put(text, verb);
	if (finding->call.api != MD_API_NONE && finding->call.api != MD_API_CHECK)
		md_textf(text, "%s%s", strcmp(verb, "passed") == 0 ? " to " : " by ", api);
	md_text_put(text, " in ");
	md_report_thread_text(text, report, finding->thread);
	md_report_when_text(text, report->seconds);
	md_textf(text, ", here%s:\n", note);
	md_text_color(text, MD_PLAIN);
	md_stack_text(text, &printer, finding->call.stack);
	md_text_char(text, '\n');
}

static void put_block_stacks(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	const struct md_block_view *block = &finding->block;

	if (!block->valid)
		return;
	if (md_report_has_free(finding))
		md_report_owner_text(text, report, finding->error == MD_ERROR_DOUBLE_FREE ? "first freed" : "freed", block->free_api,
			block->free_thread, report->free_seconds, block->free_stack);
	md_report_owner_text(text, report, md_report_has_free(finding) ? "previously allocated" : "allocated", block->alloc_api,
		block->alloc_thread, report->alloc_seconds, block->alloc_stack);
}

/* " (worker, tid 4712, ended)", as far as there is something to say */
static void put_thread_facts(struct md_text *text, const char *name, const struct md_thread_view *thread)
{
	const char *before = " (";

	if (name[0]) {
		md_textf(text, "%s%S", before, name);
		before = ", ";
	}
	if (thread->tid) {
		md_textf(text, "%stid %u", before, thread->tid);
		before = ", ";
	}
	if (!thread->alive) {
		md_textf(text, "%sended", before);
		before = ", ";
	}
	md_text_put(text, before[0] == ',' ? ")" : "");
}

static void put_threads(struct md_text *text, const struct md_report *report)
{
	struct md_stack_printer printer = md_report_printer(report);

	for (size_t i = 0; i < report->thread_count && i < MD_REPORT_THREADS_MAX; i++) {
		const struct md_thread_view *thread = &report->threads[i];

		if (thread->id.value <= 1) /* unknown, or the first: nobody's call made it */
			continue;
		md_text_color(text, MD_BLUE);
		md_text_put(text, "Thread ");
		md_phrase_thread(text, thread->id);
		put_thread_facts(text, md_report_thread_name(report, thread), thread);
		md_text_put(text, " created by ");
		if (thread->creator.value == MD_THREAD_NONE.value)
			md_text_put(text, "an unknown thread");
		else
			md_phrase_thread(text, thread->creator);
		md_text_put(text, " here:\n");
		md_text_color(text, MD_PLAIN);
		md_stack_text(text, &printer, thread->created);
		md_text_char(text, '\n');
	}
}

/* --- Ending ------------------------------------------------------------------- */

/* What the run was: for the reader who gets only the log. */
static void put_process(struct md_text *text, const struct md_report *report)
{
	if (report->names_missing)
		md_textf(text, "Note: %S\n", report->names_missing);
	md_textf(text, "Process %u", report->pid);
	if (report->program[0])
		md_textf(text, " (%S)", report->program);
	md_textf(text, ", report %u", report->number);
	md_report_when_text(text, report->seconds);
	md_text_put(text, ".\n");
	if (report->config && report->config[0])
		md_textf(text, "Options: %S\n", report->config);
}

static void put_summary(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	struct md_stack_printer printer = md_report_printer(report);
	const char *role;
	md_stack_id stack = md_report_site(report, &role);

	md_text_color(text, MD_BOLD);
	md_textf(text, "SUMMARY: malloc-debug: %s ", md_error_info(finding->error)->slug);
	md_stack_site_text(text, &printer, stack);
	if (role[0] != 'c')
		md_textf(text, " (where the block was %s)", role);
	md_text_color(text, MD_PLAIN);
	md_text_char(text, '\n');
}

void md_error_text(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;

	put_header(text, report);
	md_text_color(text, MD_GREEN);
	if ((unsigned)finding->error < MD_ERROR_COUNT && explain[finding->error])
		explain[finding->error](text, report);
	put_noticed(text, report);
	md_damage_looks_text(text, report);
	md_text_color(text, MD_PLAIN);
	md_text_char(text, '\n');
	put_call_stack(text, report);
	put_block_stacks(text, report);
	put_threads(text, report);
	if (finding->crash)
		md_crash_registers_text(text, report);
	md_surroundings_text(text, report);
	md_advice_text(text, report);
	put_process(text, report);
	put_summary(text, report);
}

static size_t add_stack(md_stack_id *ids, size_t count, size_t max, md_stack_id id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i].value == id.value)
			return count;
	if (id.value == MD_STACK_NONE.value || count == max)
		return count;
	ids[count] = id;
	return count + 1;
}

size_t md_report_stacks(const struct md_report *report, md_stack_id *ids, size_t max)
{
	const struct md_finding *finding = report->finding;
	size_t count = 0;

	count = add_stack(ids, count, max, finding->call.stack);
	if (finding->block.valid) {
		count = add_stack(ids, count, max, finding->block.free_stack);
		count = add_stack(ids, count, max, finding->block.alloc_stack);
	}
	for (size_t i = 0; i < report->thread_count && i < MD_REPORT_THREADS_MAX; i++)
		count = add_stack(ids, count, max, report->threads[i].created);
	if (report->before.valid)
		count = add_stack(ids, count, max, report->before.alloc_stack);
	if (report->after.valid)
		count = add_stack(ids, count, max, report->after.alloc_stack);
	for (size_t i = 0; finding->crash && i < finding->crash->point_count; i++) {
		count = add_stack(ids, count, max, finding->crash->points[i].block.free_stack);
		count = add_stack(ids, count, max, finding->crash->points[i].block.alloc_stack);
	}
	for (size_t i = 0; i < report->earlier_count && i < MD_REPORT_EARLIER_MAX; i++)
		count = add_stack(ids, count, max, (md_stack_id){ report->earlier[i].stack });
	return count;
}
