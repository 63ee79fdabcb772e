/* SPDX-License-Identifier: MIT */
#include "report/parts_json.h"

#include "report/fingerprint.h"

static const char truncated[] = ",\"truncated\":true\n";

void md_json_origin(struct md_json *json, const struct md_origin *origin)
{
	md_json_uint(json, "pid", origin->pid);
	if (origin->program[0])
		md_json_string(json, "program", origin->program);
	if (origin->host[0])
		md_json_string(json, "host", origin->host);
	md_json_seconds(json, "started", origin->started);
	md_json_seconds(json, "seconds", origin->seconds);
}

void md_json_open(struct md_json *json, struct md_text *text, const char *type, const struct md_origin *origin)
{
	md_json_init(json, text, sizeof truncated);
	md_json_object(json, NULL);
	md_json_uint(json, "version", MD_JSON_VERSION);
	md_json_string(json, "type", type);
	md_json_string(json, "tool", "malloc-debug " MD_VERSION);
	md_json_object(json, "process");
	md_json_origin(json, origin);
	md_json_end(json);
}

void md_json_close(struct md_json *json)
{
	bool cut = json->cut;

	md_json_use_reserve(json);
	if (cut)
		md_json_bool(json, "truncated", true);
	md_json_end(json);
	md_text_char(json->text, '\n');
}

void md_json_entry(struct md_json *json, const struct md_entry *entry)
{
	md_json_object(json, NULL);
	md_json_address(json, "pc", entry->addr);
	if (entry->module[0]) {
		md_json_string(json, "module", entry->module);
		md_json_address(json, "offset", entry->offset);
		if (entry->build_id_bytes)
			md_json_hex(json, "build_id", entry->build_id, entry->build_id_bytes);
	}
	if (entry->function[0])
		md_json_string(json, "function", entry->function);
	if (entry->file[0])
		md_json_string(json, "file", entry->file);
	if (entry->line)
		md_json_uint(json, "line", entry->line);
	if (entry->line && entry->column)
		md_json_uint(json, "column", entry->column);
	if (entry->inlined)
		md_json_bool(json, "inlined", true);
	if (entry->unloaded)
		md_json_bool(json, "unloaded", true);
	md_json_end(json);
}

static bool put_entry(void *context, const struct md_entry *entry)
{
	struct md_json *json = context;

	md_json_entry(json, entry);
	return !json->cut;
}

void md_json_stack(struct md_json *json, const char *key, const struct md_stack_printer *printer, md_stack_id stack)
{
	if (!stack.value)
		return;
	md_json_array(json, key);
	md_entries_visit(printer, stack, put_entry, json);
	md_json_end(json);
}

void md_json_thread(struct md_json *json, const char *key, md_thread_id thread)
{
	if (thread.value != MD_THREAD_NONE.value)
		md_json_uint(json, key, thread.value - 1u);
}

void md_json_fingerprint(struct md_json *json, uint64_t fingerprint)
{
	char digits[17];

	md_fingerprint_text(fingerprint, digits);
	md_json_string(json, "fingerprint", digits);
}

void md_json_count(struct md_json *json, const char *key, struct md_leak_count count)
{
	md_json_object(json, key);
	md_json_uint(json, "blocks", count.blocks);
	md_json_uint(json, "bytes", count.bytes);
	md_json_end(json);
}

void md_json_message(struct md_text *text, const struct md_origin *origin, const char *message, size_t bytes)
{
	struct md_json json;

	md_json_open(&json, text, "message", origin);
	while (bytes && message[bytes - 1] == '\n')
		bytes--;
	size_t room = text->capacity > text->length + 128 ? text->capacity - text->length - 128 : 0;

	md_json_string_n(&json, "text", message, bytes);
	if (json.cut && room / 6 < bytes) { /* so much fits in any case */
		json.cut = false;
		md_json_string_n(&json, "text", message, room / 6);
		json.cut = true;
	}
	md_json_close(&json);
}
