/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "runtime/interrupted.h"
#include "runtime/left_out.h"
#include "runtime/modules.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/roots.h"
#include "runtime/syscall.h"
#include "runtime/thread_memory.h"
#include "runtime/threads.h"
#include "src/inspect.h"
#include "src/os.h"

#define MAPS_BYTES ((size_t)16 << 20)   /* the kernel allows 65530 mappings by default; a line has about 100 bytes */
#define COPY_BYTES ((size_t)256 << 10)
#define USED_BYTES ((size_t)64 << 20)   /* asked about at a time */
#define USED_MIN ((size_t)1 << 20)      /* smaller ranges are read whole */
#define SPARSE_MAX ((size_t)256 << 30)  /* asking page by page stops here */
#define REGISTERED_MAX 1024

static struct md_span registered[REGISTERED_MAX];
static _Atomic uint32_t registered_count;

bool md_roots_add(uintptr_t begin, uintptr_t end)
{
	uint32_t at = atomic_load(&registered_count);

	if (at == REGISTERED_MAX || begin >= end)
		return false;
	registered[at] = (struct md_span){ begin, end };
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
	struct md_span left_out[MD_LEFT_OUT_MAX];
	uintptr_t words[COPY_BYTES / sizeof(uintptr_t)];
	unsigned char used[USED_BYTES / MD_PAGE_BYTES];
};

struct marking {
	struct md_roots *roots;
	md_roots_visitor *visit;
	void *context;
	bool enough;     /* the visitor wants no more */
	bool incomplete; /* too much was not looked at for an answer */
	struct scratch *scratch;
	struct md_left_out out;
};

static void show(struct marking *marking, const struct md_root_words *words)
{
	if (!marking->enough && words->count)
		marking->enough = marking->visit(marking->context, words);
}

/* --- reading ---------------------------------------------------------------- */

/* The list of a thread's variables that came later is known by the address of its second entry only (glibc: the dtv). */
static void show_thread_list(struct marking *marking, uintptr_t list, uintptr_t thread_pointer, uint32_t tid)
{
	uintptr_t block = list - 16;
	struct md_root_words words = { &block, 1, thread_pointer, MD_ROOT_THREAD_LIST, tid };

	show(marking, &words);
}

/* A thread's block begins with its own address, the thread's list, and its own address again: threads that are about to begin or have
 * ended, and those of which we know nothing, have lists, too. */
static void show_thread_lists(struct marking *marking, const uintptr_t *words, size_t count, uintptr_t address)
{
#if defined(__x86_64__)
	for (size_t i = 0; i + 2 < count; i++)
		if (words[i] == address + i * sizeof *words && words[i + 2] == words[i])
			show_thread_list(marking, words[i + 1], words[i], MD_ROOT_TID_NONE);
#else
	(void)marking;
	(void)words;
	(void)count;
	(void)address;
#endif
}

static void mark_readable_as(struct marking *marking, uintptr_t begin, uintptr_t end, enum md_root_kind kind, uint32_t tid)
{
	begin = (begin + 7) & ~(uintptr_t)7;
	end &= ~(uintptr_t)7;
	while (begin < end && !marking->enough) {
		size_t want = end - begin < COPY_BYTES ? end - begin : COPY_BYTES;
		size_t got = md_os_read(begin, marking->scratch->words, want) & ~(size_t)7;
		struct md_root_words words = { marking->scratch->words, got / sizeof(uintptr_t), begin, kind, tid };

		show(marking, &words);
		if (kind == MD_ROOT_MEMORY)
			show_thread_lists(marking, words.words, words.count, begin);
		begin += got;
		if (got < want) /* this page cannot be read: a guard page, or gone meanwhile */
			begin = (begin + MD_PAGE_BYTES) & ~(uintptr_t)(MD_PAGE_BYTES - 1);
	}
}

static void mark_readable(struct marking *marking, uintptr_t begin, uintptr_t end)
{
	mark_readable_as(marking, begin, end, MD_ROOT_MEMORY, 0);
}

/* A reservation of which nobody can have used much, too large to ask for each page. */
static void mark_sparse(struct marking *marking, uintptr_t begin, uintptr_t end)
{
	uintptr_t used_end;

	for (; begin < end && !marking->enough; begin = used_end) {
		if (!md_os_pages_used_next(begin, end, &begin, &used_end)) {
			marking->roots->trouble = "this system cannot tell what is used of a mapping of more than 256 GiB, where pointers may be";
			marking->incomplete = true;
			return;
		}
		mark_readable(marking, begin, used_end);
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
		mark_sparse(marking, begin, end);
		return;
	}
	for (uintptr_t at = begin & ~(uintptr_t)(MD_PAGE_BYTES - 1); at < end && !marking->enough; at += USED_BYTES) {
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
	const struct md_span *ranges = marking->out.spans;

	for (size_t i = 0; i < marking->out.count && begin < end; i++) {
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
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/thread-self/maps", O_RDONLY | O_CLOEXEC, 0), got = 0;

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

/* "BEGIN-END rwxp OFFSET DEVICE INODE ...". Pointers may also lie in what the program has made read-only, but not in what comes from a file
 * and was never written to. */
static bool holds_pointers(const char *modes)
{
	const char *inode = modes + 6;

	if (modes[0] != 'r' || modes[3] != 'p')
		return false;
	if (modes[1] == 'w')
		return true;
	for (int fields = 0; fields < 2; fields++) {
		inode = strchr(inode, ' ');
		if (!inode++)
			return false;
	}
	return modes[2] == '-' && inode[0] == '0' && (inode[1] == ' ' || inode[1] == '\n' || inode[1] == '\0');
}

static void mark_mappings(struct marking *marking)
{
	const char *at = marking->scratch->maps;

	while (*at && !marking->enough) {
		const char *line = at;
		uintptr_t begin = parse_hex(&at);

		if (*at++ != '-')
			break;
		uintptr_t end = parse_hex(&at);

		if (holds_pointers(at + 1) && (kind_of(marking, begin, end) & marking->roots->kinds))
			mark_range(marking, begin, end);
		at = strchr(line, '\n');
		if (!at)
			break;
		at++;
	}
}

/* --- threads ------------------------------------------------------------------ */

static void mark_thread_list(struct marking *marking, uintptr_t thread_pointer, uint32_t tid)
{
	uintptr_t list;

#if defined(__x86_64__)
	if (md_os_read(thread_pointer + sizeof list, &list, sizeof list) == sizeof list)
#else
	if (md_os_read(thread_pointer, &list, sizeof list) == sizeof list)
#endif
		show_thread_list(marking, list, thread_pointer, tid);
}

/* The lists count with whatever roots were asked for: they are the C library's. */
static void mark_thread_locals(struct marking *marking)
{
	for (size_t i = 0; i <= marking->roots->world->count; i++) {
		uintptr_t thread_pointer = md_thread_memory_pointer(marking->roots, i);

		if (!thread_pointer)
			continue;
		mark_thread_list(marking, thread_pointer, md_thread_memory_tid(marking->roots, i));
		if ((marking->roots->kinds & (MD_ROOTS_MAPPINGS | MD_ROOTS_TLS)) == MD_ROOTS_TLS) {
			struct md_span range = md_thread_memory_variables(thread_pointer);

			mark_readable(marking, range.begin, range.end);
		}
	}
}

/* A thread may run on a stack that is a block: whoever made it may know its end only, or nobody but the thread points to it. */
static void mark_stack_block(struct marking *marking, uintptr_t sp, uint32_t tid)
{
	struct md_block_view block;
	struct md_root_words words = { &block.user, 1, 0, MD_ROOT_STACK_BLOCK, tid };

	if (!sp)
		return;
	md_inspect_address(&md_process.heap, sp, &block);
	if (block.valid && sp >= block.user && sp < block.user + block.size)
		show(marking, &words);
}

/* The kernel, too, knows a stack by its address: the one that sigaltstack was told, which programs often forget. */
static void mark_stack_blocks(struct marking *marking)
{
	const struct md_world *world = marking->roots->world;
	stack_t own = { 0 };

	mark_stack_block(marking, marking->roots->live_sp, 0);
	if (md_syscall2(SYS_sigaltstack, 0, (long)&own) == 0 && !(own.ss_flags & SS_DISABLE))
		mark_stack_block(marking, (uintptr_t)own.ss_sp, 0);
	for (size_t i = 0; i < world->count; i++) {
		mark_stack_block(marking, world->threads[i].sp, world->threads[i].tid);
		if (world->threads[i].stands)
			mark_stack_block(marking, world->threads[i].registers.signal_stack, world->threads[i].tid);
	}
}

static void mark_register_set(struct marking *marking, const struct md_registers *registers, uint32_t tid)
{
	struct md_root_words words = { registers->general, MD_REGISTERS_GENERAL, 0, MD_ROOT_REGISTERS, tid };

	show(marking, &words);
	if (md_interrupted_in_library_call(registers->pc))
		return;
	for (int i = 0; i < MD_REGISTERS_VECTORS && registers->vectors[i].bytes; i++)
		mark_readable_as(marking, registers->vectors[i].begin, registers->vectors[i].begin + registers->vectors[i].bytes, MD_ROOT_REGISTERS, tid);
}

static void mark_registers(struct marking *marking)
{
	const struct md_roots *roots = marking->roots;
	struct md_root_words words = { roots->registers, roots->register_count, 0, MD_ROOT_REGISTERS, 0 };

	if (roots->registers)
		show(marking, &words);
	if (roots->interrupted)
		mark_register_set(marking, roots->interrupted, 0);
	for (size_t i = 0; i < roots->world->count; i++)
		if (roots->world->threads[i].stands)
			mark_register_set(marking, &roots->world->threads[i].registers, roots->world->threads[i].tid);
}

static void mark_argument(void *context, uintptr_t argument)
{
	struct md_root_words words = { &argument, 1, 0, MD_ROOT_ARGUMENT, 0 };

	show(context, &words);
}

static bool mark_words(void *context, const struct md_root_words *words)
{
	md_leak_mark(context, words->words, words->count);
	return false;
}

bool md_roots_mark(struct md_roots *roots, struct md_leak *leak)
{
	return md_roots_visit(roots, leak, mark_words, leak);
}

bool md_roots_visit(struct md_roots *roots, const struct md_leak *leak, md_roots_visitor *visit, void *context)
{
	struct marking marking = { .roots = roots, .visit = visit, .context = context };
	uintptr_t probe = 0;
	size_t bytes;

	roots->trouble = NULL;
	if (md_os_read((uintptr_t)&probe, &probe, sizeof probe) != sizeof probe) {
		roots->trouble = "the system does not let us read memory safely";
		return false;
	}
	marking.scratch = md_os_map(0, sizeof *marking.scratch);
	if (!marking.scratch) {
		roots->trouble = "there is no memory to search with";
		return false;
	}
	bool known = read_maps(marking.scratch, &bytes);

	if (known) {
		marking.out = (struct md_left_out){ .roots = roots, .spans = marking.scratch->left_out };
		md_left_out_add(&marking.out, (uintptr_t)marking.scratch, (uintptr_t)(marking.scratch + 1));
		md_left_out_find(&marking.out, leak);
		mark_mappings(&marking);
		mark_thread_locals(&marking);
		if (roots->kinds & MD_ROOTS_STACKS)
			mark_stack_blocks(&marking);
		if (roots->kinds & MD_ROOTS_REGISTERS)
			mark_registers(&marking);
		md_threads_arguments(mark_argument, &marking);
		for (uint32_t i = 0; i < atomic_load(&registered_count); i++)
			mark_readable_as(&marking, registered[i].begin, registered[i].end, MD_ROOT_REGISTERED, 0);
	} else {
		roots->trouble = "/proc/thread-self/maps cannot be read: nobody knows where pointers may be";
	}
	md_os_unmap(marking.scratch, sizeof *marking.scratch);
	return known && !marking.incomplete;
}
