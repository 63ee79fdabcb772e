/* SPDX-License-Identifier: MIT
 *
 * dlopen with RTLD_DEEPBIND: such a module looks names up in itself and its own dependencies first, so its malloc and free are the C
 * library's, while what the C library allocates for it (strdup, getline) comes from us. Freed by the module, such a block ends the process:
 * no allocator knows another's.
 *
 * How   After the real dlopen, each reference of the new modules to a function of ours that was bound to the C library, or to the C++
 *       library, is bound to ours, as it would be without the flag; all other names stay as the flag has them. What the modules'
 *       constructors allocated before that is the C library's, and is handed on when it is freed (foreign.c).
 * Limit   dlopen searches the RUNPATH of its caller, so it is called from here only when that makes no difference. Otherwise, and for every
 *       other dlopen, the wrapper jumps to the real one and leaves no frame; a module opened by name through its opener's RUNPATH keeps its
 *       bindings.
 *
 * Locking   none of ours. Lists of modules are walked inside dl_iterate_phdr, which holds the loader's.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/modules.h"
#include "runtime/process.h"
#include "runtime/syscall.h"
#include "src/os.h"

#if defined(__x86_64__)
#define RELOCATION_DATA R_X86_64_GLOB_DAT
#define RELOCATION_CALL R_X86_64_JUMP_SLOT
#define RELOCATION_ADDRESS R_X86_64_64
#elif defined(__aarch64__)
#define RELOCATION_DATA R_AARCH64_GLOB_DAT
#define RELOCATION_CALL R_AARCH64_JUMP_SLOT
#define RELOCATION_ADDRESS R_AARCH64_ABS64
#endif

static const char *const names[] = {
	"malloc", "calloc", "realloc", "reallocarray", "free", "cfree", "free_sized", "free_aligned_sized", "aligned_alloc", "memalign", "posix_memalign",
	"valloc", "pvalloc", "malloc_usable_size", "_Znwm", "_Znam", "_ZnwmRKSt9nothrow_t", "_ZnamRKSt9nothrow_t", "_ZnwmSt11align_val_t",
	"_ZnamSt11align_val_t", "_ZnwmSt11align_val_tRKSt9nothrow_t", "_ZnamSt11align_val_tRKSt9nothrow_t", "_ZdlPv", "_ZdaPv", "_ZdlPvm", "_ZdaPvm",
	"_ZdlPvRKSt9nothrow_t", "_ZdaPvRKSt9nothrow_t", "_ZdlPvSt11align_val_t", "_ZdaPvSt11align_val_t", "_ZdlPvmSt11align_val_t",
	"_ZdaPvmSt11align_val_t", "_ZdlPvSt11align_val_tRKSt9nothrow_t", "_ZdaPvSt11align_val_tRKSt9nothrow_t",
};

#define NAMES (sizeof names / sizeof names[0])

struct rebinding {
	const struct link_map *first; /* the module opened; those loaded with it come after it */
	uintptr_t ours[NAMES];   /* 0: the program's is not ours, so it stays */
	uintptr_t theirs[NAMES]; /* what the new module's own scope has */
};

static uintptr_t page_down(uintptr_t addr)
{
	return addr & ~(uintptr_t)(MD_PAGE_BYTES - 1);
}

/* Range that the loader makes read-only after relocation. */
static void find_relro(const struct md_object *object, uintptr_t *begin, uintptr_t *end)
{
	const ElfW(Ehdr) *header = (const void *)object->begin;
	const ElfW(Phdr) *segment = (const void *)(object->begin + header->e_phoff);

	*begin = *end = 0;
	for (unsigned i = 0; i < header->e_phnum; i++) {
		if (segment[i].p_type == PT_GNU_RELRO) {
			*begin = page_down(segment[i].p_vaddr + object->bias);
			*end = page_down(segment[i].p_vaddr + segment[i].p_memsz + object->bias);
		}
	}
}

/* A module of the language's, not of the program's: only bindings to these are changed. */
static bool is_system_library(uintptr_t addr)
{
	struct md_object object;

	if (!md_object_find(addr, &object))
		return false;
	const char *slash = strrchr(object.path, '/'), *name = slash ? slash + 1 : object.path;

	return !strncmp(name, "libc.so", 7) || !strncmp(name, "libstdc++.so", 12) || !strncmp(name, "libc++.so", 9) || !strncmp(name, "libc++abi.so", 12);
}

static void bind(const struct rebinding *rebinding, const struct md_object *object, uintptr_t *slot, const char *name)
{
	uintptr_t bound = *slot, relro_begin, relro_end;
	size_t i = 0;

	while (i < NAMES && strcmp(names[i], name) != 0)
		i++;
	if (i == NAMES || !rebinding->ours[i])
		return;
	if (bound >= object->begin && bound < object->end) /* not called yet: the slot leads back into the module */
		bound = rebinding->theirs[i];
	if (!is_system_library(bound))
		return;
	find_relro(object, &relro_begin, &relro_end);
	uintptr_t page = page_down((uintptr_t)slot);
	bool read_only = page >= relro_begin && page < relro_end;

	if (read_only && md_syscall3(SYS_mprotect, (long)page, MD_PAGE_BYTES, PROT_READ | PROT_WRITE) != 0)
		return;
	__atomic_store_n(slot, rebinding->ours[i], __ATOMIC_RELEASE);
	if (read_only)
		md_syscall3(SYS_mprotect, (long)page, MD_PAGE_BYTES, PROT_READ);
}

static void rebind_table(const struct rebinding *rebinding, const struct md_object *object, uintptr_t table, size_t bytes, const ElfW(Sym) *symbols,
	const char *strings)
{
	const ElfW(Rela) *rows = (const void *)table;

	for (size_t i = 0; table && i < bytes / sizeof *rows; i++) {
		unsigned type = (unsigned)ELF64_R_TYPE(rows[i].r_info);
		const ElfW(Sym) *symbol = &symbols[ELF64_R_SYM(rows[i].r_info)];

		if ((type == RELOCATION_DATA || type == RELOCATION_CALL || (type == RELOCATION_ADDRESS && !rows[i].r_addend)) &&
			symbol->st_shndx == SHN_UNDEF)
			bind(rebinding, object, (uintptr_t *)(object->bias + rows[i].r_offset), strings + symbol->st_name);
	}
}

static void rebind_module(const struct rebinding *rebinding, const struct link_map *map)
{
	uintptr_t symbols = 0, strings = 0, table = 0, calls = 0;
	size_t table_bytes = 0, calls_bytes = 0;
	struct md_object object;

	if (!md_object_find((uintptr_t)map->l_ld, &object))
		return;
	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
		/* The loader has made addresses of most of these; not of the vdso's. */
		uintptr_t addr = entry->d_un.d_ptr >= object.begin ? entry->d_un.d_ptr : entry->d_un.d_ptr + object.bias;

		if (entry->d_tag == DT_SYMTAB)
			symbols = addr;
		else if (entry->d_tag == DT_STRTAB)
			strings = addr;
		else if (entry->d_tag == DT_RELA)
			table = addr;
		else if (entry->d_tag == DT_RELASZ)
			table_bytes = entry->d_un.d_val;
		else if (entry->d_tag == DT_JMPREL)
			calls = addr;
		else if (entry->d_tag == DT_PLTRELSZ)
			calls_bytes = entry->d_un.d_val;
	}
	if (!symbols || !strings)
		return;
	rebind_table(rebinding, &object, table, table_bytes, (const void *)symbols, (const void *)strings);
	rebind_table(rebinding, &object, calls, calls_bytes, (const void *)symbols, (const void *)strings);
}

static int rebind_all(struct dl_phdr_info *info, size_t bytes, void *argument)
{
	const struct rebinding *rebinding = argument;

	(void)info;
	(void)bytes;
	for (const struct link_map *map = rebinding->first; map; map = map->l_next)
		rebind_module(rebinding, map);
	return 1;
}

typedef void *dlopen_function(const char *, int);

static __attribute__((noinline)) void *open_deepbind(dlopen_function *next, const char *file, int mode)
{
	struct rebinding rebinding;
	void *known = next(file, RTLD_LAZY | RTLD_NOLOAD);
	void *handle = next(file, mode);

	if (known) /* bound when it was loaded, with the flag or without */
		dlclose(known);
	if (known || !handle)
		return handle;
	rebinding.first = handle; /* glibc: a handle is the module's entry in the list */
	for (size_t i = 0; i < NAMES; i++) {
		uintptr_t found = (uintptr_t)dlsym(RTLD_DEFAULT, names[i]);

		rebinding.ours[i] = found >= md_process.library_begin && found < md_process.library_end ? found : 0;
		rebinding.theirs[i] = (uintptr_t)dlsym(handle, names[i]);
	}
	dl_iterate_phdr(rebind_all, &rebinding);
	dlerror(); /* of names that are nowhere: not the program's */
	return handle;
}

/* Whether a dlopen from our frame finds what one from the caller's does. */
static bool may_open_here(const char *file, const void *caller)
{
	struct md_object object;

	if (!file || strchr(file, '$') || !md_object_find((uintptr_t)caller, &object))
		return false;
	if (strchr(file, '/'))
		return true;
	struct dl_find_object found;

	if (_dl_find_object((void *)caller, &found) != 0)
		return false;
	for (const ElfW(Dyn) *entry = found.dlfo_link_map->l_ld; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_RUNPATH || entry->d_tag == DT_RPATH)
			return false;
	return true;
}

__attribute__((optimize("optimize-sibling-calls"))) MD_EXPORT void *dlopen(const char *file, int mode)
{
	dlopen_function *next = (dlopen_function *)dlsym(RTLD_NEXT, "dlopen");

	if (!next)
		return NULL;
	if (md_unlikely(mode & RTLD_DEEPBIND) && md_mode_is(MD_MODE_ACTIVE) && may_open_here(file, __builtin_return_address(0)))
		return open_deepbind(next, file, mode);
	return next(file, mode); /* a jump: glibc looks at who called */
}
