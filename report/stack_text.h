/* SPDX-License-Identifier: MIT
 *
 * Stacks as text, in AddressSanitizer's shape, one line a frame:
 *
 *     #0 0x55d9ba2bf294 in make_name /home/user/name.c:4:9
 *     #1 0x7f6b22a45249 in main (/usr/bin/app+0x1249) (BuildId: 79bcf...)      name known, line not
 *     #2 0x7f6b22a45304 (/lib/x86_64-linux-gnu/libc.so.6+0x27304) (BuildId: ...)
 *
 * A stack holds return addresses. What is printed is the address before, which lies in the call itself: it is the one that names and lines
 * are looked up for, and a call at a function's very end still shows in that function. Offsets are for the same address, counted as the
 * module's file counts (its link-time addresses), so that addr2line takes them.
 *
 * Functions inlined at a frame get lines of their own with the frame's address and share the numbers. Lines in a module that was unloaded
 * since end in [unloaded].
 *
 * Allocation and signal safety   none, and async-signal-safe; about 4 kB of stack.
 */
#ifndef MD_STACK_TEXT_H
#define MD_STACK_TEXT_H

#include <stdbool.h>

#include "report/names.h"
#include "report/text.h"
#include "src/module.h"
#include "src/stack_store.h"

/* Where a printer looks things up. */
struct md_stack_printer {
	const struct md_stack_store *stacks;
	const struct md_modules *modules;
	const struct md_names *names; /* NULL: module and offset only */
	const char *strip_path;       /* taken off the start of source file names; "" or NULL: nothing */
};

/* All frames of a stack. Where there are none, one line that says so. */
void md_stack_text(struct md_text *text, const struct md_stack_printer *printer, md_stack_id stack);

/* The one frame that tells a reader which code it was, without a newline: "name.c:4 in make_name", or "(/usr/bin/app+0x1249) in main", or
 * "(/usr/bin/app+0x1249)". Frames in the C and C++ libraries and in their headers are passed over as long as there is another. "no stack"
 * for MD_STACK_NONE; "stack 17" for an id whose frames are not known. */
void md_stack_site_text(struct md_text *text, const struct md_stack_printer *printer, md_stack_id stack);

/* The frame that md_stack_site_text names, and what is known of it. False if there is none. */
bool md_stack_site_find(const struct md_stack_printer *printer, md_stack_id stack, struct md_frame *site, struct md_name *site_name);

/* "(/usr/bin/app+0x1249)" for an address in a module's range; "(<unknown module>)" for row MD_MODULE_NONE. */
void md_module_offset_text(struct md_text *text, const struct md_modules *modules, uint16_t module, uintptr_t addr);

/* Modules, and source files, whose frames are between the program's mistake and us: the C and C++ libraries and their headers. */
bool md_module_is_system(const char *path);
bool md_file_is_system(const char *path);

#endif
