/* SPDX-License-Identifier: MIT */
#include "runtime/stack_names.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "runtime/entry.h"

/* As C has them: others are patterns for files. */
static bool is_name(const char *text)
{
	if (!*text || (*text >= '0' && *text <= '9'))
		return false;
	while ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') || (*text >= '0' && *text <= '9') || *text == '_')
		text++;
	return !*text;
}

static void add(struct md_stack_filter *filter, const char *name)
{
	void *found = dlsym(RTLD_DEFAULT, name);
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	if (found && dladdr1(found, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol && symbol->st_size)
		md_stack_filter_add_function(filter, (uintptr_t)found, (uintptr_t)found + symbol->st_size);
}

static void find(struct md_stack_filter *filter, const char *list)
{
	char names[MD_OPTION_TEXT_MAX], *rest = names;

	if (!list[0])
		return;
	struct md_thread *self = md_entry_begin(); /* what the loader allocates for us is not the program's */

	memcpy(names, list, sizeof names);
	for (char *name; (name = rest);) {
		size_t length = strcspn(name, ",");

		rest = name[length] ? name + length + 1 : NULL;
		name[length] = '\0';
		if (is_name(name))
			add(filter, name);
	}
	if (self)
		md_entry_end(self);
}

void md_stack_names_find(void)
{
	if (md_process.options.guard)
		find(&md_process.heap.guard.filter, md_process.options.guard_stacks);
	find(&md_process.heap.failures.filter, md_process.options.fail_stack);
}
