/* SPDX-License-Identifier: MIT
 *
 * What the formats of printf and scanf touch. The formats of glibc are understood; one with numbered arguments, or a letter that is not
 * known, is not looked at further.
 */
#ifndef MD_CALLS_FORMAT_H
#define MD_CALLS_FORMAT_H

#include "runtime/calls.h"

/* Looks at a format of printf, its strings and its %n before the call. unit: bytes of a character of the format. bounded: returns no less
 * than the number of characters that will be printed; SIZE_MAX where that is not known, or nobody asked. The list is used up. */
size_t md_calls_print_format(struct md_calls_scope *scope, const void *format, size_t unit, bool bounded, va_list *list);

/* Looks at what scanf wrote to the first `assigned` destinations, after the call, and to those of %n that were reached for
 * certain. old: "%as" allocates (before C99). */
void md_calls_scan_format(struct md_calls_scope *scope, const void *format, size_t unit, bool old, va_list list, int assigned);

#endif
