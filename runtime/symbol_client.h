/* SPDX-License-Identifier: MIT
 *
 * Symbol client: asks a helper process for the names of frames. The process we are in neither reads debug information nor allocates.
 *
 * The program does not notice: no SIGCHLD, nothing for its wait calls to find, no descriptor left open, nothing at 0-2 even if the program
 * closed those, no SIGPIPE, errno and signal mask unchanged; a debugger attached to the program follows neither process.
 *
 * Everything is done with raw system calls (runtime/syscall.h). A refused one (limits, seccomp filters that answer with an error, a chroot
 * without the helper) is a reason for missing names, never more. Under a seccomp filter that kills, the caller must not ask.
 *
 * Locking   none: the caller sees to it that one thread at a time is in here.
 */
#ifndef MD_SYMBOL_CLIENT_H
#define MD_SYMBOL_CLIENT_H

#include <stddef.h>

#include "report/names.h"
#include "src/module.h"
#include "src/stack_store.h"

/* Keeps the helper's path (NULL or "": there is none) and what of the environment is the helper's business. Call it once, early, while
 * nobody changes the environment. */
void md_symbol_client_init(const char *helper_path);

/* Starts the helper, asks for all frames that names does not have yet, and puts the answers into names. Takes timeout_ms at most (a helper
 * that cannot be killed, because it waits for a dead file server, may add two seconds). A frame may occur repeatedly.
 *
 * Returns NULL if the helper has answered everything; otherwise one line on why names are missing, valid until the next call. Names that
 * came before the problem are in the table. */
const char *md_symbol_client_ask(
	const struct md_frame *frames, size_t count, const struct md_modules *modules, struct md_names *names, unsigned timeout_ms);

#endif
