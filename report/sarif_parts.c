/* SPDX-License-Identifier: MIT */
#include "report/sarif_parts.h"

#include <string.h>

#include "report/fingerprint.h"
#include "report/sarif.h"
#include "src/error.h"

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

struct md_sarif_rule md_sarif_rule(unsigned index)
{
	switch (index) {
	case MD_SARIF_DIRECT:
		return (struct md_sarif_rule){ "direct-leak", "memory leak",
			"Nothing points to the block any more: free it before the last pointer to it goes.", "error", 401 };
	case MD_SARIF_POSSIBLE:
		return (struct md_sarif_rule){ "possible-leak", "possible memory leak",
			"Only the inside of the block is pointed to: a leak, unless the program computes the block's start from that pointer.",
			"warning", 401 };
	case MD_SARIF_REACHABLE:
		return (struct md_sarif_rule){ "still-reachable", "memory in use at the end", "The block was never freed, but is still pointed to.",
			"note", 0 };
	case MD_SARIF_GROWTH:
		return (struct md_sarif_rule){ "memory-growth", "memory in use that grows",
			"The blocks of this stack take more from snapshot to snapshot: look for a list, cache or queue that nobody empties.",
			"warning", 770 };
	default:
		return (struct md_sarif_rule){ md_error_info((enum md_error)index)->slug, md_error_info((enum md_error)index)->title,
			md_error_info((enum md_error)index)->hint, md_error_is_bad_request((enum md_error)index) ? "warning" : "error",
			cwe[index] };
	}
}

int md_sarif_rule_find(const char *id)
{
	for (int i = 0; i < MD_SARIF_COUNT; i++)
		if (!strcmp(md_sarif_rule((unsigned)i).id, id))
			return i;
	return -1;
}

void md_sarif_text(struct md_json *json, const char *key, const char *text)
{
	md_json_object(json, key);
	md_json_string(json, "text", text);
	md_json_end(json);
}

static void put_rule(struct md_json *json, unsigned index)
{
	struct md_sarif_rule rule = md_sarif_rule(index);
	char tag[32];
	struct md_text text;

	md_json_object(json, NULL);
	md_json_string(json, "id", rule.id);
	md_sarif_text(json, "shortDescription", rule.title);
	md_sarif_text(json, "fullDescription", rule.help);
	md_sarif_text(json, "help", rule.help);
	md_json_object(json, "defaultConfiguration");
	md_json_string(json, "level", rule.level);
	md_json_end(json);
	md_json_object(json, "properties");
	md_json_string(json, "precision", index == MD_SARIF_GROWTH || index == MD_SARIF_POSSIBLE ? "medium" : "very-high");
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
	for (unsigned i = 0; i < MD_SARIF_COUNT; i++)
		put_rule(&json, i);
	md_json_end(&json);
	md_json_end(&json);
	md_json_end(&json);
	md_text_put(text, ",\"results\":[\n");
}

/* --- parts of a result ------------------------------------------------------------------ */

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

void md_sarif_location(struct md_json *json, const char *key, const struct md_entry *entry, const char *message)
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
		md_sarif_text(json, "message", message);
	md_json_end(json);
}

void md_sarif_open(
	struct md_json *json, struct md_text *text, int index, const struct md_sarif_rule *rule, const struct md_text *message, uint64_t fingerprint)
{
	char digits[17];

	md_json_init(json, text, 0);
	md_json_object(json, NULL);
	md_json_string(json, "ruleId", rule->id);
	if (index >= 0)
		md_json_uint(json, "ruleIndex", (unsigned)index);
	md_json_string(json, "level", rule->level);
	md_json_object(json, "message");
	md_json_string_n(json, "text", message->buffer, message->length);
	md_json_end(json);
	md_fingerprint_text(fingerprint, digits);
	md_json_object(json, "partialFingerprints");
	md_json_string(json, MD_FINGERPRINT_NAME, digits);
	md_json_end(json);
}

void md_sarif_flow_step(
	struct md_json *json, bool *begun, uint64_t order, const struct md_entry *site, const char *message, const char *kind)
{
	if (!*begun) {
		md_json_array(json, "codeFlows");
		md_json_object(json, NULL);
		md_json_array(json, "threadFlows");
		md_json_object(json, NULL);
		md_json_array(json, "locations");
		*begun = true;
	}
	md_json_object(json, NULL);
	md_sarif_location(json, "location", site, message);
	md_json_array(json, "kinds");
	md_json_string(json, NULL, "memory");
	md_json_string(json, NULL, kind);
	md_json_end(json);
	md_json_uint(json, "executionOrder", order);
	md_json_string(json, "importance", "essential");
	md_json_end(json);
}

void md_sarif_flow_end(struct md_json *json, bool begun)
{
	for (unsigned i = 0; begun && i < 5; i++)
		md_json_end(json);
}
