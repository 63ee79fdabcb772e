/* SPDX-License-Identifier: MIT */
#include "src/api.h"

_Static_assert(MD_API_FIRST_FREE <= 15 && MD_API_COUNT - MD_API_FIRST_FREE <= 16, "a record keeps each in four bits, md_heap_calls_fit the first in 15");

static const struct {
	const char *name;
	enum md_family family;
} api_table[] = {
#define MD_API(name, text, family) [MD_API_##name] = { text, MD_FAMILY_##family },
#include "src/api.def"
#undef MD_API
	[MD_API_USABLE_SIZE] = { "malloc_usable_size", MD_FAMILY_MALLOC },
	[MD_API_CHECK] = { "check", MD_FAMILY_MALLOC },
	[MD_API_EXIT] = { "exit", MD_FAMILY_MALLOC },
	[MD_API_NONE] = { "?", MD_FAMILY_MALLOC },
};

const char *md_api_name(enum md_api api)
{
	return (unsigned)api <= MD_API_NONE ? api_table[api].name : "?";
}

enum md_family md_api_family(enum md_api api)
{
	return (unsigned)api <= MD_API_NONE ? api_table[api].family : MD_FAMILY_MALLOC;
}
