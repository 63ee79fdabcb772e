/* SPDX-License-Identifier: MIT */
#include "src/error.h"

static const struct md_error_info error_table[] = {
#define MD_ERROR(name, slug, title, hint) { slug, title, hint },
#include "src/error.def"
#undef MD_ERROR
	{ "unknown-error", "error with an unknown number", "The record of the error was damaged." },
};

const struct md_error_info *md_error_info(enum md_error error)
{
	return &error_table[(unsigned)error < MD_ERROR_COUNT ? error : MD_ERROR_COUNT];
}
