/* SPDX-License-Identifier: MIT */
#include "runtime/cxx.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include "runtime/modules.h"

/* What of a module's dynamic section we look at. */
struct dynamic {
	const ElfW(Sym) *symbols;
	const char *strings;
	size_t strings_bytes;
	const uint32_t *gnu_hash;
	const uint32_t *sysv_hash;
	bool needs_cxx_library;
};

static uintptr_t in_module(const struct md_object *object, uintptr_t addr)
{
	/* glibc relocates most entries of a loaded dynamic section in place, but not those of the vdso. */
	return addr >= object->begin && addr < object->end ? addr : addr + object->bias;
}

static bool find_dynamic(const struct md_object *object, struct dynamic *dynamic)
{
	const ElfW(Ehdr) *header = (const void *)object->begin;
	const ElfW(Dyn) *entries = NULL;

	memset(dynamic, 0, sizeof *dynamic);
	if (object->end - object->begin < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG))
		return false;
	const ElfW(Phdr) *segment = (const void *)(object->begin + header->e_phoff);

	for (unsigned i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_DYNAMIC)
			entries = (const void *)(segment[i].p_vaddr + object->bias);
	if (!entries)
		return false;
	for (const ElfW(Dyn) *entry = entries; entry->d_tag != DT_NULL; entry++) {
		uintptr_t addr = in_module(object, entry->d_un.d_ptr);

		if (entry->d_tag == DT_SYMTAB)
			dynamic->symbols = (const void *)addr;
		else if (entry->d_tag == DT_STRTAB)
			dynamic->strings = (const void *)addr;
		else if (entry->d_tag == DT_STRSZ)
			dynamic->strings_bytes = entry->d_un.d_val;
		else if (entry->d_tag == DT_GNU_HASH)
			dynamic->gnu_hash = (const void *)addr;
		else if (entry->d_tag == DT_HASH)
			dynamic->sysv_hash = (const void *)addr;
	}
	if (!dynamic->symbols || !dynamic->strings)
		return false;
	for (const ElfW(Dyn) *entry = entries; entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_NEEDED && entry->d_un.d_val < dynamic->strings_bytes) {
			const char *name = dynamic->strings + entry->d_un.d_val;

			if (!strncmp(name, "libstdc++.so", 12) || !strncmp(name, "libc++.so", 9))
				dynamic->needs_cxx_library = true;
		}
	}
	return true;
}

/* The symbol table ends where the string table begins, in every file that a linker in use today writes. */
static size_t symbol_count(const struct dynamic *dynamic)
{
	if (dynamic->sysv_hash)
		return dynamic->sysv_hash[1];
	uintptr_t symbols = (uintptr_t)dynamic->symbols, strings = (uintptr_t)dynamic->strings;

	return strings > symbols ? (strings - symbols) / sizeof(ElfW(Sym)) : 0;
}

static bool contains(uintptr_t begin, uintptr_t end, const char *text)
{
	return begin < end && memmem((const void *)begin, end - begin, text, strlen(text)) != NULL;
}

/* The names of C++ exceptions among a module's constants: C++ code is linked into it. */
static bool mentions_bad_alloc(const struct md_object *object)
{
	const ElfW(Ehdr) *header = (const void *)object->begin;
	const ElfW(Phdr) *segment = (const void *)(object->begin + header->e_phoff);

	for (unsigned i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_LOAD && (segment[i].p_flags & PF_R) &&
			contains(segment[i].p_vaddr + object->bias, segment[i].p_vaddr + object->bias + segment[i].p_filesz, "St9bad_alloc"))
			return true;
	return false;
}

/* Mangled names of operators new, new[], delete, delete[]. */
static bool is_operator(const char *name)
{
	return name[0] == '_' && name[1] == 'Z' && ((name[2] == 'n' && (name[3] == 'w' || name[3] == 'a')) || (name[2] == 'd' && (name[3] == 'l' || name[3] == 'a')));
}

enum md_cxx_binding md_cxx_binding(uintptr_t addr)
{
	struct md_object object;
	struct dynamic dynamic;
	bool imports = false;

	if (!md_object_find(addr, &object) || !find_dynamic(&object, &dynamic))
		return MD_CXX_UNKNOWN;
	const char *slash = strrchr(object.path, '/');

	if (!strncmp(slash ? slash + 1 : object.path, "libc.so", 7)) /* malloc in there is malloc: strdup, getline */
		return MD_CXX_LOADERS;
	size_t count = symbol_count(&dynamic);

	for (size_t i = 0; i < count; i++) {
		const ElfW(Sym) *symbol = &dynamic.symbols[i];

		if (symbol->st_name >= dynamic.strings_bytes || !is_operator(dynamic.strings + symbol->st_name))
			continue;
		if (symbol->st_shndx != SHN_UNDEF)
			return MD_CXX_OWN; /* defined here, whoever else the loader may prefer */
		imports = true;
	}
	if (imports)
		return MD_CXX_LOADERS;
	/* It asks nobody for an operator. C++ all the same? Then it has its own, hidden. */
	return mentions_bad_alloc(&object) || dynamic.needs_cxx_library ? MD_CXX_OWN : MD_CXX_UNKNOWN;
}
