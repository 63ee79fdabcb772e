/* SPDX-License-Identifier: MIT
 *
 * Modules of the examined program as files: opened once, with their debug files and symbol tables.
 */
#ifndef MD_SYMBOL_FILE_H
#define MD_SYMBOL_FILE_H

#include <stdint.h>

#include "report/symbol_protocol.h"
#include "tools/symbol_answer.h"

struct md_symbol_file;

/* The file a request means, opened at its first mention; it stays for the process's life. NULL when memory ends. */
struct md_symbol_file *md_symbol_file_find(const struct md_symbol_request *request);

/* Adds entries for the code at addr (as the file counts) to the empty answer; none if nothing is known. */
void md_symbol_file_name(struct md_symbol_file *file, uint64_t addr, struct md_symbol_answer *answer);

/* One line on the files that could not be used, valid until the next call; NULL if there are none. */
const char *md_symbol_file_problems(void);

#endif
