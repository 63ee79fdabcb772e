/* SPDX-License-Identifier: MIT
 *
 * The reasons, in the order in which they are looked for: another machine's code or 32 bits; the kernel raises its rights, so that the
 * loader ignores LD_PRELOAD with a slash in it (AT_SECURE); no loader, or another C library's; a malloc of its own, which comes before any
 * library's.
 */
#include "tools/program.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SCRIPTS_MAX 5 /* scripts run by scripts; the kernel stops there too */

#if defined __x86_64__
#define OWN_MACHINE EM_X86_64
#elif defined __aarch64__
#define OWN_MACHINE EM_AARCH64
#else
#error "the machine number of this system is not known"
#endif

static int check_executable(const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return errno;
	return S_ISREG(status.st_mode) && !access(path, X_OK) ? 0 : EACCES;
}

int md_program_find(const char *name, char path[PATH_MAX])
{
	const char *list = getenv("PATH");
	int error = ENOENT;

	if (strchr(name, '/') || !*name) {
		if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX)
			return ENAMETOOLONG;
		return check_executable(name);
	}
	list = list ? list : "/bin:/usr/bin";
	for (;;) {
		size_t length = strcspn(list, ":");
		int needed = snprintf(path, PATH_MAX, "%.*s%s%s", (int)length, list, length ? "/" : "./", name);

		if (needed < PATH_MAX) {
			int this_error = check_executable(path);

			if (!this_error)
				return 0;
			if (this_error == EACCES)
				error = EACCES; /* remembered, but a later folder may do */
		}
		if (!list[length])
			return error;
		list += length + 1;
	}
}

/* If path is a script, writes the program that will run it. A file that is neither ELF nor begins with #! is run by /bin/sh (execvp). */
static bool find_interpreter(int fd, char interpreter[PATH_MAX])
{
	char line[512];
	ssize_t length = pread(fd, line, sizeof line - 1, 0);
	char *word, *save;

	if (length < 4 || !memcmp(line, ELFMAG, SELFMAG)) /* too short to tell: an empty script, or nothing that runs */
		return false;
	line[length] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "#!", 2)) {
		snprintf(interpreter, PATH_MAX, "/bin/sh");
		return true;
	}
	word = strtok_r(line + 2, " \t", &save);
	if (!word)
		return false;

	const char *name = strrchr(word, '/');

	if (name && !strcmp(name, "/env")) { /* env hands everything on: what it starts is what counts */
		char *next = strtok_r(NULL, " \t", &save);

		while (next && (*next == '-' || strchr(next, '=')))
			next = strtok_r(NULL, " \t", &save);
		if (next && !md_program_find(next, interpreter))
			return true;
	}
	snprintf(interpreter, PATH_MAX, "%s", word);
	return true;
}

/* Whether the kernel will set AT_SECURE for it. */
static const char *find_rights(int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		return NULL;
	if ((status.st_mode & S_ISUID) && status.st_uid != getuid())
		return "is setuid";
	if ((status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && status.st_gid != getgid())
		return "is setgid";
	if (getuid() && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return "has file capabilities";
	return NULL;
}

/* Text of the PT_INTERP segment; false if there is none. */
static bool find_loader(Elf *elf, int fd, char loader[PATH_MAX])
{
	size_t count;

	if (elf_getphdrnum(elf, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_INTERP)
			continue;

		ssize_t length = pread(fd, loader, segment.p_filesz < PATH_MAX ? segment.p_filesz : PATH_MAX - 1, (off_t)segment.p_offset);

		loader[length > 0 ? length : 0] = '\0';
		return true;
	}
	return false;
}

static bool defines_malloc(Elf *elf)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNSYM || !header.sh_entsize)
			continue;
		data = elf_getdata(section, NULL);
		for (size_t i = 0; data && i < header.sh_size / header.sh_entsize; i++) {
			GElf_Sym symbol;
			const char *name;

			if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF)
				continue; /* an undefined one with an address is only a call through the linkage table */
			name = elf_strptr(elf, header.sh_link, symbol.st_name);
			if (name && !strcmp(name, "malloc"))
				return true;
		}
	}
	return false;
}

static bool is_glibc_loader(const char *path)
{
	const char *name = strrchr(path, '/');

	return !strncmp(name ? name + 1 : path, "ld-linux", 8);
}

static bool examine_elf(Elf *elf, int fd, const char *path, char obstacle[MD_OBSTACLE_MAX])
{
	char loader[PATH_MAX];
	const char *rights;
	GElf_Ehdr header;

	if (!gelf_getehdr(elf, &header))
		return false;
	if (gelf_getclass(elf) != ELFCLASS64) {
		snprintf(obstacle, MD_OBSTACLE_MAX, "%s is a 32-bit program, and the library is a 64-bit one", path);
		return true;
	}
	if (header.e_machine != OWN_MACHINE) {
		snprintf(obstacle, MD_OBSTACLE_MAX, "%s is built for another machine", path);
		return true;
	}
	rights = find_rights(fd);
	if (rights) {
		snprintf(obstacle, MD_OBSTACLE_MAX, "%s %s, and the loader then ignores LD_PRELOAD", path, rights);
		return true;
	}
	if (!find_loader(elf, fd, loader)) {
		if (is_glibc_loader(path)) /* called by hand, it loads what LD_PRELOAD names */
			return false;
		snprintf(obstacle, MD_OBSTACLE_MAX, "%s is statically linked: nothing can be preloaded into it", path);
		return true;
	}
	if (!is_glibc_loader(loader)) {
		snprintf(obstacle, MD_OBSTACLE_MAX, "%s belongs to another C library (its loader is %s)", path, loader);
		return true;
	}
	if (defines_malloc(elf)) {
		snprintf(obstacle, MD_OBSTACLE_MAX, "%s has a malloc of its own, which is used in place of the library's", path);
		return true;
	}
	return false;
}

bool md_program_obstacle(const char *path, char obstacle[MD_OBSTACLE_MAX])
{
	char current[PATH_MAX], interpreter[PATH_MAX];
	bool found = false;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return false;
	snprintf(current, sizeof current, "%s", path);
	for (int i = 0; i <= SCRIPTS_MAX; i++) {
		int fd = open(current, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return false;
		if (find_interpreter(fd, interpreter)) {
			close(fd);
			memcpy(current, interpreter, sizeof current);
			continue;
		}

		Elf *elf = elf_begin(fd, ELF_C_READ, NULL);

		if (elf && elf_kind(elf) == ELF_K_ELF)
			found = examine_elf(elf, fd, current, obstacle);
		elf_end(elf);
		close(fd);
		return found;
	}
	return false;
}
