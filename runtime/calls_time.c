/* SPDX-License-Identifier: MIT
 *
 * The wrappers of <time.h>.
 */
#define MD_CALLS_TABLE "runtime/calls_time.def"
#include "runtime/calls_generate.h"
