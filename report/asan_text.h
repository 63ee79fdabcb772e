/* SPDX-License-Identifier: MIT
 *
 * Reports in the shape of AddressSanitizer's and LeakSanitizer's, for tools that parse those: fuzzers, triage and crash collection.
 *
 * Lines have that shape and nothing else does: the header, "READ of size 4 at ... thread T0", stacks, "... is located 3 bytes after 10-byte
 * region [...)", who freed and allocated it, "Thread T1 created by T0 here:", SUMMARY. What AddressSanitizer cannot say follows in lines
 * that begin with NOTE. Values that are not known (bp, sp) are printed as 0. An error that shows only by what it damaged has the stack of
 * the call that found it where the access would be, and a NOTE; where no call found it, that of the allocation.
 *
 * Allocation and signal safety   none, and async-signal-safe; about 6 kB of stack.
 */
#ifndef MD_ASAN_TEXT_H
#define MD_ASAN_TEXT_H

#include "report/leak_text.h"
#include "report/report.h"
#include "report/text.h"

void md_asan_error_text(struct md_text *text, const struct md_report *report);

/* Only what is leaked: LeakSanitizer has no word for possible leaks and reachable blocks. Nothing is printed if nothing is leaked. */
void md_asan_leak_text(struct md_text *text, const struct md_leak_report *report, const struct md_stack_printer *printer);

#endif
