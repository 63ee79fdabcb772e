/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "runtime/modules.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/roots.h"
#include "runtime/syscall.h"
#include "src/os.h"

#define MAPS_BYTES ((size_t)16 << 20)   /* the kernel allows 65530 mappings by default; a line has about 100 bytes */
#define EXCLUDED_MAX 65536
#define COPY_BYTES ((size_t)256 << 10)
#define USED_BYTES ((size_t)64 << 20)   /* asked about at a time */
#define USED_MIN ((size_t)1 << 20)      /* smaller ranges are read whole */
#define SPARSE_MAX ((size_t)256 << 30)  /* asking page by page stops here; nobody fills that much */
#define RED_ZONE_BYTES 128                 /* below rsp, that leaf functions may use (System V ABI) */
#define THREAD_BLOCK_BYTES 4096            /* the C library's struct pthread, above the thread pointer; 2304 bytes in glibc 2.36 */
#define REGISTERED_MAX 1024

struct range {
	uintptr_t begin, end;
};

static struct range registered[REGISTERED_MAX];
static _Atomic uint32_t registered_count;

bool md_roots_add(uintptr_t begin, uintptr_t end)
{
	uint32_t at = atomic_load(&registered_count);

	if (at == REGISTERED_MAX || begin >= end)
		return false;
	registered[at] = (struct range){ begin, end };
	atomic_store(&registered_count, at + 1);
	return true;
}

bool md_roots_remove(uintptr_t begin, uintptr_t end)
{
	uint32_t count = atomic_load(&registered_count);

	for (uint32_t i = 0; i < count; i++) {
		if (registered[i].begin != begin || registered[i].end != end)
			continue;
		registered[i] = registered[count - 1];
		atomic_store(&registered_count, count - 1);
		return true;
	}
	return false;
}

/* Memory of one marking. */
struct scratch {
	char maps[MAPS_BYTES];
	struct range excluded[EXCLUDED_MAX];
	uintptr_t words[COPY_BYTES / sizeof(uintptr_t)];
	unsigned char used[USED_BYTES / MD_PAGE_BYTES];
};

struct marking {
	struct md_roots *roots;
	struct md_leak *leak;
	struct scratch *scratch;
	size_t excluded_count;
};

/* --- what is left out ------------------------------------------------------- */

static void exclude(struct marking *marking, uintptr_t begin, uintptr_t end)
{
	if (begin < end && marking->excluded_count < EXCLUDED_MAX)
		marking->scratch->excluded[marking->excluded_count++] = (struct range){ begin, end };
}

static void exclude_bytes(struct marking *marking, const void *begin, size_t bytes)
{
	exclude(marking, (uintptr_t)begin, (uintptr_t)begin + bytes);
}

static void exclude_own(struct marking *marking)
{
	const struct md_heap *heap = &md_process.heap;
	const struct md_leak *leak = marking->leak;

	for (const struct md_arena_chunk *chunk = atomic_load(&heap->arena.chunks); chunk; chunk = chunk->next)
		exclude_bytes(marking, chunk, chunk->bytes);
	for (size_t i = 0; i < (size_t)1 << MD_ROOT_BITS; i++) {
		const struct md_page_map_leaf *leaf = atomic_load(&heap->map.root[i]);

		if (leaf)
			exclude_bytes(marking, leaf, sizeof *leaf);
	}
	for (const struct md_thread *thread = atomic_load(&heap->threads); thread; thread = thread->next)
		if (thread->history.events)
			exclude_bytes(marking, thread->history.events, (thread->history.mask + 1) * sizeof(struct md_event));
	exclude_bytes(marking, heap->thread_infos, MD_THREAD_INFOS_MAX * sizeof *heap->thread_infos);
	exclude(marking, md_process.library_begin, md_process.library_end);
	exclude_bytes(marking, marking->scratch, sizeof *marking->scratch);
	exclude_bytes(marking, leak->marks, leak->marks_bytes);
	exclude_bytes(marking, leak->stack, MD_LEAK_STACK_BYTES);
	exclude_bytes(marking, leak->copy, sizeof *leak->copy);
	if (marking->roots->world->threads)
		exclude_bytes(marking, marking->roots->world->threads, marking->roots->world->bytes);
}

/* Bounds of the stack that sp lies in, as far as we started the thread; false if unknown. */
static bool stack_of(uintptr_t sp, struct range *stack)
{
	for (const struct md_thread *thread = atomic_load(&md_process.heap.threads); thread; thread = thread->next) {
		if (thread->parked || sp < thread->stack_low || sp >= thread->stack_high)
			continue;
		*stack = (struct range){ thread->stack_low, thread->stack_high };
		return true;
	}
	return false;
}

static void exclude_dead_stacks(struct marking *marking)
{
	const struct md_world *world = marking->roots->world;
	struct range stack;

	if (stack_of(marking->roots->live_sp, &stack))
		exclude(marking, stack.begin, marking->roots->live_sp & ~(uintptr_t)7);
	for (size_t i = 0; i < world->count; i++)
		if (world->threads[i].sp && stack_of(world->threads[i].sp, &stack))
			exclude(marking, stack.begin, (world->threads[i].sp - RED_ZONE_BYTES) & ~(uintptr_t)7);
}

static void sift(struct range *ranges, size_t root, size_t count)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && ranges[child].begin < ranges[child + 1].begin)
			child++;
		if (ranges[root].begin >= ranges[child].begin)
			return;
		struct range range = ranges[root];

		ranges[root] = ranges[child];
		ranges[child] = range;
	}
}

static void sort_excluded(struct marking *marking)
{
	struct range *ranges = marking->scratch->excluded;
	size_t count = marking->excluded_count;

	for (size_t i = count / 2; i-- > 0;)
		sift(ranges, i, count);
	for (size_t i = count; i-- > 1;) {
		struct range range = ranges[0];

		ranges[0] = ranges[i];
		ranges[i] = range;
		sift(ranges, 0, i);
	}
}

/* --- reading ---------------------------------------------------------------- */

static void mark_readable(struct marking *marking, uintptr_t begin, uintptr_t end)
{
	begin = (begin + 7) & ~(uintptr_t)7;
	end &= ~(uintptr_t)7;
	while (begin < end) {
		size_t want = end - begin < COPY_BYTES ? end - begin : COPY_BYTES;
		size_t got = md_os_read(begin, marking->scratch->words, want) & ~(size_t)7;

		md_leak_mark(marking->leak, marking->scratch->words, got / sizeof(uintptr_t));
		begin += got;
		if (got < want) /* this page cannot be read: a guard page, or gone meanwhile */
			begin = (begin + MD_PAGE_BYTES) & ~(uintptr_t)(MD_PAGE_BYTES - 1);
	}
}

/* Large ranges may be reserved and never used: only pages that exist are read. */
static void mark_used(struct marking *marking, uintptr_t begin, uintptr_t end)
{
	unsigned char *used = marking->scratch->used;

	if (end - begin < USED_MIN) {
		mark_readable(marking, begin, end);
		return;
	}
	if (end - begin > SPARSE_MAX) {
		marking->roots->trouble = "a mapping of more than 256 GiB was not searched for pointers";
		return;
	}
	for (uintptr_t at = begin & ~(uintptr_t)(MD_PAGE_BYTES - 1); at < end; at += USED_BYTES) {
		size_t bytes = end - at < USED_BYTES ? end - at : USED_BYTES, pages = (bytes + MD_PAGE_BYTES - 1) / MD_PAGE_BYTES;

		if (!md_os_pages_used(at, pages, used)) {
			mark_readable(marking, at < begin ? begin : at, at + bytes);
			continue;
		}
		for (size_t i = 0; i < pages;) {
			size_t first = i;

			while (i < pages && used[i])
				i++;
			uintptr_t from = at + first * MD_PAGE_BYTES, to = at + i * MD_PAGE_BYTES;

			mark_readable(marking, from < begin ? begin : from, to > end ? end : to);
			while (i < pages && !used[i])
				i++;
		}
	}
}

/* Leaves out zones and free runs, which lie in whole units; a free run is known by its first unit. */
static void mark_outside_units(struct marking *marking, uintptr_t begin, uintptr_t end)
{
	const struct md_page_map *map = &md_process.heap.map;

	while (begin < end) {
		uintptr_t ours = md_page_map_next(map, begin);

		if (!ours || ours >= end) {
			mark_used(marking, begin, end);
			return;
		}
		if (begin < ours)
			mark_used(marking, begin, ours);
		const struct md_zone *zone = md_page_map_zone(map, ours);
		const struct md_run *run = md_page_map_run(map, ours);
		uintptr_t next = zone ? zone->begin + zone->bytes : run ? run->begin + run->bytes : ours + MD_UNIT_BYTES;

		begin = next > ours ? next : ours + MD_UNIT_BYTES;
	}
}

static void mark_range(struct marking *marking, uintptr_t begin, uintptr_t end)
{
	const struct range *ranges = marking->scratch->excluded;

	for (size_t i = 0; i < marking->excluded_count && begin < end; i++) {
		if (ranges[i].end <= begin)
			continue;
		if (ranges[i].begin >= end)
			break;
		if (ranges[i].begin > begin)
			mark_outside_units(marking, begin, ranges[i].begin);
		begin = ranges[i].end;
	}
	if (begin < end)
		mark_outside_units(marking, begin, end);
}

/* --- the mappings ------------------------------------------------------------ */

static uintptr_t parse_hex(const char **at)
{
	uintptr_t value = 0;

	for (;; ++*at) {
		char c = **at;

		if (c >= '0' && c <= '9')
			value = value * 16 + (uintptr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (uintptr_t)(c - 'a' + 10);
		else
			return value;
	}
}

static bool read_maps(struct scratch *scratch, size_t *bytes)
{
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0), got = 0;

	*bytes = 0;
	if (fd < 0)
		return false;
	while (*bytes < MAPS_BYTES - 1 && (got = md_syscall3(SYS_read, fd, (long)(scratch->maps + *bytes), (long)(MAPS_BYTES - 1 - *bytes))) > 0)
		*bytes += (size_t)got;
	md_syscall1(SYS_close, fd);
	scratch->maps[*bytes] = '\0';
	return got == 0 && *bytes;
}

/* Of which kind a mapping is: module data, a thread's stack, or something else. */
static unsigned kind_of(const struct marking *marking, uintptr_t begin, uintptr_t end)
{
	const struct md_world *world = marking->roots->world;
	struct md_object object;

	if (md_object_find(begin, &object))
		return MD_ROOTS_GLOBALS;
	if (marking->roots->live_sp >= begin && marking->roots->live_sp < end)
		return MD_ROOTS_STACKS;
	for (size_t i = 0; i < world->count; i++)
		if (world->threads[i].sp >= begin && world->threads[i].sp < end)
			return MD_ROOTS_STACKS;
	return MD_ROOTS_MAPPINGS;
}

static void mark_mappings(struct marking *marking)
{
	const char *at = marking->scratch->maps;

	while (*at) {
		const char *line = at;
		uintptr_t begin = parse_hex(&at);

		if (*at++ != '-')
			break;
		uintptr_t end = parse_hex(&at);

		if (at[0] == ' ' && at[1] == 'r' && at[2] == 'w' && at[4] == 'p' && (kind_of(marking, begin, end) & marking->roots->kinds))
			mark_range(marking, begin, end);
		at = strchr(line, '\n');
		if (!at)
			break;
		at++;
	}
}

/* Without /proc: module data of what the module table knows, and the stacks whose bounds we know. */
static void mark_without_maps(struct marking *marking)
{
	struct range stack;

	marking->roots->trouble = "/proc/self/maps could not be read: only known modules and stacks were searched for pointers";
	for (uint32_t i = 1; i < atomic_load(&md_process.heap.modules.count); i++) {
		const struct md_module *module = md_modules_get(&md_process.heap.modules, (uint16_t)i);

		if (!atomic_load(&module->unloaded) && (marking->roots->kinds & MD_ROOTS_GLOBALS))
			mark_range(marking, module->begin, module->end);
	}
	if (stack_of(marking->roots->live_sp, &stack) && (marking->roots->kinds & MD_ROOTS_STACKS))
		mark_range(marking, stack.begin, stack.end);
}

/* --- threads ------------------------------------------------------------------ */

/* The vector of a thread's dynamic TLS blocks is known by the address of its second entry only (glibc: the dtv). */
static void mark_thread_block(struct marking *marking, uintptr_t thread_pointer)
{
	uintptr_t vector[2];

	if (!thread_pointer)
		return;
#if defined(__x86_64__)
	if (md_os_read(thread_pointer, vector, sizeof vector) != sizeof vector)
		return;
	vector[0] = vector[1] - 16;
#else
	if (md_os_read(thread_pointer, vector, sizeof vector) != sizeof vector)
		return;
	vector[0] -= 16;
#endif
	md_leak_mark(marking->leak, vector, 1);
	if (marking->roots->kinds & MD_ROOTS_MAPPINGS)
		return; /* static TLS lies in a mapping that is searched anyway */
	uintptr_t page = thread_pointer & ~(uintptr_t)(MD_PAGE_BYTES - 1);

	mark_range(marking, page - MD_PAGE_BYTES, thread_pointer + THREAD_BLOCK_BYTES);
}

static void mark_threads(struct marking *marking)
{
	const struct md_roots *roots = marking->roots;

	if (roots->registers && (roots->kinds & MD_ROOTS_REGISTERS))
		md_leak_mark(marking->leak, roots->registers, roots->register_count);
	if (roots->kinds & MD_ROOTS_TLS)
		mark_thread_block(marking, (uintptr_t)__builtin_thread_pointer());
	for (size_t i = 0; i < roots->world->count; i++) {
		const struct md_stopped *thread = &roots->world->threads[i];

		if (thread->stands && (roots->kinds & MD_ROOTS_REGISTERS))
			md_leak_mark(marking->leak, thread->registers, MD_WORLD_REGISTERS);
		if (roots->kinds & MD_ROOTS_TLS)
			mark_thread_block(marking, thread->thread_pointer);
	}
}

void md_roots_mark(struct md_roots *roots, struct md_leak *leak)
{
	struct marking marking = { .roots = roots, .leak = leak };
	size_t bytes;

	roots->trouble = NULL;
	marking.scratch = md_os_map(0, sizeof *marking.scratch);
	if (!marking.scratch) {
		roots->trouble = "there was no memory to search for pointers";
		return;
	}
	exclude_own(&marking);
	exclude_dead_stacks(&marking);
	sort_excluded(&marking);
	if (!md_is_restricted() && read_maps(marking.scratch, &bytes))
		mark_mappings(&marking);
	else
		mark_without_maps(&marking);
	mark_threads(&marking);
	for (uint32_t i = 0; i < atomic_load(&registered_count); i++)
		mark_readable(&marking, registered[i].begin, registered[i].end);
	md_os_unmap(marking.scratch, sizeof *marking.scratch);
}
