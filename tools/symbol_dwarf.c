/* SPDX-License-Identifier: MIT
 *
 * Names and places from debug information, read by libdw.
 */
#include "tools/symbol_dwarf.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/symbol_protocol.h"

enum { PARENTS_MAX = 64 }; /* namespaces and classes of one name */

static const char *find_string(Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Attribute found;

	return dwarf_formstring(dwarf_attr_integrate(die, attribute, &found));
}

/* The DIE that a concrete or inlined instance stands for, and then the one it is declared by: that one's parents are its namespaces. */
static Dwarf_Die follow_origin(Dwarf_Die die)
{
	static const unsigned links[] = { DW_AT_abstract_origin, DW_AT_specification };
	Dwarf_Attribute attribute;
	Dwarf_Die next;

	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
		if (dwarf_formref_die(dwarf_attr(&die, links[i], &attribute), &next))
			die = next;
	}
	return die;
}

/* Puts namespaces and classes before the name of a C++ function that has no linkage name (functions no linker sees). */
static const char *qualify(struct md_symbol_answer *answer, struct md_symbol_units *units, Dwarf_Die *die, const char *name)
{
	Dwarf_Die origin = follow_origin(*die), parents[PARENTS_MAX];
	char text[MD_SYMBOL_TEXT_MAX + 1] = "";
	size_t length = 0;

	for (size_t i = md_symbol_unit_parents(units, &origin, parents, PARENTS_MAX); i-- > 0;) {
		int tag = dwarf_tag(&parents[i]);
		const char *part = dwarf_diename(&parents[i]);

		if (tag != DW_TAG_namespace && tag != DW_TAG_class_type && tag != DW_TAG_structure_type && tag != DW_TAG_union_type)
			continue;
		if (!part)
			part = tag == DW_TAG_namespace ? "(anonymous namespace)" : "(anonymous class)";
		if (length + strlen(part) + 2 >= sizeof text)
			break;
		length += (size_t)sprintf(text + length, "%s::", part);
	}
	if (length == 0 || length + strlen(name) >= sizeof text)
		return name;
	strcpy(text + length, name);
	const char *qualified = md_symbol_own(answer, strdup(text));
	return qualified ? qualified : name;
}

static const char *find_linkage_name(Dwarf_Die *die)
{
	const char *name = find_string(die, DW_AT_linkage_name);

	return name ? name : find_string(die, DW_AT_MIPS_linkage_name);
}

/* Name of a function's DIE, looked for in what it is an instance of too. */
static const char *name_function(
	struct md_symbol_answer *answer, struct md_symbol_units *units, const struct md_symbol_unit *unit, Dwarf_Die *die)
{
	const char *linkage = find_linkage_name(die);

	if (linkage && strncmp(linkage, "_Z", 2) == 0)
		return md_symbol_demangle(answer, linkage);
	const char *name = find_string(die, DW_AT_name); /* the source's, where the linker's is just another label */
	if (name && !linkage && unit->is_cxx)
		return qualify(answer, units, die, name);
	return name ? name : linkage ? linkage : "";
}

/* Takes "/./" and "//" out of a path; ".." stays, because links may make it mean something else. */
static void squeeze_path(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		if (from[0] == '/' && from[1] == '/')
			from++;
		else if (from[0] == '/' && from[1] == '.' && from[2] == '/')
			from += 2;
		else
			*to++ = *from++;
	}
	*to = '\0';
}

/* Path of a source file. libdw has joined it with the folder the compiler ran in where it could; a relative folder, as reproducible builds
 * have, would add nothing. */
static const char *name_file(struct md_symbol_answer *answer, Dwarf_Die *unit_die, const char *file)
{
	const char *folder = NULL;
	Dwarf_Attribute attribute;
	char *path;

	if (!file || strcmp(file, "???") == 0) /* libdw's word for an entry it cannot read */
		return "";
	if (file[0] != '/')
		folder = dwarf_formstring(dwarf_attr(unit_die, DW_AT_comp_dir, &attribute));
	if (folder && folder[0] != '/')
		folder = NULL;
	if (asprintf(&path, "%s%s%s", folder ? folder : "", folder ? "/" : "", file) < 0)
		return file;
	squeeze_path(path);
	const char *owned = md_symbol_own(answer, path);
	return owned ? owned : "";
}

/* Where an inlined function was called: file, line and column of its call site. */
static void name_call_site(struct md_symbol_answer *answer, struct md_symbol_unit *unit, Dwarf_Die *inlined, struct md_name *name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	Dwarf_Files *files;
	size_t file_count;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &value) == 0)
		name->line = (uint32_t)value;
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_column, &attribute), &value) == 0)
		name->column = (uint32_t)value;
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &value) == 0 &&
		dwarf_getsrcfiles(&unit->tree, &files, &file_count) == 0 && value < file_count)
		name->file = name_file(answer, &unit->line_die, dwarf_filesrc(files, value, NULL, NULL));
}

/* Place in the source of the code at addr. */
static void name_line(struct md_symbol_answer *answer, struct md_symbol_unit *unit, Dwarf_Addr addr, struct md_name *name)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->line_die, addr);
	int number = 0, column = 0;

	if (!line)
		return;
	dwarf_lineno(line, &number);
	dwarf_linecol(line, &column);
	name->line = number > 0 ? (uint32_t)number : 0;
	name->column = column > 0 ? (uint32_t)column : 0;
	name->file = name_file(answer, &unit->line_die, dwarf_linesrc(line, NULL, NULL));
}

void md_symbol_dwarf_name(struct md_symbol_units *units, Dwarf_Addr addr, struct md_symbol_answer *answer, struct md_symbol_doubt *doubt)
{
	struct md_symbol_unit *unit = md_symbol_unit_find(units, addr);
	Dwarf_Die scopes[MD_SYMBOL_SCOPES_MAX];
	struct md_name place = { .function = "", .file = "" };

	*doubt = (struct md_symbol_doubt){ 0 };
	if (!unit)
		return;
	name_line(answer, unit, addr, &place);
	size_t scope_count = md_symbol_unit_scopes(unit, addr, scopes);
	if (scope_count == 0 && *place.file) {
		doubt->has_no_function = true;
		answer->entries[answer->entry_count++] = place;
	}
	/* Innermost first. Each but the innermost is where the one before it was called. */
	while (scope_count > 0) {
		Dwarf_Die *scope = &scopes[--scope_count];

		place.function = name_function(answer, units, unit, scope);
		if (scope_count == 0) {
			doubt->has_no_function = !*place.function;
			/* GCC gives lambdas no linkage name; the symbol table says in which function each is. */
			doubt->may_be_lambda = unit->is_cxx && !find_linkage_name(scope);
		}
		answer->entries[answer->entry_count++] = place;
		if (scope_count > 0) {
			place = (struct md_name){ .function = "", .file = "" };
			name_call_site(answer, unit, scope, &place);
		}
	}
}
