/* SPDX-License-Identifier: MIT
 *
 * The symbol helper: `malloc-debug symbolizer`, started by the library when it prints a report. Reads frames from descriptor 0 and writes
 * the functions, files and lines at them to descriptor 1 (report/symbol_protocol.h), with elfutils' libdwfl.
 *
 * Every module is laid out at the addresses its file counts with, so that the process needs to tell no mapping. A file counts only if its
 * build-id is the one that was loaded: names from a program that was rebuilt meanwhile would be wrong ones. Debug information may be in the
 * file, in a separate file (.gnu_debuglink, /usr/lib/debug/.build-id), or on a debuginfod server when DEBUGINFOD_URLS is set; without any,
 * the symbol table gives the function.
 *
 * libdw finds functions by scanning a compilation unit's tree from its top for each address, and units only by .debug_aranges, which clang
 * does not write. Hence the sorted tables here: units of a module, functions of a unit, each built when first needed.
 *
 * Files are the program's and may be crafted: loops are bounded, and a crash or an endless loop inside a library costs only the names not
 * yet sent, because answers leave one by one and the process that asks has a time limit (ours ends a little after it, by SIGALRM).
 */
#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/symbol_protocol.h"
#include "tools/commands.h"

enum {
	SCOPES_MAX = 256,    /* functions inlined into each other at one address */
	TREE_DEPTH_MAX = 64, /* namespaces, classes and blocks inside each other */
};

struct range {
	Dwarf_Addr low, high;
	Dwarf_Addr reach; /* highest `high` of this row and all before it: where a search backwards may stop */
	size_t item;      /* number of the unit or function */
};

/* Address ranges, sorted by low once complete. Ranges may overlap: functions folded by the linker, functions inside functions. */
struct range_table {
	struct range *rows;
	size_t count, room;
};

struct unit {
	Dwarf_Die line_die; /* owns the line table */
	Dwarf_Die tree;     /* owns the functions; another one only in split DWARF */
	Dwarf_Die *functions;
	size_t function_count, function_room;
	struct range_table function_ranges;
	bool indexed;
};

struct module {
	struct module *next;
	char *path;
	uint8_t build_id[MD_BUILD_ID_MAX];
	uint8_t build_id_bytes;

	Dwfl *dwfl;
	Dwfl_Module *dwfl_module; /* NULL: no usable file */
	Dwarf_Addr elf_bias;      /* libdwfl's address less the file's */
	Dwarf_Addr dwarf_bias;    /* libdwfl's address less the debug information's */
	struct unit *units;
	size_t unit_count, unit_room;
	struct range_table unit_ranges;
};

/* Entries of one answer, and the strings made for them. */
struct answer {
	struct md_name entries[SCOPES_MAX];
	size_t entry_count;
	char *owned[2 * SCOPES_MAX];
	size_t owned_count;
};

static struct module *modules;
static char first_problem[MD_SYMBOL_NOTE_MAX + 1];
static unsigned problem_count;

/* --- Range tables --------------------------------------------------------- */

/* Makes room for one more item of an array. False when memory ends: what was found so far must do. */
static bool grow(void **items, size_t count, size_t *room, size_t item_bytes)
{
	if (count < *room)
		return true;
	size_t wanted = *room ? *room * 2 : 64;
	void *moved = reallocarray(*items, wanted, item_bytes);
	if (!moved)
		return false;
	*items = moved;
	*room = wanted;
	return true;
}

/* Adds the ranges of a DIE as item number `item`. */
static void add_ranges(struct range_table *table, Dwarf_Die *die, size_t item)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t offset = 0;

	while ((offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0) {
		if (low >= high)
			continue;
		if (!grow((void **)&table->rows, table->count, &table->room, sizeof table->rows[0]))
			return;
		table->rows[table->count++] = (struct range){ .low = low, .high = high, .item = item };
	}
}

static int compare_ranges(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return a->high != b->high ? (a->high > b->high ? -1 : 1) : 0; /* the wider first: a search backwards meets the narrower one */
}

static void sort_ranges(struct range_table *table)
{
	Dwarf_Addr reach = 0;

	if (table->count)
		qsort(table->rows, table->count, sizeof table->rows[0], compare_ranges);
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].high > reach)
			reach = table->rows[i].high;
		table->rows[i].reach = reach;
	}
}

/* The range that contains addr and begins last, or NULL. */
static const struct range *find_range(const struct range_table *table, Dwarf_Addr addr)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->rows[middle].low <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 0 && table->rows[low - 1].reach > addr) {
		low--;
		if (table->rows[low].high > addr)
			return &table->rows[low];
	}
	return NULL;
}

/* --- Units and functions -------------------------------------------------- */

static void list_units(struct module *module, Dwarf *dwarf)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die, split;
	uint8_t type;

	while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, &split) == 0) {
		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue; /* types and shared pieces have no addresses */
		if (!grow((void **)&module->units, module->unit_count, &module->unit_room, sizeof module->units[0]))
			break;
		module->units[module->unit_count] = (struct unit){
			.line_die = die,
			.tree = type == DW_UT_skeleton && split.addr ? split : die,
		};
		add_ranges(&module->unit_ranges, &die, module->unit_count++);
	}
	sort_ranges(&module->unit_ranges);
}

/* Collects the functions below a DIE that have code. */
static void list_functions(struct unit *unit, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	if (depth > TREE_DEPTH_MAX || dwarf_child(parent, &die) != 0)
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			if (dwarf_hasattr(&die, DW_AT_low_pc) || dwarf_hasattr(&die, DW_AT_ranges)) {
				if (!grow((void **)&unit->functions, unit->function_count, &unit->function_room, sizeof unit->functions[0]))
					return;
				unit->functions[unit->function_count] = die;
				add_ranges(&unit->function_ranges, &die, unit->function_count++);
			}
			__attribute__((fallthrough)); /* local classes have methods, and GNU C has functions inside functions */
		case DW_TAG_lexical_block:
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
			list_functions(unit, &die, depth + 1);
			break;
		default:
			break;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

static struct unit *find_unit(struct module *module, Dwarf_Addr addr)
{
	const struct range *range = find_range(&module->unit_ranges, addr);

	if (!range)
		return NULL;
	struct unit *unit = &module->units[range->item];
	if (!unit->indexed) {
		unit->indexed = true;
		list_functions(unit, &unit->tree, 0);
		sort_ranges(&unit->function_ranges);
	}
	return unit;
}

/* Fills scopes with the function at addr and those inlined there, outermost first. Returns how many. */
static size_t find_scopes(struct unit *unit, Dwarf_Addr addr, Dwarf_Die *scopes)
{
	const struct range *range = find_range(&unit->function_ranges, addr);
	size_t count = 0;

	if (!range)
		return 0;
	Dwarf_Die die = unit->functions[range->item], child;
	scopes[count++] = die;
	/* Each turn goes one level down, to the one child that contains addr. */
	for (unsigned depth = 0; depth < 4 * SCOPES_MAX && dwarf_child(&die, &child) == 0; depth++) {
		bool found = false;

		do {
			int tag = dwarf_tag(&child);

			found = (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block || tag == DW_TAG_try_block ||
					tag == DW_TAG_catch_block) &&
				dwarf_haspc(&child, addr) == 1;
		} while (!found && dwarf_siblingof(&child, &child) == 0);
		if (!found)
			break;
		die = child;
		if (dwarf_tag(&die) == DW_TAG_inlined_subroutine) {
			if (count == SCOPES_MAX)
				break;
			scopes[count++] = die;
		}
	}
	return count;
}

/* --- Names ---------------------------------------------------------------- */

/* Hands an allocated string over to the answer. */
static const char *own(struct answer *answer, char *string)
{
	if (!string)
		return NULL;
	if (answer->owned_count == sizeof answer->owned / sizeof answer->owned[0]) {
		free(string);
		return NULL;
	}
	answer->owned[answer->owned_count++] = string;
	return string;
}

/* A C++ name as people write it; the name itself if it is none. The C++ library is only loaded if there is such a name. */
static const char *demangle(struct answer *answer, const char *name)
{
	static char *(*cxa_demangle)(const char *, char *, size_t *, int *);
	static bool looked;
	int status;

	if (strncmp(name, "_Z", 2) != 0)
		return name;
	if (!looked) {
		void *library = dlopen("libstdc++.so.6", RTLD_LAZY);

		if (!library)
			library = dlopen("libc++abi.so.1", RTLD_LAZY);
		if (library)
			*(void **)&cxa_demangle = dlsym(library, "__cxa_demangle");
		looked = true;
	}
	const char *demangled = cxa_demangle ? own(answer, cxa_demangle(name, NULL, NULL, &status)) : NULL;
	return demangled ? demangled : name;
}

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
static const char *qualify(struct answer *answer, Dwarf_Die *die, const char *name)
{
	Dwarf_Die origin = follow_origin(*die), *parents;
	int parent_count = dwarf_getscopes_die(&origin, &parents); /* innermost first, the DIE itself included */
	char text[MD_SYMBOL_TEXT_MAX + 1] = "";
	size_t length = 0;

	for (int i = parent_count - 1; i > 0; i--) {
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
	if (parent_count > 0)
		free(parents);
	if (length == 0 || length + strlen(name) >= sizeof text)
		return name;
	strcpy(text + length, name);
	const char *qualified = own(answer, strdup(text));
	return qualified ? qualified : name;
}

/* Whether names of the unit have namespaces. */
static bool is_cxx(struct unit *unit)
{
	switch (dwarf_srclang(&unit->tree)) {
	case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C_plus_plus_14:
		return true; /* what compilers write for later standards too, up to DWARF 5 */
	default:
		return false;
	}
}

static const char *find_linkage_name(Dwarf_Die *die)
{
	const char *name = find_string(die, DW_AT_linkage_name);

	return name ? name : find_string(die, DW_AT_MIPS_linkage_name);
}

/* Name of a function's DIE, looked for in what it is an instance of too. */
static const char *name_function(struct answer *answer, struct unit *unit, Dwarf_Die *die)
{
	const char *linkage = find_linkage_name(die);

	if (linkage && strncmp(linkage, "_Z", 2) == 0)
		return demangle(answer, linkage);
	const char *name = find_string(die, DW_AT_name); /* the source's, where the linker's is just another label */
	if (name && !linkage && is_cxx(unit))
		return qualify(answer, die, name);
	return name ? name : linkage ? linkage : "";
}

/* Name of a function from the symbol table, or "". */
static const char *name_symbol(struct module *module, struct answer *answer, Dwarf_Addr addr)
{
	GElf_Off offset;
	GElf_Sym symbol;
	const char *name = dwfl_module_addrinfo(module->dwfl_module, addr, &offset, &symbol, NULL, NULL, NULL);

	if (!name || !*name)
		return "";
	int type = GELF_ST_TYPE(symbol.st_info);
	if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
		return "";
	return demangle(answer, name);
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
static const char *name_file(struct answer *answer, Dwarf_Die *unit_die, const char *file)
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
	const char *owned = own(answer, path);
	return owned ? owned : "";
}

/* Where an inlined function was called: file, line and column of its call site. */
static void name_call_site(struct answer *answer, struct unit *unit, Dwarf_Die *inlined, struct md_name *name)
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
static void name_line(struct answer *answer, struct unit *unit, Dwarf_Addr addr, struct md_name *name)
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

/* Entries for the code at an address of the file. */
static void name_address(struct module *module, Dwarf_Addr file_addr, struct answer *answer)
{
	Dwarf_Addr addr = file_addr + module->elf_bias;
	Dwarf_Addr dwarf_addr = addr - module->dwarf_bias;
	struct unit *unit = find_unit(module, dwarf_addr);
	Dwarf_Die scopes[SCOPES_MAX];
	size_t scope_count = 0;
	struct md_name place = { .function = "", .file = "" };

	if (unit) {
		name_line(answer, unit, dwarf_addr, &place);
		scope_count = find_scopes(unit, dwarf_addr, scopes);
	}
	/* Innermost first. Each but the innermost is where the one before it was called. */
	while (scope_count > 0) {
		Dwarf_Die *scope = &scopes[--scope_count];

		place.function = name_function(answer, unit, scope);
		if (scope_count == 0 && !(*place.function && find_linkage_name(scope))) {
			const char *symbol = name_symbol(module, answer, addr);

			/* GCC gives lambdas no linkage name; the symbol table says in which function each is. */
			if (!*place.function || (is_cxx(unit) && strchr(symbol, '(')))
				place.function = symbol;
		}
		answer->entries[answer->entry_count++] = place;
		if (scope_count > 0) {
			place = (struct md_name){ .function = "", .file = "" };
			name_call_site(answer, unit, scope, &place);
		}
	}
	if (answer->entry_count == 0) {
		place.function = name_symbol(module, answer, addr);
		if (*place.function || *place.file)
			answer->entries[answer->entry_count++] = place;
	}
}

/* --- Modules -------------------------------------------------------------- */

/* Whether the module libdwfl opened is the one asked for. */
static bool is_same_build(Dwfl_Module *dwfl_module, const struct module *module)
{
	const unsigned char *bits;
	GElf_Addr addr;

	if (module->build_id_bytes == 0)
		return true; /* nothing to compare with */
	int bytes = dwfl_module_build_id(dwfl_module, &bits, &addr);
	/* The process keeps at most MD_BUILD_ID_MAX bytes of a longer one. */
	return (bytes == module->build_id_bytes || (bytes > MD_BUILD_ID_MAX && module->build_id_bytes == MD_BUILD_ID_MAX)) &&
		memcmp(bits, module->build_id, module->build_id_bytes) == 0;
}

/* Opens a file as the module. Returns NULL, or what is wrong with the file. */
static const char *open_file(struct module *module, const char *path)
{
	static char *debuginfo_path; /* NULL: libdwfl's own, which has .debug beside the file and /usr/lib/debug */
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
		.debuginfo_path = &debuginfo_path,
	};
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* of a FIFO or device somebody put there, only to be refused */

	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return "not a regular file";
	}
	Dwfl *dwfl = dwfl_begin(&callbacks);
	if (!dwfl) {
		close(fd);
		return "not enough memory";
	}
	dwfl_report_begin(dwfl);
	Dwfl_Module *dwfl_module = dwfl_report_elf(dwfl, path, path, fd, 0, true);
	if (!dwfl_module)
		close(fd); /* otherwise libdwfl's */
	dwfl_report_end(dwfl, NULL, NULL);

	const char *problem = NULL;
	if (!dwfl_module || !dwfl_module_getelf(dwfl_module, &module->elf_bias))
		problem = "cannot be read as an ELF file";
	else if (!is_same_build(dwfl_module, module))
		problem = "is not the file that was loaded (its build-id differs)";
	if (problem) {
		dwfl_end(dwfl);
		return problem;
	}
	module->dwfl = dwfl;
	module->dwfl_module = dwfl_module;
	return NULL;
}

/* A file that was replaced or removed may have left its debug file, which has the same addresses. */
static bool open_debug_file(struct module *module)
{
	char path[sizeof "/usr/lib/debug/.build-id/" + 2 * MD_BUILD_ID_MAX + sizeof "/.debug"];
	size_t length = (size_t)sprintf(path, "/usr/lib/debug/.build-id/");

	if (module->build_id_bytes < 2)
		return false;
	for (size_t i = 0; i < module->build_id_bytes; i++)
		length += (size_t)sprintf(path + length, "%s%02x", i == 1 ? "/" : "", module->build_id[i]);
	strcpy(path + length, ".debug");
	return open_file(module, path) == NULL;
}

static void open_module(struct module *module)
{
	const char *problem = open_file(module, module->path);

	if (problem && !open_debug_file(module)) {
		if (problem_count++ == 0)
			snprintf(first_problem, sizeof first_problem, "%s: %s", module->path, problem);
		return;
	}
	Dwarf *dwarf = dwfl_module_getdwarf(module->dwfl_module, &module->dwarf_bias);
	if (dwarf)
		list_units(module, dwarf);
}

/* The module a request means, opened. NULL when memory ends. */
static struct module *find_module(const struct md_symbol_request *request)
{
	struct module *module;

	for (module = modules; module; module = module->next) {
		if (strlen(module->path) == request->path_bytes && memcmp(module->path, request->path, request->path_bytes) == 0 &&
			module->build_id_bytes == request->build_id_bytes &&
			memcmp(module->build_id, request->build_id, request->build_id_bytes) == 0)
			return module;
	}
	module = calloc(1, sizeof *module);
	if (!module)
		return NULL;
	module->path = strndup(request->path, request->path_bytes);
	if (!module->path) {
		free(module);
		return NULL;
	}
	memcpy(module->build_id, request->build_id, request->build_id_bytes);
	module->build_id_bytes = request->build_id_bytes;
	module->next = modules;
	modules = module;
	open_module(module);
	return module;
}

/* --- Conversation --------------------------------------------------------- */

/* Writes all of a message. False when nobody listens any more. */
static bool send_message(const void *message, size_t bytes)
{
	const char *at = message;

	while (bytes > 0) {
		ssize_t written = write(STDOUT_FILENO, at, bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		at += written;
		bytes -= (size_t)written;
	}
	return true;
}

static bool answer_request(const struct md_symbol_request *request)
{
	static char message[MD_SYMBOL_REPLY_MAX];
	static struct answer answer;

	answer.entry_count = 0;
	/* The vdso and the like have no file. A return address is after the call; the byte before it is inside. */
	if (memchr(request->path, '/', request->path_bytes) && request->address > 0) {
		struct module *module = find_module(request);

		if (module && module->dwfl_module)
			name_address(module, request->address - 1, &answer);
	}
	bool sent = send_message(
		message, md_symbol_reply_answer(request->index, answer.entries, answer.entry_count, message, sizeof message));
	while (answer.owned_count > 0)
		free(answer.owned[--answer.owned_count]);
	return sent;
}

/* Says which modules could not be used. */
static bool send_problems(void)
{
	char message[MD_SYMBOL_NOTE_MAX + 64], note[sizeof first_problem + 32];

	if (problem_count == 0)
		return true;
	int length = snprintf(note, sizeof note, "%s", first_problem);
	if (problem_count > 1)
		snprintf(note + length, sizeof note - (size_t)length, " (and %u more)", problem_count - 1);
	return send_message(message, md_symbol_reply_note(note, message, sizeof message));
}

/* Keeps servers and endless loops from outliving the interest in the answers. */
static void limit_time(uint32_t timeout_ms)
{
	char seconds[16];

	alarm(timeout_ms / 1000 + 2);
	snprintf(seconds, sizeof seconds, "%" PRIu32, timeout_ms / 3000 + 1);
	setenv("DEBUGINFOD_TIMEOUT", seconds, 0); /* 0: what the user has set stays */
	setenv("DEBUGINFOD_MAXTIME", seconds, 0);
	unsetenv("DEBUGINFOD_PROGRESS");
}

static bool serve(const struct md_symbol_request *request)
{
	char message[64];

	switch (request->kind) {
	case MD_SYMBOL_HELLO:
		limit_time(request->timeout_ms);
		return send_message(message, md_symbol_reply_hello(message, sizeof message)) && request->version == MD_SYMBOL_VERSION;
	case MD_SYMBOL_ASK:
		return answer_request(request);
	default:
		return send_problems() && send_message(message, md_symbol_reply_done(message, sizeof message));
	}
}

int md_cmd_symbolizer(int argc, char **argv)
{
	static char buffer[2 * MD_SYMBOL_REQUEST_MAX];
	size_t filled = 0;

	(void)argv;
	if (argc > 1 || isatty(STDIN_FILENO)) {
		fputs("malloc-debug symbolizer: this is started by the library to find symbol names; it takes no arguments\n", stderr);
		return 2;
	}
	/* A terminal sends these to the program and to us alike; what the program does with them is its affair. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 }); /* a core of ours would be taken for the program's */

	for (;;) {
		struct md_symbol_request request;
		long taken = md_symbol_request_parse(&request, buffer, filled);

		if (taken < 0)
			return 1;
		if (taken > 0) {
			if (!serve(&request))
				return 1;
			if (request.kind == MD_SYMBOL_END)
				return 0;
			filled -= (size_t)taken;
			memmove(buffer, buffer + taken, filled);
			continue;
		}
		ssize_t got = read(STDIN_FILENO, buffer + filled, sizeof buffer - filled);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 1;
		filled += (size_t)got;
	}
}
