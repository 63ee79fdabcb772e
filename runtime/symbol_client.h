/* SPDX-License-Identifier: MIT
 *
 * Symbol client: the names of frames, from a helper process or from its earlier answers. The process we are in neither reads debug
 * information nor allocates.
 *
 * The program does not notice (runtime/symbol_process.h): errno and signal mask are unchanged too, and there is no SIGPIPE.
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

/* Keeps the helper's path (NULL or "": there is none) and, of the environment that the process was given (NULL: none), what is the
 * helper's business. Both are copied. Call it once, early, while nobody changes the environment. */
void md_symbol_client_init(const char *helper_path, char *const *environment);

/* Puts the names of all frames that names does not have yet into names: what is known from earlier calls, and for the rest the answers of
 * the helper, started for it. Takes timeout_ms at most (a helper that cannot be killed, because it waits for a dead file server, may add
 * two seconds). A frame may occur repeatedly; MD_SYMBOL_FRAMES_MAX distinct ones are asked for.
 *
 * Returns NULL if everything was answered; otherwise one line on why names are missing, valid until the next call. Names that came before
 * the problem are in the table. */
const char *md_symbol_client_ask(
	const struct md_frame *frames, size_t count, const struct md_modules *modules, struct md_names *names, unsigned timeout_ms);

#endif
