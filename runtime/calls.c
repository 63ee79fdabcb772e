/* SPDX-License-Identifier: MIT */
#include "runtime/calls.h"

#include <elf.h>
#include <err.h>
#include <errno.h>
#include <link.h>
#include <sys/auxv.h>

#include "runtime/calls_own.h"
#include "runtime/calls_start.h"
#include "runtime/calls_version.h"
#include "runtime/entry.h"
#include "runtime/unwind.h"
#include "src/guard.h"
#include "src/os.h"

struct md_calls_real md_calls_real;

/* --- where calls go ----------------------------------------------------------- */

/* Each wrapper is entered by a few instructions that change no register but a scratch one, so that nothing is lost on the way to a function
 * of which only the name is the same. */
#define CALL(type, name, parameters, arguments, before, after) CALL_OWN(type, name, parameters)
#define CALL_VOID(name, parameters, arguments, before, after) CALL_OWN(void, name, parameters)
#define CALL_EARLY(type, name, parameters, arguments, before, after) CALL_OWN(type, name, parameters)

/* Where a wrapper jumps to at once: NULL while it looks at its arguments itself. */
#define CALL_OWN(type, name, parameters) \
	extern void *md_direct_##name; \
	void *md_direct_##name;
#include "runtime/calls.def"
#undef CALL_OWN

#if defined(__x86_64__)
#define JUMP(name) \
	"	movq md_direct_" #name "(%rip), %r11\n" \
	"	testq %r11, %r11\n" \
	"	jz md_check_" #name "\n" \
	"	jmp *%r11\n"
#elif defined(__aarch64__)
#define JUMP(name) \
	"	adrp x16, md_direct_" #name "\n" \
	"	ldr x16, [x16, #:lo12:md_direct_" #name "]\n" \
	"	cbz x16, 1f\n" \
	"	br x16\n" \
	"1:	b md_check_" #name "\n"
#endif
#define CALL_OWN(type, name, parameters) \
	__asm__(".pushsection .text.md_wrap, \"ax\", %progbits\n" \
		"	.p2align 4\n" \
		"	.globl md_wrap_" #name "\n" \
		"	.type md_wrap_" #name ", %function\n" \
		"md_wrap_" #name ":\n" \
		"	.cfi_startproc\n" JUMP(name) "	.cfi_endproc\n" \
		"	.size md_wrap_" #name ", . - md_wrap_" #name "\n" \
		".popsection\n");
#include "runtime/calls.def"
#undef CALL_OWN

struct row {
	const char *name;
	void **direct;
};

#define CALL_OWN(type, name, parameters) { #name, &md_direct_##name },
static const struct row rows[] = {
#include "runtime/calls.def"
};
#undef CALL_OWN

#define ROWS (sizeof rows / sizeof rows[0])
_Static_assert(sizeof md_calls_real == ROWS * sizeof(void *), "one pointer for each row");

static void **real_of(size_t row)
{
	return (void **)&md_calls_real + row;
}

/* --- finding the real ones ---------------------------------------------------- */

/* What a look-up needs of a module. */
struct module {
	uintptr_t bias;
	const ElfW(Sym) *symbols;
	const char *strings;
	const ElfW(Half) *versions; /* NULL where there are none */
	const uint32_t *hash;       /* DT_GNU_HASH; NULL: nothing can be found here */
	bool is_libc;
};

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static bool begins_with(const char *text, const char *start)
{
	while (*start)
		if (*text++ != *start++)
			return false;
	return true;
}

static bool is_libc_path(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	return begins_with(name, "libc.so") || begins_with(name, "libpthread.so") || begins_with(name, "ld-linux");
}

static struct module read_module(const struct link_map *map)
{
	struct module module = { .bias = map->l_addr, .is_libc = is_libc_path(map->l_name) };

	if (begins_with(map->l_name, "linux-vdso")) /* in no scope */
		return module;
	for (const ElfW(Dyn) *entry = map->l_ld; entry && entry->d_tag != DT_NULL; entry++) {
		uintptr_t addr = entry->d_un.d_ptr;

		if (addr < map->l_addr) /* the loader relocates most dynamic sections in place */
			addr += map->l_addr;
		if (entry->d_tag == DT_SYMTAB)
			module.symbols = (const void *)addr;
		else if (entry->d_tag == DT_STRTAB)
			module.strings = (const void *)addr;
		else if (entry->d_tag == DT_VERSYM)
			module.versions = (const void *)addr;
		else if (entry->d_tag == DT_GNU_HASH)
			module.hash = (const void *)addr;
	}
	return module;
}

static bool is_equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static void *address_of(const struct module *module, const ElfW(Sym) *symbol)
{
	uintptr_t addr = module->bias + symbol->st_value;

	if (ELF64_ST_TYPE(symbol->st_info) != STT_GNU_IFUNC)
		return (void *)addr;
#if defined(__aarch64__)
	struct {
		unsigned long size, hwcap, hwcap2;
	} capabilities = { sizeof capabilities, getauxval(AT_HWCAP), getauxval(AT_HWCAP2) };

	return ((void *(*)(unsigned long, void *))addr)(capabilities.hwcap | 1ul << 62, &capabilities);
#else
	return ((void *(*)(void))addr)();
#endif
}

/* The definition that a reference without a version gets; NULL if there is none. */
static void *find_in(const struct module *module, const char *name, uint32_t hash)
{
	uint32_t buckets = module->hash[0], first = module->hash[1], words = module->hash[2], shift = module->hash[3];
	const uint64_t *bloom = (const uint64_t *)(module->hash + 4);
	const uint32_t *bucket = (const uint32_t *)(bloom + words), *chain = bucket + buckets;
	uint64_t bits = bloom[hash / 64 % words];

	if (!(bits >> hash % 64 & bits >> (hash >> shift) % 64 & 1) || !buckets)
		return NULL;
	for (uint32_t i = bucket[hash % buckets]; i >= first; i++) {
		const ElfW(Sym) *symbol = &module->symbols[i];
		uint32_t found = chain[i - first];

		if ((found | 1) == (hash | 1) && symbol->st_shndx != SHN_UNDEF && symbol->st_value &&
			is_equal(module->strings + symbol->st_name, name) && (!module->versions || !(module->versions[i] & 0x8000)))
			return address_of(module, symbol);
		if (found & 1)
			break;
	}
	return NULL;
}

/* Of a name that is defined before the C library comes, we know nothing: calls go there as they would without us. */
static void look_into(const struct module *module, const uint32_t *hashes)
{
	if (!module->hash || !module->symbols || !module->strings)
		return;
	for (size_t i = 0; i < ROWS; i++) {
		if (*real_of(i) || (*rows[i].direct && !module->is_libc))
			continue;
		void *found = find_in(module, rows[i].name, hashes[i]);

		if (!found)
			continue;
		if (module->is_libc)
			*real_of(i) = found;
		else
			*rows[i].direct = found;
	}
}

static void *relocated = &relocated; /* what the loader makes of it */

bool md_calls_resolve(void)
{
	static bool done;
	uint32_t hashes[ROWS];
	bool behind_us = false;

	if (done)
		return true;
	if (*(void *volatile *)&relocated != (void *)&relocated)
		return false;
	for (size_t i = 0; i < ROWS; i++)
		hashes[i] = hash_of(rows[i].name);
	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next) {
		if (behind_us) {
			struct module module = read_module(map);

			look_into(&module, hashes);
		}
		behind_us |= map->l_ld == _DYNAMIC;
	}
	/* A program that copies onto itself gets what it would with a memcpy that does not mind: the report has said so. */
	md_calls_real.memcpy = md_calls_real.memmove;
	if (!md_calls_real.strlcpy)
		md_calls_real.strlcpy = md_plain_strlcpy;
	if (!md_calls_real.strlcat)
		md_calls_real.strlcat = md_plain_strlcat;
	done = true;
	return true;
}

#define FIRST_PROCESS_ROW (offsetof(struct md_calls_real, system) / sizeof(void *))

static void stand_back(size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!*rows[i].direct)
			*rows[i].direct = *real_of(i);
}

void md_calls_stand_back(void)
{
	stand_back(ROWS);
}

void md_calls_switch_off(void)
{
	stand_back(FIRST_PROCESS_ROW);
}

/* --- reporting ---------------------------------------------------------------- */

static bool was_told(const struct md_calls_scope *scope, const void *pointer)
{
	for (unsigned i = 0; i < scope->told_count; i++)
		if (scope->told[i] == pointer)
			return true;
	return scope->told_all;
}

static void note_told(struct md_calls_scope *scope, const void *pointer)
{
	if (scope->told_count < MD_CALLS_TOLD)
		scope->told[scope->told_count++] = pointer;
}

#define OPENED_PAGES_MAX 1024

/* Guard pages in the way of a call would end it by a fault, or by EFAULT. */
static void open_guards(uintptr_t begin, uintptr_t end)
{
	uintptr_t page = begin & ~(uintptr_t)(MD_PAGE_BYTES - 1);

	for (unsigned i = 0; i < OPENED_PAGES_MAX && page < end; i++, page += MD_PAGE_BYTES)
		if (md_guard_is_guard(&md_process.heap, page))
			md_guard_open(&md_process.heap, page);
}

#define DATA_PAGES_MAX 16 /* of a guarded block, and more */

/* A string that does not end in its block is read on through slack, or the rest of a freed block, to a guard page: that reads as zero then,
 * and ends it. */
static void open_next_guard(uintptr_t begin)
{
	uintptr_t page = (begin | (MD_PAGE_BYTES - 1)) + 1;

	for (unsigned i = 0; i < DATA_PAGES_MAX; i++, page += MD_PAGE_BYTES) {
		if (md_guard_is_guard(&md_process.heap, page)) {
			md_guard_open(&md_process.heap, page);
			return;
		}
	}
}

void md_calls_open_string(const void *string)
{
	uintptr_t begin = (uintptr_t)string, page_end = (begin | (MD_PAGE_BYTES - 1)) + 1;

	open_guards(begin, begin + 1);
	if (!md_page_map_zone(&md_process.heap.map, begin) || md_guard_is_guard(&md_process.heap, begin))
		return; /* not ours to open, or refused */
	if (!md_calls_real.memchr(string, 0, page_end - begin))
		open_next_guard(begin);
}

#define AROUND_BYTES 64 /* vector instructions read from an aligned place before what they are asked for on */

/* The thread may go on and do it: no fault, and no look at the bytes, has to say it again. */
static void excuse(struct md_calls_scope *scope, uintptr_t begin, size_t bytes, enum md_access_kind kind)
{
	uintptr_t end = bytes > UINTPTR_MAX - AROUND_BYTES - begin ? UINTPTR_MAX - AROUND_BYTES : begin + bytes;

	if (kind != MD_ACCESS_READ) {
		if (scope->damage_begin == scope->damage_end || begin < scope->damage_begin)
			scope->damage_begin = begin;
		if (end > scope->damage_end)
			scope->damage_end = end;
	}
	if (scope->told_count <= 1 || begin < scope->excused_begin)
		scope->excused_begin = begin;
	if (scope->told_count <= 1 || end > scope->excused_end)
		scope->excused_end = end;
	open_guards(begin, end);
	if (kind == MD_ACCESS_READ)
		open_next_guard(end - 1);
	if (md_self)
		md_access_excuse(md_self, scope->excused_begin - AROUND_BYTES, scope->excused_end + AROUND_BYTES);
}

static void report(struct md_calls_scope *scope, enum md_error error, uintptr_t first_bad, const struct md_block_view *block,
	const struct md_access *access)
{
	int saved = errno;
	struct md_thread *self = md_entry_begin();

	if (!self)
		return;
	struct md_call call = { .api = MD_API_NONE, .stack = md_unwind_capture(self, scope->frame) };

	md_access_add_error(&md_process.heap, self, error, first_bad, block, access, &call);
	md_entry_end(self);
	note_told(scope, (const void *)access->addr);
	errno = saved;
}

static bool is_looked_at(void)
{
	return md_mode_is(MD_MODE_ACTIVE) && (!md_self || !md_self->busy);
}

void md_calls_bad(struct md_calls_scope *scope, enum md_access_kind kind, const void *pointer, size_t bytes)
{
	struct md_access access = { .addr = (uintptr_t)pointer, .bytes = bytes, .function = scope->function, .kind = kind };
	struct md_block_view block;
	uintptr_t first_bad;

	if (!is_looked_at() || was_told(scope, pointer) || (scope->told_count && (ssize_t)bytes < 0))
		return;
	if (md_self && md_self->accesses_told != scope->told_before + scope->told_count) /* by a fault during the call: it was this */
		return;
	enum md_error error = md_access_judge(&md_process.heap, access.addr, bytes, &block, &first_bad);

	if (error == MD_ERROR_NONE)
		return;
	report(scope, error, first_bad, &block, &access);
	excuse(scope, access.addr, bytes, kind);
}

void md_calls_maybe(struct md_calls_scope *scope, enum md_access_kind kind, const void *pointer, size_t bytes)
{
	size_t room = md_calls_room(pointer);

	if (room == 0)
		md_calls_bad(scope, kind, pointer, bytes);
	else if (room < bytes && is_looked_at())
		open_guards((uintptr_t)pointer + room, bytes > UINTPTR_MAX - (uintptr_t)pointer ? UINTPTR_MAX : (uintptr_t)pointer + bytes);
}

void md_calls_clear(const void *pointer, size_t bytes)
{
	if (is_looked_at())
		open_guards((uintptr_t)pointer, bytes > UINTPTR_MAX - (uintptr_t)pointer ? UINTPTR_MAX : (uintptr_t)pointer + bytes);
}

void md_calls_later(const void *string, size_t unit)
{
	size_t room = md_calls_room(string);
	const struct md_zone *zone = room == MD_ACCESS_ROOM_OTHER ? NULL : md_page_map_zone(&md_process.heap.map, (uintptr_t)string);

	if (zone && zone->guards && is_looked_at() && !md_calls_string_good(string, room, SIZE_MAX, unit))
		open_next_guard((uintptr_t)string + room);
}

/* An error that is not one of a single range: access.addr is what the report names. */
static void report_parameter(struct md_calls_scope *scope, enum md_error error, const struct md_access *access)
{
	struct md_block_view block;

	md_access_describe(&md_process.heap, access->addr, &block);
	report(scope, error, access->addr, &block, access);
}

#define NEGATIVE_REACH 512 /* bytes around its begin that a copy of negative size may have written: 8 vectors */

void md_calls_bad_size(struct md_calls_scope *scope, const void *pointer, size_t size)
{
	struct md_access access = { .addr = (uintptr_t)pointer, .bytes = size, .function = scope->function, .kind = MD_ACCESS_UNKNOWN };

	if (!is_looked_at() || was_told(scope, pointer))
		return;
	report_parameter(scope, MD_ERROR_NEGATIVE_SIZE_PARAM, &access);
	if (!scope->told_count)
		return;
	/* It faults soon, or does some of it at both ends, which come close as addresses wrap around. */
	scope->told_all = true;
	scope->damage_begin = access.addr - NEGATIVE_REACH;
	scope->damage_end = access.addr + NEGATIVE_REACH;
	md_access_excuse(md_self, 0, UINTPTR_MAX);
}

void md_calls_bad_overlap(struct md_calls_scope *scope, enum md_error error, const void *to, size_t to_bytes, const void *from,
	size_t from_bytes)
{
	struct md_access access = {
		.addr = (uintptr_t)to,
		.bytes = to_bytes,
		.function = scope->function,
		.kind = MD_ACCESS_WRITE,
		.source = (uintptr_t)from,
		.source_bytes = from_bytes,
	};

	if (!is_looked_at() || was_told(scope, to))
		return;
	if (error == MD_ERROR_MEMCPY_PARAM_OVERLAP && md_calls_may_overlap(scope->function, scope->frame[1]))
		return;
	report_parameter(scope, error, &access);
}

void md_calls_mend(struct md_calls_scope *scope)
{
	int saved = errno;
	struct md_thread *self = md_entry_begin();

	if (!self)
		return;
	md_access_excuse(self, 0, 0);
	md_access_mend(&md_process.heap, self, scope->damage_begin, scope->damage_end);
	md_entry_end(self);
	errno = saved;
}
