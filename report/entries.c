/* SPDX-License-Identifier: MIT */
#include "report/entries.h"

#include <string.h>

#define NAMES_MAX 32 /* functions inlined into one another at one frame; deeper ones are rare and lose the outermost */

static const char *strip(const struct md_stack_printer *printer, const char *file)
{
	size_t prefix = printer->strip_path ? strlen(printer->strip_path) : 0;

	if (!prefix || strncmp(file, printer->strip_path, prefix) != 0)
		return file;
	/* What is left is relative, whether the prefix was given with its slash or without. */
	return file[prefix] == '/' && file[prefix - 1] != '/' ? file + prefix + 1 : file + prefix;
}

static struct md_entry make_entry(const struct md_stack_printer *printer, struct md_frame frame, const struct md_name *name)
{
	const struct md_module *module = md_modules_get(printer->modules, frame.module);
	uintptr_t addr = frame.pc ? frame.pc - 1 : 0;

	return (struct md_entry){
		.addr = addr,
		.module = frame.module == MD_MODULE_NONE ? "" : module->path,
		.build_id = module->build_id,
		.build_id_bytes = module->build_id_bytes < MD_BUILD_ID_MAX ? module->build_id_bytes : MD_BUILD_ID_MAX,
		.offset = addr - module->bias,
		.unloaded = frame.module != MD_MODULE_NONE && atomic_load_explicit(&module->unloaded, memory_order_relaxed),
		.function = name ? name->function : "",
		.file = name ? strip(printer, name->file) : "",
		.line = name ? name->line : 0,
		.column = name ? name->column : 0,
		.inlined = name && name->inlined,
		.is_system = md_module_is_system(module->path) || (name && md_file_is_system(name->file)),
	};
}

/* *visited rises by one for each. Returns whether more is wanted. */
static bool visit_frame(
	const struct md_stack_printer *printer, struct md_frame frame, md_entry_visit *visit, void *context, size_t *visited)
{
	struct md_name names[NAMES_MAX];
	size_t name_count = md_names_get(printer->names, frame, names, NAMES_MAX);

	for (size_t k = 0; k < (name_count ? name_count : 1); k++) {
		struct md_entry entry = make_entry(printer, frame, name_count ? &names[k] : NULL);

		(*visited)++;
		if (!visit(context, &entry))
			return false;
	}
	return true;
}

size_t md_entries_of_frame(const struct md_stack_printer *printer, struct md_frame frame, md_entry_visit *visit, void *context)
{
	size_t visited = 0;

	visit_frame(printer, frame, visit, context, &visited);
	return visited;
}

size_t md_entries_visit(const struct md_stack_printer *printer, md_stack_id stack, md_entry_visit *visit, void *context)
{
	struct md_frame frame;
	size_t visited = 0;

	for (size_t i = 0; md_stack_store_frame(printer->stacks, stack, i, &frame); i++)
		if (!visit_frame(printer, frame, visit, context, &visited))
			break;
	return visited;
}

bool md_entries_site(const struct md_stack_printer *printer, md_stack_id stack, struct md_entry *site)
{
	struct md_name name = { .function = "", .file = "" };
	struct md_frame frame;

	if (!stack.value || !md_stack_site_find(printer, stack, &frame, &name))
		return false;
	*site = make_entry(printer, frame, &name);
	return true;
}
