/* SPDX-License-Identifier: MIT
 *
 * Profile files, and pages: each is written beside its place and put there when it is whole, so that who collects them never reads half of
 * one, and an earlier one stays if the disk is full. What is no ordinary file (a pipe, a device) is written to as it is.
 *
 * A forked child whose pattern has no %p would write over its parent's file: its number is added to the name.
 *
 * Locking   the caller holds MD_LOCK_REPORT.
 */
#ifndef MD_PROFILE_FILE_H
#define MD_PROFILE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/log_file.h"

struct md_profile_file {
	long fd;
	bool replaces; /* what is at path, with temporary */
	char path[MD_LOG_PATH_BYTES], temporary[MD_LOG_PATH_BYTES];
};

/* pattern: as for logs (log_file.h), and %n: number. Returns 0 or a negated errno value. */
int md_profile_file_open(struct md_profile_file *file, const char *pattern, uint64_t number);

/* Ends what was opened. error: 0 or what went wrong meanwhile; the file is then dropped. Returns that, or its own error. */
int md_profile_file_close(struct md_profile_file *file, int error);

#endif
