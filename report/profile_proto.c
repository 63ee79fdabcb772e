/* SPDX-License-Identifier: MIT */
#include "report/profile_proto.h"

#include <string.h>

#define NAMES_MAX 32
#define MESSAGE_BYTES 1024 /* of a sample, the largest message inside another: 128 frames of 5 bytes, 4 values of 10 */

/* Numbers of fields: https://github.com/google/pprof/blob/main/proto/profile.proto */
enum {
	PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE = 2, PROFILE_MAPPING = 3, PROFILE_LOCATION = 4, PROFILE_FUNCTION = 5, PROFILE_STRING = 6,
	PROFILE_TIME = 9, PROFILE_DURATION = 10, PROFILE_PERIOD_TYPE = 11, PROFILE_PERIOD = 12, PROFILE_COMMENT = 13, PROFILE_DEFAULT_TYPE = 14
};
enum { VALUE_TYPE = 1, VALUE_UNIT = 2 };
enum { SAMPLE_LOCATIONS = 1, SAMPLE_VALUES = 2 };
enum { MAPPING_ID = 1, MAPPING_BEGIN = 2, MAPPING_END = 3, MAPPING_OFFSET = 4, MAPPING_FILE = 5, MAPPING_BUILD_ID = 6, MAPPING_HAS_FUNCTIONS = 7,
	MAPPING_HAS_FILES = 8, MAPPING_HAS_LINES = 9, MAPPING_HAS_INLINED = 10 };
enum { LOCATION_ID = 1, LOCATION_MAPPING = 2, LOCATION_ADDRESS = 3, LOCATION_LINE = 4 };
enum { LINE_FUNCTION = 1, LINE_LINE = 2 };
enum { FUNCTION_ID = 1, FUNCTION_NAME = 2, FUNCTION_SYSTEM_NAME = 3, FUNCTION_FILE = 4 };

/* --- messages --------------------------------------------------------------- */

static void put_varint(struct md_text *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		md_text_char(out, (char)(value | 0x80));
	md_text_char(out, (char)value);
}

static void put_uint(struct md_text *out, unsigned field, uint64_t value)
{
	if (!value) /* as if it were left out */
		return;
	put_varint(out, field << 3);
	put_varint(out, value);
}

static void put_bytes(struct md_text *out, unsigned field, const struct md_text *bytes)
{
	put_varint(out, field << 3 | 2);
	put_varint(out, bytes->length);
	md_text_put_n(out, bytes->buffer, bytes->length);
}

/* --- tables ------------------------------------------------------------------- */

static uint64_t hash_string(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ull;
	return hash;
}

static uint32_t mask_of(const struct md_profile_index *index)
{
	return sizeof index->heads / sizeof *index->heads - 1;
}

/* Number of a string; 0, which is the empty one, when the table is full. */
static uint32_t string_number(struct md_profile_proto *proto, const char *text)
{
	struct md_profile_index *index = &proto->string_index;

	if (!text || !*text)
		return 0;
	for (uint32_t i = (uint32_t)(hash_string(text) >> 32);; i++) {
		uint32_t *head = &index->heads[i & mask_of(index)];

		if (*head && strcmp(proto->strings[*head], text) == 0)
			return *head;
		if (*head)
			continue;
		if (index->count + 1 >= MD_PROFILE_STRINGS_MAX)
			return 0;
		*head = ++index->count;
		proto->strings[*head] = text;
		return *head;
	}
}

static void put_function(struct md_text *out, uint32_t number, const struct md_profile_function *function)
{
	char buffer[64];
	struct md_text message;

	md_text_init(&message, buffer, sizeof buffer, false);
	put_uint(&message, FUNCTION_ID, number);
	put_uint(&message, FUNCTION_NAME, function->name);
	put_uint(&message, FUNCTION_SYSTEM_NAME, function->name);
	put_uint(&message, FUNCTION_FILE, function->file);
	put_bytes(out, PROFILE_FUNCTION, &message);
}

/* Number of a function, which is written when it is new; 0 when there is no room. */
static uint32_t function_number(struct md_profile_proto *proto, struct md_profile_function wanted, struct md_text *out)
{
	struct md_profile_index *index = &proto->function_index;
	uint64_t hash = (wanted.name * 0x9e3779b97f4a7c15ull ^ wanted.file) * 0xff51afd7ed558ccdull;

	for (uint32_t i = (uint32_t)(hash >> 32);; i++) {
		uint32_t *head = &index->heads[i & mask_of(index)];

		if (*head && proto->functions[*head].name == wanted.name && proto->functions[*head].file == wanted.file)
			return *head;
		if (*head)
			continue;
		if (index->count + 1 >= MD_PROFILE_STRINGS_MAX)
			return 0;
		*head = ++index->count;
		proto->functions[*head] = wanted;
		put_function(out, *head, &wanted);
		return *head;
	}
}

/* --- parts ---------------------------------------------------------------------- */

static void put_value_type(struct md_profile_proto *proto, unsigned field, const char *type, const char *unit, struct md_text *out)
{
	char buffer[32];
	struct md_text message;

	md_text_init(&message, buffer, sizeof buffer, false);
	put_uint(&message, VALUE_TYPE, string_number(proto, type));
	put_uint(&message, VALUE_UNIT, string_number(proto, unit));
	put_bytes(out, field, &message);
}

void md_profile_proto_begin(struct md_profile_proto *proto, const struct md_profile_report *report, struct md_text *out)
{
	proto->strings[0] = "";
	if (report->profile->has_all) {
		put_value_type(proto, PROFILE_SAMPLE_TYPE, "alloc_objects", "count", out);
		put_value_type(proto, PROFILE_SAMPLE_TYPE, "alloc_space", "bytes", out);
	}
	put_value_type(proto, PROFILE_SAMPLE_TYPE, "inuse_objects", "count", out);
	put_value_type(proto, PROFILE_SAMPLE_TYPE, "inuse_space", "bytes", out);
	put_uint(out, PROFILE_TIME, report->wall_nanoseconds);
	put_uint(out, PROFILE_DURATION, report->duration_nanoseconds);
	put_value_type(proto, PROFILE_PERIOD_TYPE, "space", "bytes", out);
	put_uint(out, PROFILE_PERIOD, 1); /* nothing is sampled */
	put_uint(out, PROFILE_COMMENT, string_number(proto, "malloc-debug " MD_VERSION));
	put_uint(out, PROFILE_DEFAULT_TYPE, string_number(proto, report->live ? "inuse_space" : "alloc_space"));
}

void md_profile_proto_row(struct md_profile_proto *proto, const struct md_profile_report *report, const struct md_profile_row *row, struct md_text *out)
{
	char buffer[MESSAGE_BYTES], packed_buffer[MESSAGE_BYTES - 64];
	struct md_text message, packed;
	uint32_t number;

	(void)proto;
	if (!row->live_blocks && !row->all_blocks)
		return;
	md_text_init(&message, buffer, sizeof buffer, false);
	md_text_init(&packed, packed_buffer, sizeof packed_buffer, false);
	for (size_t i = 0; (number = md_stack_store_number(report->printer->stacks, (md_stack_id){ row->stack }, i)); i++)
		put_varint(&packed, number);
	if (packed.length)
		put_bytes(&message, SAMPLE_LOCATIONS, &packed);
	packed.length = 0;
	if (report->profile->has_all) {
		put_varint(&packed, row->all_blocks);
		put_varint(&packed, row->all_bytes);
	}
	put_varint(&packed, row->live_blocks);
	put_varint(&packed, row->live_bytes);
	put_bytes(&message, SAMPLE_VALUES, &packed);
	put_bytes(out, PROFILE_SAMPLE, &message);
}

static const char *file_of(const struct md_profile_report *report, const struct md_name *name)
{
	const char *strip = report->printer->strip_path;
	size_t prefix = strip ? strlen(strip) : 0;

	return prefix && strncmp(name->file, strip, prefix) == 0 ? name->file + prefix : name->file;
}

void md_profile_proto_frame(struct md_profile_proto *proto, const struct md_profile_report *report, uint32_t number, struct md_text *out)
{
	struct md_frame frame = md_frame_get(report->printer->stacks, number);
	struct md_name names[NAMES_MAX];
	size_t name_count = md_names_get(report->printer->names, frame, names, NAMES_MAX);
	char buffer[MESSAGE_BYTES], line_buffer[32];
	struct md_text message, line;
	bool named = false;

	md_text_init(&message, buffer, sizeof buffer, false);
	put_uint(&message, LOCATION_ID, number);
	put_uint(&message, LOCATION_MAPPING, frame.module);
	put_uint(&message, LOCATION_ADDRESS, frame.pc ? frame.pc - 1 : 0);
	for (size_t i = 0; i < name_count; i++) {
		struct md_profile_function function = { string_number(proto, names[i].function), string_number(proto, file_of(report, &names[i])) };
		uint32_t function_id = function.name ? function_number(proto, function, out) : 0;

		if (!function_id)
			continue;
		md_text_init(&line, line_buffer, sizeof line_buffer, false);
		put_uint(&line, LINE_FUNCTION, function_id);
		put_uint(&line, LINE_LINE, names[i].line);
		put_bytes(&message, LOCATION_LINE, &line);
		named = true;
	}
	if (!named && frame.module < MD_MODULES_MAX)
		proto->unnamed[frame.module] = true;
	put_bytes(out, PROFILE_LOCATION, &message);
}

void md_profile_proto_module(struct md_profile_proto *proto, const struct md_profile_report *report, uint16_t module, struct md_text *out)
{
	const struct md_module *row = md_modules_get(report->printer->modules, module);
	size_t bytes = row->build_id_bytes < MD_BUILD_ID_MAX ? row->build_id_bytes : MD_BUILD_ID_MAX;
	char buffer[128];
	struct md_text message, build_id;

	if (module == MD_MODULE_NONE || module >= MD_MODULES_MAX)
		return;
	md_text_init(&build_id, proto->build_ids[module], sizeof proto->build_ids[module] - 1, false);
	for (size_t i = 0; i < bytes; i++)
		md_text_hex(&build_id, row->build_id[i], 2);
	md_text_init(&message, buffer, sizeof buffer, false);
	put_uint(&message, MAPPING_ID, module);
	put_uint(&message, MAPPING_BEGIN, report->places[module].begin);
	put_uint(&message, MAPPING_END, report->places[module].end);
	put_uint(&message, MAPPING_OFFSET, report->places[module].offset);
	put_uint(&message, MAPPING_FILE, string_number(proto, row->path));
	put_uint(&message, MAPPING_BUILD_ID, string_number(proto, proto->build_ids[module]));
	for (unsigned field = MAPPING_HAS_FUNCTIONS; field <= MAPPING_HAS_INLINED; field++)
		put_uint(&message, field, !proto->unnamed[module]);
	put_bytes(out, PROFILE_MAPPING, &message);
}

bool md_profile_proto_string(struct md_profile_proto *proto, uint32_t i, struct md_text *out)
{
	struct md_text text;

	if (i > proto->string_index.count)
		return false;
	md_text_init(&text, proto->text, sizeof proto->text, false);
	md_text_safe(&text, proto->strings[i]); /* the format wants UTF-8 */
	put_bytes(out, PROFILE_STRING, &text);
	return true;
}
