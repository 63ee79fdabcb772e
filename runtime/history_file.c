/* SPDX-License-Identifier: MIT */
#include "runtime/history_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "report/text.h"
#include "runtime/history_file_open.h"
#include "runtime/policy.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/sink.h"
#include "runtime/syscall.h"
#include "src/clock.h"
#include "src/history_file.h"
#include "src/os.h"

#define AREA_STEP ((size_t)64 << 10)
#define AREA_FIRST_MORE ((size_t)128 << 10) /* for the modules, and a few threads */
#define AREA_MORE_MIN ((size_t)1 << 20)
#define AREA_MORE_MAX ((size_t)64 << 20)
#define RATE_NANOSECONDS 200000 /* to compare the clocks for: a tick to a thousandth. A reader that runs on the same system knows better */
#define RATE_LOOKS_MAX 20000    /* where a filter answers for the clock, it stands still */

static struct md_lock lock = { .rank = MD_LOCK_HISTORY };
static struct md_history_place place;
struct md_history_file_state md_history_file_state;
static struct md_history_area *const areas = md_history_file_state.areas;
static bool growing;             /* the file may get longer */
static uintptr_t cursor, end;    /* room in the last area */
static uint32_t generation;      /* of the process that the mapping belongs to (md_lock_generation) */
static const char *trouble;      /* not said yet, a literal */
static bool trouble_said;

static struct md_history_file_header *header(void)
{
	return (struct md_history_file_header *)areas[0].begin;
}

static size_t round_up(size_t bytes, size_t step)
{
	return (bytes + step - 1) / step * step;
}

/* --- what is said ------------------------------------------------------------- */

static const char *reason_of(long result)
{
	switch (-result) {
	case ENOSPC:
		return "the disk is full";
	case EDQUOT:
		return "the disk quota is used up";
	case EFBIG:
		return "it would be larger than files may be here (ulimit -f)";
	case EACCES:
	case EPERM:
		return "no permission to write there";
	case EROFS:
		return "the file system is read-only";
	case ENOENT:
	case ENOTDIR:
		return "there is no such folder";
	case EEXIST:
		return "something else is there that is not a history file";
	case EMFILE:
	case ENFILE:
		return "no descriptor is left";
	case ESTALE:
		return "it was moved or removed";
	case ENOMEM:
		return "there is no memory to map it";
	case EBUSY:
		return "another process is making it at this moment (%p in the path gives each its own)";
	default:
		return "the system refuses it";
	}
}

/* Whoever asks for room may hold locks, and the report's may be held: then the next one says it. */
void md_history_file_say_trouble(void)
{
	char line[MD_HISTORY_PATH_BYTES + 256];
	struct md_text text;

	if (!trouble || trouble_said || !md_lock_try(&md_report_lock))
		return;
	if (!trouble_said) { /* by another thread, meanwhile */
		trouble_said = true;
		md_text_init(&text, line, sizeof line, false);
		md_textf(&text, "malloc-debug: history_file: %S: %s; what comes from now on stays in memory\n", place.path, trouble);
		md_sink_write(line, text.length);
	}
	md_lock_release(&md_report_lock);
}

/* --- areas -------------------------------------------------------------------- */

static uint64_t file_bytes(void)
{
	uint32_t count = atomic_load_explicit(&md_history_file_state.area_count, memory_order_relaxed);

	return count ? areas[count - 1].offset + areas[count - 1].bytes : 0;
}

static long map_area(long fd, uint64_t offset, size_t bytes)
{
	return md_syscall6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (long)offset);
}

/* Adds an area at the end of the open file. */
static long add_area(long fd, size_t bytes)
{
	uint32_t count = atomic_load_explicit(&md_history_file_state.area_count, memory_order_relaxed);
	uint64_t offset = file_bytes();

	if (count == MD_HISTORY_AREAS_MAX)
		return -EFBIG;
	long result = md_history_place_extend(fd, offset, bytes);

	if (result)
		return result;
	long begin = map_area(fd, offset, bytes);

	if (md_syscall_failed(begin)) {
		md_syscall2(SYS_ftruncate, fd, (long)offset);
		return begin;
	}
	areas[count] = (struct md_history_area){ (uintptr_t)begin, bytes, offset, true };
	atomic_store_explicit(&md_history_file_state.area_count, count + 1, memory_order_release);
	cursor = (uintptr_t)begin;
	end = cursor + bytes;
	return 0;
}

static bool grow(size_t bytes)
{
	size_t more = file_bytes() / 2;

	if (!growing || md_is_restricted())
		return false;
	more = more < AREA_MORE_MIN ? AREA_MORE_MIN : more > AREA_MORE_MAX ? AREA_MORE_MAX : more;
	long fd = md_history_place_open(&place), result = fd;

	if (fd >= 0) {
		result = add_area(fd, round_up(bytes > more ? bytes : more, AREA_STEP));
		if (result && bytes < more) /* the last room there is */
			result = add_area(fd, round_up(bytes, AREA_STEP));
		md_syscall1(SYS_close, fd);
	}
	if (result) {
		growing = false;
		trouble = reason_of(result == -ENOENT ? -ESTALE : result);
		return false;
	}
	atomic_store_explicit(&header()->file_bytes, file_bytes(), memory_order_relaxed);
	return true;
}

static void note_lost(enum md_lasting_kind kind)
{
	uint32_t what = kind == MD_LASTING_RING ? MD_HISTORY_LOST_RING : kind == MD_LASTING_MODULE ? MD_HISTORY_LOST_MODULE : MD_HISTORY_LOST_STACKS;

	if (areas[0].is_file)
		atomic_fetch_or_explicit(&header()->lost, what, memory_order_relaxed);
}

static void *take(enum md_lasting_kind kind, uint32_t index, size_t bytes)
{
	size_t need = sizeof(struct md_history_chunk) + round_up(bytes, MD_HISTORY_CHUNK_STEP);
	void *result = NULL;

	md_lock_take(&lock);
	if (cursor + need <= end || grow(need)) {
		struct md_history_chunk *chunk = (struct md_history_chunk *)cursor;

		*chunk = (struct md_history_chunk){ .kind = kind, .index = index, .bytes = bytes, .address = (uintptr_t)(chunk + 1) };
		chunk->check = md_history_chunk_check(chunk);
		if (kind != MD_LASTING_MODULE) /* that one is filled first */
			atomic_store_explicit(&chunk->magic, MD_HISTORY_CHUNK_MAGIC, memory_order_release);
		cursor += need;
		result = chunk + 1;
	} else {
		note_lost(kind);
	}
	md_lock_release(&lock);
	md_history_file_say_trouble();
	return result;
}

/* A child of whose fork nobody told us: until here it wrote to its parent's rings, and goes no further. */
static void own(void)
{
	uint32_t now = md_lock_generation();

	if (md_likely(generation == now))
		return;
	md_lock_take(&lock);
	if (generation != now)
		md_history_file_after_fork();
	generation = now;
	md_lock_release(&lock);
	md_history_file_say_trouble();
}

void md_history_file_module(uint16_t row)
{
	if (!atomic_load_explicit(&md_history_file_state.area_count, memory_order_relaxed) || !row)
		return;
	const struct md_module *module = md_modules_get(&md_process.heap.modules, row);
	size_t length = strlen(module->path);

	own();
	struct md_history_module *copy = take(MD_LASTING_MODULE, row, sizeof *copy + length);

	if (!copy)
		return;
	copy->begin = module->begin;
	copy->end = module->end;
	copy->bias = module->bias;
	memcpy(copy->build_id, module->build_id, sizeof copy->build_id);
	copy->build_id_bytes = module->build_id_bytes;
	copy->path_bytes = (uint32_t)length;
	memcpy(copy->path, module->path, length);
	atomic_store_explicit(&((struct md_history_chunk *)copy)[-1].magic, MD_HISTORY_CHUNK_MAGIC, memory_order_release);
}

/* --- start -------------------------------------------------------------------- */

static void read_boot_id(char boot_id[40])
{
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (md_syscall3(SYS_read, fd, (long)boot_id, 36) != 36)
		boot_id[0] = '\0';
	md_syscall1(SYS_close, fd);
}

static void fill_header(void)
{
	struct md_history_file_header *head = header();

	*head = (struct md_history_file_header){
		.endian = MD_HISTORY_FILE_ENDIAN,
		.version = MD_HISTORY_FILE_VERSION,
		.header_bytes = MD_HISTORY_HEADER_BYTES,
		.chunk_header_bytes = sizeof(struct md_history_chunk),
		.event_bytes = sizeof(struct md_event),
		.frame_bytes = sizeof(struct md_frame),
		.thread_bytes = sizeof(struct md_thread_info),
		.module_bytes = sizeof(struct md_history_module),
		.stack_chunk_bits = MD_STACK_CHUNK_BITS,
		.frame_chunk_bits = MD_FRAME_CHUNK_BITS,
		.pid = md_process_pid(),
		.process_start = md_history_process_start(md_process_pid()),
		.start_ticks = md_process.start_ticks,
		.start_nanoseconds = md_process.start_nanoseconds,
		.start_seconds = md_process.start_seconds,
		.file_bytes = file_bytes(),
		.library_version = MD_VERSION,
	};
	read_boot_id(head->boot_id);
	memcpy(head->program, md_process.program, sizeof head->program);
	for (unsigned i = 0; i < RATE_LOOKS_MAX && (head->later_nanoseconds = md_os_nanoseconds()) - head->start_nanoseconds < RATE_NANOSECONDS; i++)
		;
	head->later_ticks = md_clock_now();
	memcpy(head->magic, MD_HISTORY_FILE_MAGIC, sizeof head->magic);
}

static size_t ring_bytes(void)
{
	size_t events = 64;

	while (events < md_process.heap.config.history)
		events *= 2;
	return events * sizeof(struct md_event);
}

static void place_threads(struct md_heap *heap)
{
	size_t bytes = MD_THREAD_INFOS_MAX * sizeof *heap->thread_infos;
	struct md_thread_info *infos = take(MD_LASTING_THREADS, 0, bytes);

	if (infos) { /* there are none yet */
		md_os_unmap(heap->thread_infos, bytes);
		heap->thread_infos = infos;
	}
}

static void complain_of(void (*complain)(void *context, const char *line), long result, uint32_t owner)
{
	char line[MD_HISTORY_PATH_BYTES + 256];
	struct md_text text;

	md_text_init(&text, line, sizeof line - 1, false);
	md_textf(&text, "history_file: %S: ", place.path);
	if (owner)
		md_textf(&text, "it is that of process %u, which is running (%%p in the path gives each its own)", owner);
	else
		md_text_put(&text, reason_of(result));
	md_text_put(&text, "; the history stays in memory");
	line[text.length] = '\0';
	complain(NULL, line);
}

static const struct md_lasting lasting = { .map = take, .own = own };

void md_history_file_begin(void (*complain)(void *context, const char *line))
{
	struct md_heap *heap = &md_process.heap;
	uint32_t owner;

	if (!*md_process.options.history_file)
		return;
	if (!heap->config.history) {
		complain(NULL, "history_file: there is no file, because history=0 keeps nothing");
		return;
	}
	size_t first = MD_HISTORY_HEADER_BYTES + MD_THREAD_INFOS_MAX * sizeof *heap->thread_infos + ring_bytes() +
		(sizeof(uint32_t) << MD_STACK_CHUNK_BITS) + (sizeof(struct md_frame) << MD_FRAME_CHUNK_BITS) + AREA_FIRST_MORE;

	md_history_place_path(md_process.options.history_file, place.path);
	long fd = md_history_place_create(&place, &owner), result = fd;

	if (fd >= 0) {
		result = add_area(fd, round_up(first, AREA_STEP));
		if (result)
			md_history_place_remove(&place);
		else
			fill_header();
		md_syscall1(SYS_close, fd); /* from now on others see whose it is: see md_history_place_create */
	}
	if (result) {
		if (!owner || !md_history_process_is_ancestor(owner)) /* children of a program with a file have none, unless the path has %p */
			complain_of(complain, result, owner);
		return;
	}
	md_history_file_state.path = place.path;
	generation = md_lock_generation();
	cursor += MD_HISTORY_HEADER_BYTES;
	growing = true;
	place_threads(heap);
	heap->lasting = heap->stacks->lasting = &lasting;
}

/* --- fork --------------------------------------------------------------------- */

/* How much of a chunk was ever written to: the rest reads as zero, and to copy it would give it pages. */
static size_t used_bytes(const struct md_history_chunk *chunk)
{
	const struct md_heap *heap = &md_process.heap;
	const struct md_event *events = (const struct md_event *)(chunk + 1);
	size_t all = chunk->bytes, used = all, done;

	switch (chunk->kind) {
	case MD_LASTING_THREADS:
		used = (heap->threads_created + (size_t)1) * sizeof *heap->thread_infos;
		break;
	case MD_LASTING_RING: /* filled from its begin on */
		for (used = 0; used < all && events->time; events++)
			used += sizeof *events;
		break;
	case MD_LASTING_STACKS:
		done = (size_t)chunk->index << MD_STACK_CHUNK_BITS;
		used = heap->stacks->next > done ? (heap->stacks->next - done) * sizeof(uint32_t) : 0;
		break;
	case MD_LASTING_FRAMES:
		done = (size_t)chunk->index << MD_FRAME_CHUNK_BITS;
		used = heap->stacks->frame_count > done ? (heap->stacks->frame_count - done) * sizeof(struct md_frame) : 0;
		break;
	default:
		break;
	}
	return used < all ? used : all;
}

/* Of the last area, as far as it was used when this process began: what its parent took of it since then is not ours. */
static void copy_area(const struct md_history_area *area, uintptr_t to)
{
	uintptr_t at = area->begin, stop = area->begin + area->bytes;

	if (stop == end)
		stop = cursor;

	if (!area->offset) {
		memcpy((void *)to, (const void *)at, sizeof(struct md_history_file_header));
		at += MD_HISTORY_HEADER_BYTES;
	}
	while (at + sizeof(struct md_history_chunk) <= stop) {
		const struct md_history_chunk *chunk = (const struct md_history_chunk *)at;

		/* A chunk in the making has its sum, too: the first without is the end. */
		if (!chunk->check || chunk->check != md_history_chunk_check(chunk) || chunk->bytes > stop - at - sizeof *chunk)
			break;
		memcpy((void *)(to + (at - area->begin)), chunk, sizeof *chunk + used_bytes(chunk));
		at += sizeof *chunk + round_up(chunk->bytes, MD_HISTORY_CHUNK_STEP);
	}
}

/* Puts a copy of an area in its place: in the open file, or (fd < 0) in memory. */
static bool replace(struct md_history_area *area, long fd)
{
	long fresh = fd >= 0 ? map_area(fd, area->offset, area->bytes)
			     : md_syscall6(SYS_mmap, 0, (long)area->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (md_syscall_failed(fresh))
		return false;
	copy_area(area, (uintptr_t)fresh);
	if (md_syscall5(SYS_mremap, fresh, (long)area->bytes, (long)area->bytes, MREMAP_MAYMOVE | MREMAP_FIXED, (long)area->begin) != (long)area->begin) {
		md_syscall2(SYS_munmap, fresh, (long)area->bytes);
		return false;
	}
	area->is_file = fd >= 0;
	return true;
}

/* The new file, as long as its parent's; a negated errno value if there is to be none, or cannot be. */
static long create_childs_file(void)
{
	static struct md_history_place fresh;
	uint32_t owner;

	if (!growing || md_is_restricted())
		return -EPERM;
	md_history_place_path(md_process.options.history_file, fresh.path);
	if (!strcmp(fresh.path, place.path))
		return -EEXIST;
	place = fresh;
	long fd = md_history_place_create(&place, &owner), result = fd;

	if (fd >= 0 && (result = md_history_place_extend(fd, 0, file_bytes()))) {
		md_history_place_remove(&place);
		md_syscall1(SYS_close, fd);
	}
	if (result < 0) {
		/* Said by the first of all children: the header is still the parent's, where all of them see it. */
		if (!(atomic_fetch_or(&header()->lost, MD_HISTORY_LOST_CHILD) & MD_HISTORY_LOST_CHILD))
			trouble = reason_of(result);
		return result;
	}
	return fd;
}

/* Zeroed memory in its place. */
static bool clear_area(struct md_history_area *area)
{
	area->is_file = false;
	return !md_syscall_failed(md_syscall6(SYS_mmap, (long)area->begin, (long)area->bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0));
}

static void stop_recording(void)
{
	for (struct md_thread *thread = atomic_load(&md_process.heap.threads); thread; thread = thread->next)
		thread->history.events = NULL;
}

void md_history_file_after_fork(void)
{
	uint32_t count = atomic_load(&md_history_file_state.area_count), parent = md_process.pid;

	if (!count)
		return;
	trouble = NULL; /* it is the parent's to say */
	long fd = create_childs_file();

	for (uint32_t i = 0; i < count; i++) {
		if (fd < 0 && !areas[i].is_file) /* memory of our own */
			continue;
		if (replace(&areas[i], fd) || (fd >= 0 && replace(&areas[i], -1)))
			continue;
		stop_recording(); /* without memory for a copy */
		clear_area(&areas[i]);
	}
	if (fd >= 0)
		md_syscall1(SYS_close, fd);
	growing = fd >= 0;
	if (!growing)
		return;
	trouble_said = false;
	atomic_fetch_and(&header()->lost, ~(uint32_t)MD_HISTORY_LOST_CHILD);
	header()->parent_pid = parent;
	header()->pid = md_process_pid();
	header()->process_start = md_history_process_start(header()->pid);
}

/* --- for others --------------------------------------------------------------- */

bool md_history_file_mend(uintptr_t addr)
{
	uint32_t count = atomic_load_explicit(&md_history_file_state.area_count, memory_order_acquire);

	for (uint32_t i = 0; i < count; i++) {
		struct md_history_area *area = &areas[i];

		if (addr - area->begin >= area->bytes || !area->is_file)
			continue;
		growing = false;
		return clear_area(area); /* its rings begin anew, and the stacks in it have no frames */
	}
	return false;
}

struct md_lock *md_history_file_lock(void)
{
	return &lock;
}
