/* SPDX-License-Identifier: MIT
 *
 * Files of modules. Every module is laid out at the addresses its file counts with, so that the process needs to tell no mapping. A file
 * counts only if its build-id is the one that was loaded: names from a program that was rebuilt meanwhile would be wrong ones.
 *
 * libdwfl opens the file and reads symbol tables. Debug information may be in the file or in a separate one: /usr/lib/debug/.build-id,
 * .gnu_debuglink, or on a debuginfod server when DEBUGINFOD_URLS is set. These places are looked at here, because libdwfl's own search
 * loads the client for such servers, with thirty libraries, to find out that none is set.
 */
#include "tools/symbol_file.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "tools/symbol_dwarf.h"
#include "tools/symbol_inflate.h"
#include "tools/symbol_table.h"

#define DEBUG_FOLDER "/usr/lib/debug"

struct md_symbol_file {
	struct md_symbol_file *next;
	char *path;
	uint8_t build_id[MD_BUILD_ID_MAX];
	uint8_t build_id_bytes;

	Dwfl_Module *module; /* NULL: no usable file */
	Dwarf_Addr elf_bias; /* libdwfl's address less the file's */
	char *debug_path;    /* of the separate debug file; NULL: none */
	int debug_fd;        /* -1: none */

	struct md_symbol_table *symbols; /* made when first needed */
	bool symbols_read;
	struct md_symbol_units *units; /* NULL: no debug information */
	Dwarf_Addr dwarf_bias;         /* the debug information's address less the file's; not 0 only for files changed by prelink */
};

static const char *folders[MD_SYMBOL_FOLDERS_MAX]; /* beside DEBUG_FOLDER */
static size_t folder_count;
static bool asks_debuginfod;

static struct md_symbol_file *files;
static char first_problem[MD_SYMBOL_NOTE_MAX + 1];
static unsigned problem_count;

/* --- Sections --------------------------------------------------------------- */

/* The section of that name with contents, or NULL. */
static Elf_Scn *find_section(Elf *elf, const char *wanted)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		const char *name = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;

		if (name && strcmp(name, wanted) == 0 && header.sh_type != SHT_NOBITS)
			return section;
	}
	return NULL;
}

/* Whether a file has lines and functions itself. */
static bool has_debug_information(Elf *elf)
{
	return find_section(elf, ".debug_info") || find_section(elf, ".zdebug_info");
}

/* The name of the debug file that .gnu_debuglink says, and its check sum; NULL if it says none. */
static const char *read_debug_link(Elf *elf, GElf_Word *crc)
{
	Elf_Scn *section = find_section(elf, ".gnu_debuglink");
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;

	if (!data || !data->d_buf)
		return NULL;
	size_t length = strnlen(data->d_buf, data->d_size), at = (length + 1 + 3) & ~(size_t)3;
	if (length == 0 || at + sizeof *crc > data->d_size)
		return NULL;
	memcpy(crc, (const char *)data->d_buf + at, sizeof *crc);
	return data->d_buf;
}

/* --- Debug files ------------------------------------------------------------ */

/* Opens a path without being held up by a FIFO or device that somebody put there. Returns -1, with errno (0: no regular file). */
static int open_regular(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
		close(fd);
		errno = 0;
		return -1;
	}
	return fd;
}

/* Path of the debug file that has the module's build-id for a name; NULL without one. Allocated. */
static char *build_id_path(const struct md_symbol_file *file, const char *folder)
{
	char digits[2 * MD_BUILD_ID_MAX + 1], *path;

	if (file->build_id_bytes < 2)
		return NULL;
	for (size_t i = 0; i < file->build_id_bytes; i++)
		sprintf(digits + 2 * i, "%02x", file->build_id[i]);
	return asprintf(&path, "%s/.build-id/%.2s/%s.debug", folder, digits, digits + 2) < 0 ? NULL : path;
}

/* What debuginfod-find says: the path of a file that it fetched. NULL if it has none. Allocated. */
static char *fetch_path(const struct md_symbol_file *file)
{
	char digits[2 * MD_BUILD_ID_MAX + 1], path[4096];
	size_t filled = 0;
	ssize_t got;
	int pipes[2], status;
	pid_t pid;

	if (file->build_id_bytes < 2 || pipe2(pipes, O_CLOEXEC) != 0)
		return NULL;
	for (size_t i = 0; i < file->build_id_bytes; i++)
		sprintf(digits + 2 * i, "%02x", file->build_id[i]);
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		execlp("debuginfod-find", "debuginfod-find", "debuginfo", digits, (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	while (pid > 0 && filled < sizeof path - 1 && (got = read(pipes[0], path + filled, sizeof path - 1 - filled)) > 0)
		filled += (size_t)got;
	close(pipes[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return NULL;
	path[filled] = '\0';
	path[strcspn(path, "\n")] = '\0';
	return path[0] == '/' ? strdup(path) : NULL;
}

/* The index-th place beside the module's own path where its file or its debug file may be: false behind the last. *path is allocated, or NULL
 * if this place is none for the file; *trusted: what lies there under this name is the right one. */
static bool find_place(const struct md_symbol_file *file, size_t index, char **path, bool *trusted)
{
	static const char *const shapes[] = { "%s%s", "%s%s.debug", "%s/%s", "%s/%s.debug" }; /* with the path, and with the name */
	const size_t each = 1 + sizeof shapes / sizeof shapes[0];
	size_t folder = index / each, shape = index % each;
	const char *slash = strrchr(file->path, '/');

	*path = NULL;
	*trusted = false;
	if (folder < folder_count) {
		if (shape == 0)
			*path = build_id_path(file, folders[folder]);
		else if (asprintf(path, shapes[shape - 1], folders[folder], shape <= 2 ? file->path : slash ? slash + 1 : file->path) < 0)
			*path = NULL;
		return true;
	}
	index -= folder_count * each;
	*trusted = true;
	if (index == 0)
		*path = build_id_path(file, DEBUG_FOLDER);
	else if (index == 1 && asks_debuginfod)
		*path = fetch_path(file);
	return index <= 1;
}

/* Whether the debug file at fd has the build-id of the module, or, where either has none, the check sum of the link. */
static bool is_debug_file(const struct md_symbol_file *file, int fd, GElf_Word crc)
{
	struct stat status;
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	const void *bits;
	ssize_t bytes = elf ? dwelf_elf_gnu_build_id(elf, &bits) : -1;
	bool same = bytes > 0 && (size_t)(bytes < MD_BUILD_ID_MAX ? bytes : MD_BUILD_ID_MAX) == file->build_id_bytes &&
		memcmp(bits, file->build_id, file->build_id_bytes) == 0;

	elf_end(elf);
	if (bytes > 0 && file->build_id_bytes > 0)
		return same;
	if (fstat(fd, &status) != 0 || status.st_size == 0)
		return false;
	void *all = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (all == MAP_FAILED)
		return false;
	same = crc32_z(0, all, (size_t)status.st_size) == crc;
	munmap(all, (size_t)status.st_size);
	return same;
}

/* Looks for the linked debug file beside the file, in .debug there, and in the system's folder of debug files. */
static int open_linked(struct md_symbol_file *file, const char *path, const char *link, GElf_Word crc)
{
	static const char *const places[][2] = { { "", "/" }, { "", "/.debug/" }, { DEBUG_FOLDER, "/" } };
	char *real = realpath(path, NULL); /* the folder that a symbolic link to the file lies in means nothing */
	const char *slash = real ? strrchr(real, '/') : NULL;
	int fd = -1;

	for (size_t i = 0; slash && fd < 0 && i < sizeof places / sizeof places[0]; i++) {
		char *candidate;

		if (asprintf(&candidate, "%s%.*s%s%s", places[i][0], (int)(slash - real), real, places[i][1], link) < 0)
			break;
		/* The link may name the file itself, which was stripped later. */
		fd = strcmp(candidate, real) != 0 ? open_regular(candidate) : -1;
		if (fd >= 0 && !is_debug_file(file, fd, crc)) {
			close(fd);
			fd = -1;
		}
		if (fd >= 0)
			file->debug_path = candidate;
		else
			free(candidate);
	}
	free(real);
	return fd;
}

/* Whether a file that is not known by its name is the module's debug file, and has something to say. */
static bool has_debug_file(const struct md_symbol_file *file, int fd, GElf_Word crc)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	bool has = elf && has_debug_information(elf);

	elf_end(elf);
	return has && is_debug_file(file, fd, crc);
}

/* Finds the separate debug file of a file that needs one. */
static void find_debug_file(struct md_symbol_file *file, Elf *elf, const char *path)
{
	GElf_Word crc = 0;
	const char *link = read_debug_link(elf, &crc), *urls = getenv("DEBUGINFOD_URLS");
	char *place;
	bool trusted;

	for (size_t i = 0; find_place(file, i, &place, &trusted); i++) {
		file->debug_fd = place && strcmp(place, path) != 0 ? open_regular(place) : -1;
		if (file->debug_fd >= 0 && !trusted && !has_debug_file(file, file->debug_fd, crc)) {
			close(file->debug_fd);
			file->debug_fd = -1;
		}
		if (file->debug_fd >= 0) {
			file->debug_path = place;
			return;
		}
		free(place);
	}
	if (link)
		file->debug_fd = open_linked(file, path, link, crc);
	if (file->debug_fd < 0 && urls && *urls) {
		void **data;
		Dwarf_Addr start;
		const char *name = dwfl_module_info(file->module, &data, &start, NULL, NULL, NULL, NULL, NULL);

		file->debug_fd = dwfl_standard_find_debuginfo(file->module, data, name, start, path, link, crc, &file->debug_path);
	}
}

/* Asked by libdwfl; what is given to it becomes its own. */
static int give_debug_file(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr start, const char *path, const char *link,
	GElf_Word crc, char **debug_path)
{
	const struct md_symbol_file *file = *data;

	(void)module, (void)name, (void)start, (void)path, (void)link, (void)crc;
	if (!file || file->debug_fd < 0)
		return -1;
	*debug_path = file->debug_path ? strdup(file->debug_path) : NULL;
	return fcntl(file->debug_fd, F_DUPFD_CLOEXEC, 3);
}

/* --- Opening ---------------------------------------------------------------- */

/* Whether the module libdwfl opened is the one asked for. */
static bool is_loaded_build(Dwfl_Module *dwfl_module, const struct md_symbol_file *module)
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

/* Opens a path as the file of the module. Returns NULL, or what is wrong with it. */
static const char *open_path(struct md_symbol_file *file, const char *path)
{
	static char *debuginfo_path; /* NULL: libdwfl's own */
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = give_debug_file,
		.section_address = dwfl_offline_section_address,
		.debuginfo_path = &debuginfo_path,
	};
	int fd = open_regular(path);

	if (fd < 0)
		return errno ? strerror(errno) : "not a regular file";
	Dwfl *dwfl = dwfl_begin(&callbacks);
	if (!dwfl) {
		close(fd);
		return "not enough memory";
	}
	int own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	dwfl_report_begin(dwfl);
	Dwfl_Module *module = dwfl_report_elf(dwfl, path, path, fd, 0, true);
	if (!module)
		close(fd); /* otherwise libdwfl's */
	dwfl_report_end(dwfl, NULL, NULL);

	const char *problem = NULL;
	Elf *elf = module ? dwfl_module_getelf(module, &file->elf_bias) : NULL;
	if (!elf)
		problem = "cannot be read as an ELF file";
	else if (!is_loaded_build(module, file))
		problem = "is not the file that was loaded (its build-id differs)";
	if (problem) {
		dwfl_end(dwfl);
		close(own_fd);
		return problem;
	}
	void **data;
	dwfl_module_info(module, &data, NULL, NULL, NULL, NULL, NULL, NULL);
	*data = file;
	file->module = module;
	bool has_own = has_debug_information(elf);
	if (!has_own)
		find_debug_file(file, elf, path);

	GElf_Ehdr header;
	int dwarf_fd = has_own ? own_fd : file->debug_fd;
	Dwarf *dwarf = dwarf_fd >= 0 ? md_symbol_inflate(dwarf_fd) : NULL;
	if (!dwarf && dwarf_fd >= 0) {
		dwarf = dwfl_module_getdwarf(module, &file->dwarf_bias);
		file->dwarf_bias -= file->elf_bias;
	}
	if (dwarf)
		file->units = md_symbol_units_open(dwarf, gelf_getehdr(elf, &header) ? header.e_entry : 0);
	close(own_fd);
	return NULL;
}

static void open_file(struct md_symbol_file *file)
{
	const char *problem = open_path(file, file->path);

	if (!problem)
		return;
	/* A file that was replaced or removed, or is another machine's, may have left its debug file, which has the same addresses. */
	char *place;
	bool trusted, found = false;
	for (size_t i = 0; !found && find_place(file, i, &place, &trusted); i++) {
		found = place && open_path(file, place) == NULL;
		free(place);
	}
	if (!found && problem_count++ == 0)
		snprintf(first_problem, sizeof first_problem, "%s: %s", file->path, problem);
}

bool md_symbol_file_add_folder(const char *folder)
{
	if (folder_count == MD_SYMBOL_FOLDERS_MAX)
		return false;
	folders[folder_count++] = folder;
	return true;
}

void md_symbol_file_use_debuginfod(void)
{
	asks_debuginfod = true;
}

struct md_symbol_file *md_symbol_file_find(const struct md_symbol_request *request)
{
	struct md_symbol_file *file;

	for (file = files; file; file = file->next) {
		if (strlen(file->path) == request->path_bytes && memcmp(file->path, request->path, request->path_bytes) == 0 &&
			file->build_id_bytes == request->build_id_bytes &&
			memcmp(file->build_id, request->build_id, request->build_id_bytes) == 0)
			return file;
	}
	file = calloc(1, sizeof *file);
	if (!file)
		return NULL;
	file->path = strndup(request->path, request->path_bytes);
	if (!file->path) {
		free(file);
		return NULL;
	}
	memcpy(file->build_id, request->build_id, request->build_id_bytes);
	file->build_id_bytes = request->build_id_bytes;
	file->debug_fd = -1;
	file->next = files;
	files = file;
	open_file(file);
	return file;
}

/* --- Names ------------------------------------------------------------------ */

/* Name of a function from the symbol table, or "". */
static const char *name_symbol(struct md_symbol_file *file, struct md_symbol_answer *answer, Dwarf_Addr addr)
{
	if (!file->symbols_read) {
		file->symbols_read = true;
		file->symbols = md_symbol_table_read(file->module);
	}
	const char *name = md_symbol_table_find(file->symbols, addr + file->elf_bias);
	return name ? md_symbol_demangle(answer, name) : "";
}

void md_symbol_file_name(struct md_symbol_file *file, uint64_t addr, struct md_symbol_answer *answer)
{
	struct md_symbol_doubt doubt = { 0 };

	if (!file->module)
		return;
	if (file->units)
		md_symbol_dwarf_name(file->units, addr - file->dwarf_bias, answer, &doubt);
	if (answer->entry_count == 0) {
		const char *symbol = name_symbol(file, answer, addr);

		if (*symbol)
			answer->entries[answer->entry_count++] = (struct md_name){ .function = symbol, .file = "" };
	} else if (doubt.has_no_function || doubt.may_be_lambda) {
		const char *symbol = name_symbol(file, answer, addr);

		if (doubt.has_no_function || strchr(symbol, '('))
			answer->entries[answer->entry_count - 1].function = symbol;
	}
}

const char *md_symbol_file_problems(void)
{
	static char note[sizeof first_problem + 32];

	if (problem_count == 0)
		return NULL;
	int length = snprintf(note, sizeof note, "%s", first_problem);
	if (problem_count > 1)
		snprintf(note + length, sizeof note - (size_t)length, " (and %u more)", problem_count - 1);
	return note;
}
