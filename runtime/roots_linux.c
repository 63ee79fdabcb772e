/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "runtime/boot.h"
#include "runtime/growth.h"
#include "runtime/modules.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/roots.h"
#include "runtime/syscall.h"
#include "runtime/threads.h"
#include "src/inspect.h"
#include "src/os.h"

#define MAPS_BYTES ((size_t)16 << 20)   /* the kernel allows 65530 mappings by default; a line has about 100 bytes */
#define EXCLUDED_MAX 65536
#define COPY_BYTES ((size_t)256 << 10)
#define USED_BYTES ((size_t)64 << 20)   /* asked about at a time */
#define USED_MIN ((size_t)1 << 20)      /* smaller ranges are read whole */
#define SPARSE_MAX ((size_t)256 << 30)  /* asking page by page stops here; nobody fills that much */
#define REGISTERED_MAX 1024
#define OWN_FRAMES_MAX 65536
#define OWN_FRAMES_BELOW 8192 /* for the functions that are called while roots are looked for */

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
	const struct md_leak *leak;
	md_roots_visitor *visit;
	void *context;
	bool enough; /* the visitor wants no more */
	struct scratch *scratch;
	size_t excluded_count;
};

static void show(struct marking *marking, const struct md_root_words *words)
{
	if (!marking->enough && words->count)
		marking->enough = marking->visit(marking->context, words);
}

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

/* All of ours but what we gave to the program. */
static void exclude_library(struct marking *marking)
{
	uintptr_t begin = md_process.library_begin, given, given_end;

	for (unsigned i = 0; md_boot_range(i, &given, &given_end); i++) {
		if (given < begin || given_end > md_process.library_end)
			continue;
		exclude(marking, begin, given);
		begin = given_end;
	}
	exclude(marking, begin, md_process.library_end);
}

static void exclude_own(struct marking *marking)
{
	const struct md_heap *heap = &md_process.heap;
	const struct md_leak *leak = marking->leak;
	uintptr_t begin, end;

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
	exclude_library(marking);
	exclude_bytes(marking, marking->scratch, sizeof *marking->scratch);
	exclude_bytes(marking, leak->marks, leak->marks_bytes);
	exclude_bytes(marking, leak->stack, MD_LEAK_STACK_BYTES);
	exclude_bytes(marking, leak->copy, sizeof *leak->copy);
	if (leak->groups)
		exclude_bytes(marking, leak->groups, leak->group_capacity * sizeof *leak->groups);
	for (size_t i = 0; md_growth_memory(i, &begin, &end); i++)
		exclude(marking, begin, end);
	if (marking->roots->world->threads)
		exclude_bytes(marking, marking->roots->world->threads, marking->roots->world->bytes);
	exclude(marking, marking->roots->left_out_begin, marking->roots->left_out_end);
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

static void exclude_below(struct marking *marking, uintptr_t sp)
{
	struct range stack;

	if (sp && stack_of(sp, &stack))
		exclude(marking, stack.begin, sp & ~(uintptr_t)7);
}

/* Where a stack has no bounds that we know (coroutines), at least our own frames are left out. */
static void exclude_own_frames(struct marking *marking)
{
	uintptr_t sp = marking->roots->live_sp, here = (uintptr_t)__builtin_frame_address(0);
	struct range stack;

	if (!stack_of(sp, &stack) && here < sp && sp - here < OWN_FRAMES_MAX)
		exclude(marking, here - OWN_FRAMES_BELOW, sp & ~(uintptr_t)7);
}

static bool is_in_use(const struct marking *marking, const struct md_ended_stack *stack)
{
	const struct md_world *world = marking->roots->world;
	uintptr_t own = (uintptr_t)__builtin_thread_pointer(), sp = marking->roots->live_sp;

	if (own == stack->high || (sp >= stack->low && sp < stack->high))
		return true;
	for (size_t i = 0; i < world->count; i++) {
		const struct md_stopped *thread = &world->threads[i];

		if (thread->thread_pointer == stack->high || (thread->sp >= stack->low && thread->sp < stack->high))
			return true;
	}
	return world->silent > 0; /* nobody knows where those are */
}

/* The C library keeps stacks of ended threads for later ones. One is known by the block of the thread at its top, which begins with its own address
 * (twice, on x86-64); where that is not so, the memory has gone to something else. */
static bool is_still_stack(const struct md_ended_stack *stack)
{
#if defined(__x86_64__)
	uintptr_t block[3];

	return md_os_read(stack->high, block, sizeof block) == sizeof block && block[0] == stack->high && block[2] == stack->high;
#else
	(void)stack;
	return false;
#endif
}

/* Code of the C library after the instruction of a system call, or at it. By its calling convention it keeps nothing below its stack pointer that is not in
 * a register, too, and its callers keep nothing in vector registers: what those hold is old. */
static bool is_call_of_library(uintptr_t pc)
{
#if defined(__x86_64__)
	struct md_object waits, library;
	unsigned char code[4];

	return md_object_find(pc, &waits) && md_object_find((uintptr_t)md_process.next.pthread_create, &library) && waits.begin == library.begin &&
		md_os_read(pc - 2, code, sizeof code) == sizeof code && ((code[0] == 0x0f && code[1] == 0x05) || (code[2] == 0x0f && code[3] == 0x05));
#else
	(void)pc;
	return false;
#endif
}

static uintptr_t red_zone_of(const struct md_stopped *thread)
{
	if (thread->stands && !thread->registers.sp) /* it stands in a call of ours */
		return 0;
	return is_call_of_library(thread->stands ? thread->registers.pc : thread->call_pc) ? 0 : MD_WORLD_RED_ZONE;
}

/* The process lives on without it when it has called pthread_exit. */
static bool first_has_ended(const struct md_world *world)
{
	for (size_t i = 0; i < world->count; i++)
		if (world->threads[i].tid == md_process_pid())
			return world->threads[i].ended;
	return false;
}

static void exclude_dead_stacks(struct marking *marking)
{
	const struct md_world *world = marking->roots->world;
	const struct md_ended_stack *ended;
	size_t ended_count = md_threads_ended(&ended);

	exclude_below(marking, marking->roots->live_sp);
	exclude_own_frames(marking);
	for (size_t i = 0; i < world->count; i++)
		if (world->threads[i].sp)
			exclude_below(marking, world->threads[i].sp - red_zone_of(&world->threads[i]));
	for (size_t i = 0; i < ended_count; i++) {
		if (ended[i].high == md_process.main_stack_high && first_has_ended(world))
			exclude(marking, ended[i].low, md_process.main_frames_high);
		else if (is_still_stack(&ended[i]) && !is_in_use(marking, &ended[i]))
			exclude(marking, ended[i].low, ended[i].high);
	}
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

/* The list of a thread's variables that came later is known by the address of its second entry only (glibc: the dtv). */
static void show_thread_list(struct marking *marking, uintptr_t list, uintptr_t thread_pointer, uint32_t tid)
{
	uintptr_t block = list - 16;
	struct md_root_words words = { &block, 1, thread_pointer, MD_ROOT_THREAD_LIST, tid };

	show(marking, &words);
}

/* A thread's block begins with its own address, the thread's list, and its own address again: threads that are about to begin or have ended, and those
 * of which we know nothing, have lists, too. */
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

/* "BEGIN-END rwxp OFFSET DEVICE INODE ...". Pointers may also lie in what the program has made read-only, but not in what comes from a file and was never
 * written to. */
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

static size_t static_tls_bytes = 65536, thread_block_bytes = 2304; /* of glibc 2.36, where it does not say */

void md_roots_init(void)
{
	void (*tls_info)(size_t *, size_t *) = (void (*)(size_t *, size_t *))dlsym(RTLD_DEFAULT, "_dl_get_tls_static_info");
	const uint32_t *block_bytes = dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread");
	size_t bytes = 0, alignment;

	if (block_bytes && *block_bytes)
		thread_block_bytes = *block_bytes;
	if (tls_info)
		tls_info(&bytes, &alignment);
	if (bytes > thread_block_bytes)
		static_tls_bytes = bytes - thread_block_bytes;
}

/* The thread-local variables of a thread that were there from the start, and what the C library knows of it. */
static struct range thread_local_range(uintptr_t thread_pointer)
{
#if defined(__x86_64__)
	return (struct range){ thread_pointer - static_tls_bytes, thread_pointer + thread_block_bytes };
#else
	return (struct range){ thread_pointer - thread_block_bytes, thread_pointer + 16 + static_tls_bytes };
#endif
}

/* The i-th thread's pointer, the calling thread's first; 0: it is not known. */
static uintptr_t thread_pointer_of(const struct md_roots *roots, size_t i)
{
	struct range stack;

	if (i == 0)
		return (uintptr_t)__builtin_thread_pointer();
	const struct md_stopped *thread = &roots->world->threads[i - 1];

	if (thread->thread_pointer || !thread->sp || !stack_of(thread->sp, &stack))
		return thread->thread_pointer;
	struct md_ended_stack known = { stack.begin, stack.end };

	return is_still_stack(&known) ? stack.end : 0; /* it did not answer */
}

static void exclude_thread_locals(struct marking *marking)
{
	for (size_t i = 0; i <= marking->roots->world->count; i++) {
		struct range range = thread_local_range(thread_pointer_of(marking->roots, i));

		if (range.begin < range.end)
			exclude(marking, range.begin, range.end);
	}
}

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

/* The kernel's number of the i-th thread, as thread_pointer_of counts them. */
static uint32_t tid_of(const struct md_roots *roots, size_t i)
{
	return i ? roots->world->threads[i - 1].tid : 0;
}

bool md_roots_thread_local(const struct md_roots *roots, uintptr_t addr, uint32_t *tid)
{
	for (size_t i = 0; i <= roots->world->count; i++) {
		uintptr_t thread_pointer = thread_pointer_of(roots, i);
		struct range range = thread_local_range(thread_pointer);

		if (!thread_pointer || addr < range.begin || addr >= range.end)
			continue;
		*tid = tid_of(roots, i);
		return true;
	}
	return false;
}

bool md_roots_own_stack(const struct md_roots *roots, uintptr_t *begin, uintptr_t *end)
{
	struct range stack, variables = thread_local_range((uintptr_t)__builtin_thread_pointer());

	if (!stack_of(roots->live_sp, &stack))
		return false;
	*begin = roots->live_sp;
	*end = variables.begin > roots->live_sp && variables.begin < stack.end ? variables.begin : stack.end;
	return true;
}

/* The lists count with whatever roots were asked for: they are the C library's. */
static void mark_thread_locals(struct marking *marking)
{
	for (size_t i = 0; i <= marking->roots->world->count; i++) {
		uintptr_t thread_pointer = thread_pointer_of(marking->roots, i);

		if (!thread_pointer)
			continue;
		mark_thread_list(marking, thread_pointer, tid_of(marking->roots, i));
		if ((marking->roots->kinds & (MD_ROOTS_MAPPINGS | MD_ROOTS_TLS)) == MD_ROOTS_TLS) {
			struct range range = thread_local_range(thread_pointer);

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
	struct md_root_words words = { registers->general, MD_WORLD_REGISTERS, 0, MD_ROOT_REGISTERS, tid };

	show(marking, &words);
	if (is_call_of_library(registers->pc))
		return;
	for (int i = 0; i < MD_WORLD_VECTORS && registers->vectors[i].bytes; i++)
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
	struct marking marking = { .roots = roots, .leak = leak, .visit = visit, .context = context };
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
		exclude_own(&marking);
		exclude_dead_stacks(&marking);
		if (!(roots->kinds & MD_ROOTS_TLS))
			exclude_thread_locals(&marking);
		sort_excluded(&marking);
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
	return known;
}
