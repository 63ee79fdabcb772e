/* SPDX-License-Identifier: MIT
 *
 * The wrappers of fortified <string.h> and <wchar.h>.
 */
#define MD_CALLS_HOT
#define MD_CALLS_TABLE "runtime/calls_string_chk.def"
#include "runtime/calls_generate.h"
