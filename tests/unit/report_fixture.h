/* SPDX-License-Identifier: MIT
 *
 * A made-up process for tests of the explainers: three modules, some named frames, stacks over them, and a buffer for the text.
 *
 * Frames are given as the address of their call; the return address that is stored is one more.
 */
#ifndef REPORT_FIXTURE_H
#define REPORT_FIXTURE_H

#include <criterion/criterion.h>
#include <string.h>

#include "report/names.h"
#include "report/stack_text.h"
#include "report/text.h"
#include "src/arena.h"
#include "src/module.h"
#include "src/stack_store.h"

#define APP_BASE 0x555500000000ul
#define PLUGIN_BASE 0x7f1100000000ul
#define LIBC_BASE 0x7f2200000000ul

static struct md_arena arena;
static struct md_modules modules;
static struct md_stack_store *stacks;
static struct md_names *names;
static uint16_t app, plugin, libc;
static char text_buffer[65536];
static _Alignas(16) unsigned char names_memory[65536];

static inline struct md_frame frame_at(uint16_t module, uintptr_t offset)
{
	uintptr_t base = module == app ? APP_BASE : module == plugin ? PLUGIN_BASE : module == libc ? LIBC_BASE : 0;

	return (struct md_frame){ .pc = base + offset + 1, .module = module };
}

static inline void name_frame(struct md_frame frame, const char *function, const char *file, uint32_t line, uint32_t column, bool inlined)
{
	struct md_name name = { .function = function, .file = file, .line = line, .column = column, .inlined = inlined };

	cr_assert(md_names_put(names, frame, &name));
}

/* A stack of the app's frame at that offset, called by main, called by the C library. */
static inline md_stack_id stack_from(uintptr_t offset)
{
	struct md_frame frames[] = { frame_at(app, offset), frame_at(app, 0x9000), frame_at(libc, 0x27249) };

	return md_stack_store_put(stacks, frames, 3);
}

static inline void fixture_init(void)
{
	static const unsigned char build_id[4] = { 0xab, 0x01, 0x02, 0xcd };

	md_arena_init(&arena);
	md_modules_init(&modules);
	stacks = md_stack_store_create(&arena);
	cr_assert(stacks);
	names = md_names_init(names_memory, sizeof names_memory);
	app = md_modules_put(&modules, &arena, APP_BASE, APP_BASE + 0x100000, APP_BASE, "/home/user/app", NULL, 0);
	plugin = md_modules_put(&modules, &arena, PLUGIN_BASE, PLUGIN_BASE + 0x100000, PLUGIN_BASE, "/home/user/plugin.so", build_id, 2);
	libc = md_modules_put(&modules, &arena, LIBC_BASE, LIBC_BASE + 0x200000, LIBC_BASE, "/lib/libc.so.6", build_id, sizeof build_id);
	name_frame(frame_at(app, 0x9000), "main", "/home/user/app.c", 90, 2, false);
	name_frame(frame_at(app, 0x1000), "make_name", "/home/user/app.c", 10, 9, false);
	name_frame(frame_at(app, 0x2000), "drop_name", "/home/user/app.c", 20, 9, false);
	name_frame(frame_at(app, 0x3000), "make_other", "/home/user/app.c", 30, 0, false);
	name_frame(frame_at(app, 0x4000), "start_worker", "/home/user/app.c", 40, 0, false);
	name_frame(frame_at(libc, 0x27249), "__libc_start_call_main", "", 0, 0, false);
}

static inline struct md_stack_printer fixture_printer(void)
{
	return (struct md_stack_printer){ .stacks = stacks, .modules = &modules, .names = names, .strip_path = "/home/user/" };
}

static inline struct md_text fixture_text(bool color)
{
	struct md_text text;

	md_text_init(&text, text_buffer, sizeof text_buffer - 1, color);
	return text;
}

static inline const char *text_string(struct md_text *text)
{
	text->buffer[text->length] = '\0';
	return text->buffer;
}

/* The whole text, shown in full when it differs. */
#define expect_text(text, wanted) \
	do { \
		const char *got_ = text_string(text), *wanted_ = (wanted); \
		cr_expect(strcmp(got_, wanted_) == 0, "got:\n%s\nwanted:\n%s", got_, wanted_); \
	} while (0)

/* A part of it. */
#define expect_part(text, wanted) \
	do { \
		const char *got_ = text_string(text), *wanted_ = (wanted); \
		cr_expect(strstr(got_, wanted_) != NULL, "wanted:\n%s\nin:\n%s", wanted_, got_); \
	} while (0)

#define expect_no_part(text, unwanted) \
	do { \
		const char *got_ = text_string(text), *unwanted_ = (unwanted); \
		cr_expect(strstr(got_, unwanted_) == NULL, "not wanted:\n%s\nin:\n%s", unwanted_, got_); \
	} while (0)

#endif
