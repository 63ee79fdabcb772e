/* SPDX-License-Identifier: MIT */
#include "report/stack_text.h"

#include <stdbool.h>
#include <string.h>

#define NAMES_MAX 32 /* functions inlined into one another at one frame; deeper ones are rare and lose the outermost */

/* The address in the call, from the return address behind it. */
static uintptr_t call_addr(struct md_frame frame)
{
	return frame.pc ? frame.pc - 1 : 0;
}

static bool is_unloaded(const struct md_module *module)
{
	return atomic_load_explicit(&module->unloaded, memory_order_relaxed) != 0;
}

static void put_file(struct md_text *text, const struct md_stack_printer *printer, const struct md_name *name, bool column)
{
	const char *file = name->file;
	size_t prefix = printer->strip_path ? strlen(printer->strip_path) : 0;

	if (prefix && strncmp(file, printer->strip_path, prefix) == 0)
		file += prefix;
	md_text_safe(text, file);
	if (name->line)
		md_textf(text, ":%u", name->line);
	if (name->line && name->column && column)
		md_textf(text, ":%u", name->column);
}

void md_module_offset_text(struct md_text *text, const struct md_modules *modules, uint16_t module, uintptr_t addr)
{
	const struct md_module *row = md_modules_get(modules, module);

	if (module == MD_MODULE_NONE || row->path[0] == '\0')
		md_text_put(text, "(<unknown module>)");
	else
		md_textf(text, "(%S+0x%lx)", row->path, (uint64_t)(addr - row->bias));
}

static void put_build_id(struct md_text *text, const struct md_module *module)
{
	size_t bytes = module->build_id_bytes < MD_BUILD_ID_MAX ? module->build_id_bytes : MD_BUILD_ID_MAX;

	if (!bytes)
		return;
	md_text_put(text, " (BuildId: ");
	for (size_t i = 0; i < bytes; i++)
		md_text_hex(text, module->build_id[i], 2);
	md_text_char(text, ')');
}

/* One line. name is NULL where nothing is known but the address. */
static void put_frame(
	struct md_text *text, const struct md_stack_printer *printer, size_t number, struct md_frame frame, const struct md_name *name)
{
	const struct md_module *module = md_modules_get(printer->modules, frame.module);
	bool unloaded = frame.module != MD_MODULE_NONE && is_unloaded(module);

	md_textf(text, "    #%lu %p", (uint64_t)number, call_addr(frame));
	if (name && name->function[0])
		md_textf(text, " in %S", name->function);
	if (name && name->file[0]) {
		md_text_char(text, ' ');
		put_file(text, printer, name, true);
		if (unloaded)
			md_textf(text, " (%S)", module->path);
	} else {
		md_text_char(text, ' ');
		md_module_offset_text(text, printer->modules, frame.module, call_addr(frame));
		put_build_id(text, module);
	}
	md_text_put(text, unloaded ? " [unloaded]\n" : "\n");
}

void md_stack_text(struct md_text *text, const struct md_stack_printer *printer, md_stack_id stack)
{
	struct md_frame frame;
	size_t number = 0;

	for (size_t i = 0; md_stack_store_frame(printer->stacks, stack, i, &frame); i++) {
		struct md_name names[NAMES_MAX];
		size_t name_count = md_names_get(printer->names, frame, names, NAMES_MAX);

		if (name_count > NAMES_MAX)
			name_count = NAMES_MAX;
		if (name_count == 0)
			put_frame(text, printer, number++, frame, NULL);
		for (size_t k = 0; k < name_count; k++)
			put_frame(text, printer, number++, frame, &names[k]);
	}
	if (!number)
		md_text_put(text, "    (no stack was taken)\n");
}

bool md_module_is_system(const char *path)
{
	static const char *const starts[] = { "libc.so", "libc-2", "libstdc++.so", "libc++.so", "libc++abi.so", "libgcc_s.so", "libm.so",
		"libpthread.so", "libpthread-2", "ld-linux", "ld-2", "libmalloc_debug.so" };
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (strncmp(file, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* std::vector and friends are compiled into the program, but nobody looks for the mistake there. */
bool md_file_is_system(const char *path)
{
	return strstr(path, "/include/c++/") || strstr(path, "/c++/v1/");
}

/* Ranks: a source line of the program; a frame in a module of the program; any frame. */
bool md_stack_site_find(const struct md_stack_printer *printer, md_stack_id stack, struct md_frame *site, struct md_name *site_name)
{
	static const struct md_name no_name = { .function = "", .file = "" };
	struct md_frame frame;
	int best = 0;

	for (size_t i = 0; best < 3 && md_stack_store_frame(printer->stacks, stack, i, &frame); i++) {
		struct md_name names[NAMES_MAX];
		size_t name_count = md_names_get(printer->names, frame, names, NAMES_MAX);
		bool system = md_module_is_system(md_modules_get(printer->modules, frame.module)->path);
		const struct md_name *pick = NULL;

		if (name_count > NAMES_MAX)
			name_count = NAMES_MAX;
		for (size_t k = 0; k < name_count && !pick; k++)
			if (names[k].file[0] && !md_file_is_system(names[k].file))
				pick = &names[k];
		int rank = system ? 1 : pick ? 3 : frame.module != MD_MODULE_NONE ? 2 : 1;

		if (rank <= best)
			continue;
		best = rank;
		*site = frame;
		*site_name = pick ? *pick : name_count ? names[0] : no_name;
	}
	return best > 0;
}

void md_stack_site_text(struct md_text *text, const struct md_stack_printer *printer, md_stack_id stack)
{
	struct md_frame site = { 0 };
	struct md_name name = { .function = "", .file = "" };

	if (!stack.value) {
		md_text_put(text, "no stack");
		return;
	}
	if (!md_stack_site_find(printer, stack, &site, &name)) {
		md_textf(text, "stack %u", stack.value);
		return;
	}
	if (name.file[0])
		put_file(text, printer, &name, false);
	else
		md_module_offset_text(text, printer->modules, site.module, call_addr(site));
	if (name.function[0])
		md_textf(text, " in %S", name.function);
}
