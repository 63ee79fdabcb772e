/* SPDX-License-Identifier: MIT */
#include "tools/json_fingerprint.h"

#include <string.h>

#include "report/fingerprint.h"
#include "tools/view_parts.h"

static uint64_t add_bytes(uint64_t hash, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ull;
	return hash;
}

static uint64_t add_string(uint64_t hash, const char *string)
{
	return add_bytes(hash, string, strlen(string) + 1);
}

static uint64_t add_frame(uint64_t hash, const struct md_value *frame)
{
	const char *function = md_value_string(frame, "function"), *module = md_value_string(frame, "module");
	uint64_t offset = 0;

	if (function)
		return add_string(hash, function);
	hash = add_string(hash, module ? md_view_file_name(module) : "");
	md_value_address(frame, "offset", &offset);
	return module ? add_bytes(hash, &offset, sizeof offset) : hash;
}

static uint64_t add_stack(uint64_t hash, const char *role, const struct md_value *stack)
{
	unsigned taken = 0;

	hash = add_string(hash, role);
	if (!stack || stack->kind != MD_VALUE_ARRAY)
		return hash;
	for (int system = 0; system <= 1 && !taken; system++) {
		for (const struct md_value *frame = stack->first; frame && taken < MD_FINGERPRINT_ENTRIES; frame = frame->next) {
			if (!system && md_view_is_system(frame))
				continue;
			hash = add_frame(hash, frame);
			taken++;
		}
	}
	return hash;
}

static uint64_t finish(uint64_t value)
{
	value = (value ^ value >> 32) * 0x9e3779b97f4a7c15ull;
	return value ^ value >> 29;
}

uint64_t md_json_fingerprint_error(const struct md_value *report)
{
	const struct md_value *call = md_value_get(report, "call"), *block = md_value_get(report, "block");
	const char *slug = md_value_string(report, "error");
	uint64_t hash = add_string(0xcbf29ce484222325ull, slug ? slug : "");

	if (md_value_true(call, "is_mistake"))
		hash = add_stack(hash, "call", md_value_get(call, "stack"));
	if (block)
		hash = add_stack(hash, "allocated", md_value_get(md_value_get(block, "allocated"), "stack"));
	if (block && slug && !strcmp(slug, "heap-use-after-free"))
		hash = add_stack(hash, "freed", md_value_get(md_value_get(block, "freed"), "stack"));
	return finish(hash);
}

uint64_t md_json_fingerprint_stack(const char *kind, const struct md_value *stack)
{
	return finish(add_stack(add_string(0xcbf29ce484222325ull, kind), "allocated", stack));
}

const char *md_json_leak_slug(const struct md_value *group)
{
	const char *kind = md_value_string(group, "kind");

	if (kind && !strcmp(kind, "possible"))
		return "possible-leak";
	return kind && !strcmp(kind, "reachable") ? "still-reachable" : "direct-leak";
}
