/* SPDX-License-Identifier: MIT
 *
 * Modules of the examined program as files: opened once, with their debug files and symbol tables.
 */
#ifndef MD_SYMBOL_FILE_H
#define MD_SYMBOL_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "report/symbol_protocol.h"
#include "tools/symbol_answer.h"

struct md_symbol_file;

/* The file a request means, opened at its first mention; it stays for the process's life. NULL when memory ends. */
struct md_symbol_file *md_symbol_file_find(const struct md_symbol_request *request);

/* Adds entries for the code at addr (as the file counts) to the empty answer; none if nothing is known. */
void md_symbol_file_name(struct md_symbol_file *file, uint64_t addr, struct md_symbol_answer *answer);

/* For reports of other machines: further folders where module files and debug files are looked for, by build-id (.build-id/xx/yyyy.debug), by
 * the module's path below the folder, and by its file name, each with and without ".debug". Before any file is looked for. At most
 * MD_SYMBOL_FOLDERS_MAX; false if there are more. */
#define MD_SYMBOL_FOLDERS_MAX 16
bool md_symbol_file_add_folder(const char *folder);

/* Lets the program debuginfod-find fetch what is in no folder. */
void md_symbol_file_use_debuginfod(void);

/* One line on the files that could not be used, valid until the next call; NULL if there are none. */
const char *md_symbol_file_problems(void);

#endif
