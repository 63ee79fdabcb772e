/* SPDX-License-Identifier: MIT
 *
 * The wrappers of sockets and addresses.
 */
#define MD_CALLS_TABLE "runtime/calls_socket.def"
#include "runtime/calls_generate.h"
