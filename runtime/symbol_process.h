/* SPDX-License-Identifier: MIT
 *
 * Symbol process: starts the symbol helper and ends it, so that the program does not notice: no SIGCHLD, nothing for its wait calls to
 * find, no descriptor left open, nothing at 0-2 even if the program closed those; a debugger attached to the program follows neither
 * process.
 *
 * One helper for one report. Keeping it between reports would save the few milliseconds of a start, but then the program could find it: by
 * RLIMIT_NPROC, process groups and signals to them, namespaces and control groups that end with their last process; its socket would be
 * closed with all others by daemons and given a new meaning, a fork would share it, an exec would leave it behind.
 *
 * Everything is done with raw system calls (runtime/syscall.h). All signals are blocked by the caller meanwhile: no handler of the program
 * may run in the keeper, nor leave us by longjmp with processes and descriptors behind it.
 *
 * Locking   none: the caller sees to it that one thread at a time is in here.
 */
#ifndef MD_SYMBOL_PROCESS_H
#define MD_SYMBOL_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	MD_SYMBOL_STACK_BYTES = 16384,
	MD_SYMBOL_VARIABLES_MAX = 64, /* of the helper's environment */
};

/* What keeper and helper run on: zeroed memory of its own mapping, which other threads cannot take away. */
struct md_symbol_process {
	int fd;               /* our end of the socket pair, non-blocking calls only; -1: none */
	uint64_t deadline_ms; /* as md_symbol_now_ms counts */

	/* for symbol_process.c */
	_Atomic uint32_t phase;          /* enum phase; a futex */
	_Atomic uint32_t keeper_running; /* the kernel clears and wakes it when the keeper is off its stack */
	long keeper;                     /* its process id; 0: none */
	const char *failed_step;         /* these three are set before phase is FAILED: what did not work, */
	const char *failed_path;         /* with which file ("": none), */
	int failed_errno;                /* and why */
	int helper_fd;                   /* helper's end of the socket pair */
	char *argv[3];
	char *envp[MD_SYMBOL_VARIABLES_MAX + 2];
	_Alignas(64) unsigned char keeper_stack[MD_SYMBOL_STACK_BYTES];
	_Alignas(64) unsigned char helper_stack[MD_SYMBOL_STACK_BYTES];
};

/* Keeps the helper's path (NULL or "": there is none) and, of the environment that the process was given (NULL: none), what is the
 * helper's business. Both are copied. Call it once, early, while nobody changes the environment. */
void md_symbol_process_init(const char *helper_path, char *const *environment);

/* Why no helper can be started now, valid until the next call into this file; NULL if one may be. */
const char *md_symbol_process_refuses(void);

/* Starts the helper; it is killed soon after deadline_ms in any case. Returns NULL, or why there is none. md_symbol_process_end is due in
 * both cases. */
const char *md_symbol_process_start(struct md_symbol_process *process, uint64_t deadline_ms);

/* Ends keeper and helper and closes the socket. False if the keeper still runs on the memory (it waits for a helper that cannot be killed):
 * the memory must then stay. */
bool md_symbol_process_end(struct md_symbol_process *process);

/* Milliseconds of the monotonic clock. */
uint64_t md_symbol_now_ms(void);

/* Milliseconds until then; 0 when it is past. */
uint64_t md_symbol_left_ms(uint64_t deadline_ms);

/* Composes a reason, valid until the next one: what, with which object ("": none), and why if error (an errno value) is not 0. */
const char *md_symbol_say(const char *what, const char *object, int error);

/* Path of the helper; "" if there is none. */
const char *md_symbol_helper(void);

#endif
