/* SPDX-License-Identifier: MIT
 *
 * The wrappers of <stdio.h> but for formats.
 */
#define MD_CALLS_TABLE "runtime/calls_stdio.def"
#include "runtime/calls_generate.h"
