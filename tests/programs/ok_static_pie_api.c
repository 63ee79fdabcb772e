/* SPDX-License-Identifier: MIT
 *
 * As ok_static_api.c, in a static position-independent program.
 */
// build: -static-pie -fPIE
#include "tests/programs/ok_static_api.c"
