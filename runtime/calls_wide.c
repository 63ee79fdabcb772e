/* SPDX-License-Identifier: MIT
 *
 * The wrappers of <wchar.h>.
 */
#define MD_CALLS_TABLE "runtime/calls_wide.def"
#include "runtime/calls_generate.h"
