/* SPDX-License-Identifier: MIT */
#include "runtime/calls_version.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include "runtime/modules.h"

/* What of a module's dynamic section we look at. */
struct imports {
	const ElfW(Sym) *symbols;
	const char *strings;
	const ElfW(Half) *versions;
	const ElfW(Verneed) *needs;
	size_t need_count, symbol_count;
};

static bool find_imports(const struct md_object *object, struct imports *imports)
{
	const ElfW(Ehdr) *header = (const void *)object->begin;

	memset(imports, 0, sizeof *imports);
	if (object->end - object->begin < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG))
		return false;
	const ElfW(Phdr) *segment = (const void *)(object->begin + header->e_phoff);
	const ElfW(Dyn) *entry = NULL;

	for (unsigned i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_DYNAMIC)
			entry = (const void *)(segment[i].p_vaddr + object->bias);
	for (; entry && entry->d_tag != DT_NULL; entry++) {
		uintptr_t addr = entry->d_un.d_ptr;

		if (addr < object->begin)
			addr += object->bias;
		if (entry->d_tag == DT_SYMTAB)
			imports->symbols = (const void *)addr;
		else if (entry->d_tag == DT_STRTAB)
			imports->strings = (const void *)addr;
		else if (entry->d_tag == DT_VERSYM)
			imports->versions = (const void *)addr;
		else if (entry->d_tag == DT_VERNEED)
			imports->needs = (const void *)addr;
		else if (entry->d_tag == DT_VERNEEDNUM)
			imports->need_count = entry->d_un.d_val;
	}
	/* The symbol table ends where the string table begins, in every file that a linker in use today writes. */
	if (imports->symbols && (uintptr_t)imports->strings > (uintptr_t)imports->symbols)
		imports->symbol_count = ((uintptr_t)imports->strings - (uintptr_t)imports->symbols) / sizeof *imports->symbols;
	return imports->symbol_count && imports->versions && imports->needs;
}

/* Name of the version with that number, or "". */
static const char *version_name(const struct imports *imports, unsigned number)
{
	const ElfW(Verneed) *need = imports->needs;

	for (size_t i = 0; i < imports->need_count; i++) {
		const ElfW(Vernaux) *version = (const void *)((const char *)need + need->vn_aux);

		for (unsigned j = 0; j < need->vn_cnt; j++) {
			if ((version->vna_other & 0x7fff) == number)
				return imports->strings + version->vna_name;
			version = (const void *)((const char *)version + version->vna_next);
		}
		need = (const void *)((const char *)need + need->vn_next);
	}
	return "";
}

bool md_calls_may_overlap(const char *function, uintptr_t pc)
{
	struct md_object object;
	struct imports imports;

	if (strcmp(function, "memcpy") != 0 || !md_object_find(pc, &object) || !find_imports(&object, &imports))
		return false;
	for (size_t i = 1; i < imports.symbol_count; i++)
		if (imports.symbols[i].st_shndx == SHN_UNDEF && !strcmp(imports.strings + imports.symbols[i].st_name, function) &&
			!strcmp(version_name(&imports, imports.versions[i] & 0x7fff), "GLIBC_2.2.5"))
			return true;
	return false;
}
