/* SPDX-License-Identifier: MIT */
#include "report/history_json.h"

#include "report/parts_json.h"
#include "src/error.h"

void md_event_json_begin(struct md_json *json, const struct md_event *event, double seconds)
{
	static const char *const kinds[] = { [MD_EVENT_ALLOC] = "alloc", [MD_EVENT_FREE] = "free", [MD_EVENT_FAILED] = "failed" };
	unsigned kind = md_event_kind(event);

	md_json_object(json, NULL);
	md_json_seconds(json, "seconds", seconds);
	md_json_string(json, "kind", kind < sizeof kinds / sizeof *kinds ? kinds[kind] : "unknown");
	md_json_string(json, "function", md_api_name(md_event_api(event)));
	md_json_address(json, "address", md_event_addr(event));
	md_json_uint(json, "bytes", md_event_size(event));
	md_json_thread(json, "thread", md_event_thread(event));
}

void md_history_json(struct md_text *text, const struct md_history_list *list, const struct md_origin *origin, struct md_stacks_json *stacks,
	const struct md_stack_printer *printer, const char *names_missing, bool for_page)
{
	struct md_json json;

	md_json_open(&json, text, "history", origin);
	json.for_page = for_page;
	if (list->addr)
		md_json_address(&json, "address", list->addr);
	md_json_uint(&json, "total", list->total);
	md_json_string(&json, "names_missing", names_missing);
	size_t reserve = json.reserve;

	json.reserve = reserve + text->capacity / 3; /* for the stacks */
	md_json_array(&json, "events");
	for (size_t i = 0; i < list->count && !json.cut; i++) {
		md_event_json_begin(&json, &list->events[i], list->seconds[i]);
		if (list->events[i].stack)
			md_json_uint(&json, "stack", list->events[i].stack);
		if (md_event_kind(&list->events[i]) == MD_EVENT_FAILED)
			md_json_string(&json, "error", md_error_info((enum md_error)list->events[i].error)->slug);
		md_json_end(&json);
	}
	md_json_end(&json);
	bool cut = json.cut;

	json.cut = false;
	json.reserve = reserve;
	md_stacks_json_put(&json, stacks, printer);
	json.cut |= cut || stacks->lost;
	md_json_close(&json);
}
