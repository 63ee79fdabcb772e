/* SPDX-License-Identifier: MIT */
#include "tools/json_fingerprint.h"

#include <string.h>

#include "report/fingerprint.h"
#include "tools/view_parts.h"

static void add_frames(struct md_fingerprint *fingerprint, const struct md_value *stack)
{
	if (!stack || stack->kind != MD_VALUE_ARRAY)
		return;
	for (const struct md_value *frame = stack->first; frame; frame = frame->next) {
		struct md_entry entry = md_view_entry(frame);

		entry.is_system = md_view_is_system(frame);
		if (!md_fingerprint_entry(fingerprint, &entry))
			return;
	}
}

static void add_stack(struct md_fingerprint *fingerprint, const char *role, const struct md_value *stack)
{
	md_fingerprint_role(fingerprint, role);
	add_frames(fingerprint, stack);
	if (md_fingerprint_wants_system(fingerprint))
		add_frames(fingerprint, stack);
}

uint64_t md_json_fingerprint_error(const struct md_value *report)
{
	const struct md_value *call = md_value_get(report, "call"), *block = md_value_get(report, "block");
	const char *slug = md_value_string(report, "error");
	struct md_fingerprint fingerprint;

	md_fingerprint_begin(&fingerprint, slug ? slug : "");
	if (md_value_true(call, "is_mistake"))
		add_stack(&fingerprint, "call", md_value_get(call, "stack"));
	if (block)
		add_stack(&fingerprint, "allocated", md_value_get(md_value_get(block, "allocated"), "stack"));
	if (block && slug && !strcmp(slug, "heap-use-after-free"))
		add_stack(&fingerprint, "freed", md_value_get(md_value_get(block, "freed"), "stack"));
	return md_fingerprint_end(&fingerprint);
}

uint64_t md_json_fingerprint_stack(const char *kind, const struct md_value *stack)
{
	struct md_fingerprint fingerprint;

	md_fingerprint_begin(&fingerprint, kind);
	add_stack(&fingerprint, "allocated", stack);
	return md_fingerprint_end(&fingerprint);
}

const char *md_json_leak_slug(const struct md_value *group)
{
	const char *kind = md_value_string(group, "kind");

	if (kind && !strcmp(kind, "possible"))
		return "possible-leak";
	return kind && !strcmp(kind, "reachable") ? "still-reachable" : "direct-leak";
}
