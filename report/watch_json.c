/* SPDX-License-Identifier: MIT */
#include "report/watch_json.h"

#include "report/error_json.h"
#include "report/parts_json.h"

void md_watch_json(
	struct md_text *text, const struct md_watch_write *write, const struct md_stack_printer *printer, const struct md_origin *origin)
{
	struct md_json json;

	md_json_open(&json, text, "write", origin);
	md_json_uint(&json, "number", write->number);
	md_json_object(&json, "watched");
	md_json_address(&json, "address", write->watched);
	md_json_uint(&json, "bytes", write->watched_bytes);
	md_json_address(&json, "value", write->value); /* as large as an address */
	md_json_end(&json);
	md_json_object(&json, "access");
	md_json_string(&json, "kind", md_access_kind_word(write->access.kind));
	if (write->access.bytes) {
		md_json_address(&json, "address", write->access.addr);
		md_json_uint(&json, "bytes", write->access.bytes);
	}
	md_json_end(&json);
	md_json_thread(&json, "thread", write->thread);
	if (write->first)
		md_json_uint(&json, "first", write->first);
	else
		md_json_stack(&json, "stack", printer, write->stack);
	md_json_close(&json);
}
