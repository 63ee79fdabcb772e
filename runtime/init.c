/* SPDX-License-Identifier: MIT
 *
 * Start: environment, options, heap, unwinder, handlers; in that order, once, in our constructor, which runs before those of all other libraries
 * (-z initfirst), when the C library has not looked at the environment yet.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report/text.h"
#include "runtime/actions.h"
#include "runtime/calls_start.h"
#include "runtime/cxx.h"
#include "runtime/entry.h"
#include "runtime/exit.h"
#include "runtime/fault.h"
#include "runtime/fork.h"
#include "runtime/growth.h"
#include "runtime/history_file.h"
#include "runtime/leak_events.h"
#include "runtime/leaks.h"
#include "runtime/lsan.h"
#include "runtime/modules.h"
#include "runtime/process.h"
#include "runtime/profile.h"
#include "runtime/resolve.h"
#include "runtime/restrict.h"
#include "runtime/show.h"
#include "runtime/sink.h"
#include "runtime/stack_names.h"
#include "runtime/symbol_client.h"
#include "runtime/syscall.h"
#include "runtime/thread_memory.h"
#include "runtime/threads.h"
#include "runtime/unwind_generic.h"
#include "runtime/watch.h"
#include "src/clock.h"
#include "src/os.h"

struct md_process md_process;

/* --- time ----------------------------------------------------------------- */

static double tick_nanoseconds(void)
{
	if (md_is_restricted())
		return md_process.tick_nanoseconds;
	uint64_t ticks = md_clock_now() - md_process.start_ticks, passed = md_os_nanoseconds() - md_process.start_nanoseconds;

	return ticks ? (double)passed / (double)ticks : 0;
}

double md_process_seconds(uint64_t ticks)
{
	return (double)(int64_t)(ticks - md_process.start_ticks) * tick_nanoseconds() / 1e9;
}

double md_process_seconds_coarse(uint32_t coarse)
{
	uint32_t since = coarse - md_clock_coarse(md_process.start_ticks);

	return md_process_seconds(md_process.start_ticks + ((uint64_t)since << MD_CLOCK_COARSE_SHIFT));
}

uint32_t md_process_pid(void)
{
	return md_is_restricted() ? md_process.pid : (uint32_t)md_syscall0(SYS_getpid);
}

void md_process_before_restriction(void)
{
	md_process.tick_nanoseconds = tick_nanoseconds();
	md_process.pid = (uint32_t)md_syscall0(SYS_getpid);
	sbrk(0); /* from now on answered without a call */
}

/* --- environment ---------------------------------------------------------- */

static char **environment;

static const char *get_variable(void *context, const char *name)
{
	size_t length = strlen(name);

	(void)context;
	for (char **entry = environment; entry && *entry; entry++)
		if (!strncmp(*entry, name, length) && (*entry)[length] == '=')
			return *entry + length + 1;
	return NULL;
}

static const char *get_entry(void *context, size_t i)
{
	(void)context;
	return environment ? environment[i] : NULL;
}

/* What is to be said before the sink is ready (its place is an option itself). */
static char early_text[16384];
static struct md_text early = { .buffer = early_text, .capacity = sizeof early_text };

static void complain(void *context, const char *line)
{
	(void)context;
	md_textf(&early, "malloc-debug: %S\n", line);
}

/* Programs that this one starts get no preload: our entry leaves LD_PRELOAD. */
static void strip_preload(void)
{
	for (char **entry = environment; entry && *entry; entry++) {
		char *list, *out;

		if (strncmp(*entry, "LD_PRELOAD=", 11))
			continue;
		list = out = *entry + 11;
		while (*list) {
			size_t length = strcspn(list, " :");

			if (length && !memmem(list, length, "libmalloc_debug.so", 18)) {
				if (out != *entry + 11)
					*out++ = ':';
				memmove(out, list, length);
				out += length;
			}
			list += length + (list[length] != '\0');
		}
		*out = '\0';
	}
}

/* --- what is around us ---------------------------------------------------- */

static void find_program(char **argv)
{
	long length = md_syscall4(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)md_process.program, sizeof md_process.program - 1);

	if (length > 0) {
		md_process.program[length] = '\0';
	} else {
		const char *name = (const char *)getauxval(AT_EXECFN);

		strncpy(md_process.program, name ? name : argv && argv[0] ? argv[0] : "", sizeof md_process.program - 1);
	}
}

static void find_library(void)
{
	struct md_object object;

	if (!md_object_find((uintptr_t)&md_object_find, &object))
		return;
	md_process.library_begin = object.begin;
	md_process.library_end = object.end;
	const char *slash = strrchr(object.path, '/');
	size_t length = slash ? (size_t)(slash - object.path) : 0;
	char *folder = md_process.library_folder;

	if (object.path[0] == '/') {
		if (length < sizeof md_process.library_folder)
			memcpy(folder, object.path, length);
		return;
	}
	/* A relative path counts from where the program was started. */
	long got = md_syscall2(SYS_getcwd, (long)folder, sizeof md_process.library_folder - 2);

	if (got > 0 && (size_t)got + length + 1 < sizeof md_process.library_folder) {
		folder[got - 1] = '/';
		memcpy(folder + got, object.path, length);
		folder[got + (long)length] = '\0';
	} else {
		folder[0] = '\0';
	}
}

/* The command lies beside the library (a build folder), or in the bin folder of its prefix. */
static void find_helper(void)
{
	static const char *const places[] = { "/malloc-debug", "/../bin/malloc-debug", "/../../bin/malloc-debug" };
	static char path[sizeof md_process.library_folder + 32];

	for (size_t i = 0; i < sizeof places / sizeof places[0] && md_process.library_folder[0]; i++) {
		strcpy(path, md_process.library_folder);
		strcat(path, places[i]);
		if (md_syscall3(SYS_faccessat, AT_FDCWD, (long)path, 1 /* X_OK */) == 0) {
			md_symbol_client_init(path, environment);
			return;
		}
	}
	md_symbol_client_init(NULL, environment);
}

#define FIND(name) md_process.next.name = (__typeof__(md_process.next.name))dlsym(RTLD_NEXT, #name)

static void find_next(void)
{
	FIND(malloc);
	FIND(calloc);
	FIND(realloc);
	FIND(free);
	FIND(memalign);
	FIND(aligned_alloc);
	FIND(posix_memalign);
	FIND(valloc);
	FIND(pvalloc);
	FIND(malloc_usable_size);
	FIND(pthread_create);
	FIND(dlclose);
	FIND(mallinfo);
	FIND(mallinfo2);
	FIND(mallopt);
	FIND(malloc_trim);
	FIND(malloc_stats);
	FIND(malloc_info);
	md_actions_find();
	md_leak_events_find();
	md_lsan_find();
}

bool md_resolves_to(const char *name, const void *ours)
{
	void *found = dlsym(RTLD_DEFAULT, name);
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	if (found == ours)
		return true;
	/* A program that is not position-independent and takes the function's address has it in its own linkage table; the call still comes to us. */
	return found && dladdr1(found, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol && symbol->st_shndx == SHN_UNDEF;
}

static void find_main_stack(void)
{
	uintptr_t name = getauxval(AT_EXECFN); /* among the last things that the kernel puts on the stack */

	if (name)
		md_process.main_stack_high = (name + strlen((const char *)name) + 1 + MD_PAGE_BYTES) & ~(uintptr_t)(MD_PAGE_BYTES - 1);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* --- start ---------------------------------------------------------------- */

static void say(const char *reason, const char *detail)
{
	if (md_process.options.verbose)
		md_textf(&early, "malloc-debug: %s%s\n", reason, detail);
}

static void print_settings(const enum md_option_source *sources, bool all)
{
	for (size_t i = 0; i < md_option_count; i++) {
		const struct md_option_info *info = &md_option_table[i];
		char value[MD_OPTION_TEXT_MAX];

		if (!all && sources[i] == MD_SOURCE_DEFAULT)
			continue;
		md_options_value_text(&md_process.options, info, value, sizeof value);
		if (all)
			md_textf(&early, "  %s=%S\n      %s\n", info->name, value, info->help);
		else
			md_textf(&early, "malloc-debug: %s=%S\n", info->name, value);
	}
}

static enum md_option_source source_of(const enum md_option_source *sources, const char *name)
{
	return sources[md_options_find(name) - md_option_table];
}

static void begin_heap(const enum md_option_source *sources)
{
	const struct md_options *options = &md_process.options;
	struct md_heap_config config = {
		.redzone = options->redzone,
		.fill_alloc = options->fill_alloc,
		.fill_free = options->fill_free,
		.fill_alloc_byte = (unsigned char)options->fill_alloc_byte,
		.fill_free_byte = (unsigned char)options->fill_free_byte,
		.quarantine = options->quarantine,
		.quarantine_fixed = source_of(sources, "quarantine") > MD_SOURCE_PRESET || options->preset == MD_PRESET_FULL,
		.history = options->history,
		.realloc_move = options->realloc_move,
		.max_alloc = options->max_alloc,
		.mismatch = options->mismatch,
		.guard = {
			.mode = (enum md_guard_mode)options->guard,
			.side = (enum md_guard_side)options->guard_side,
			.align = (enum md_guard_align)options->guard_align,
			.budget_bytes = options->guard_budget,
			.size_min = options->guard_min,
			.size_max = options->guard_max,
			.stacks = options->guard_stacks,
		},
		.failures = {
			.after = options->fail_after,
			.rate = options->fail_rate,
			.seed = options->fail_seed,
			.size = options->fail_size,
			.count = options->fail_count,
			.stacks = options->fail_stack,
			.list = options->fail_list[0] != '\0',
			.tell = options->verbose,
		},
	};

	if (!md_heap_init(&md_process.heap, &config)) {
		md_textf(&early, "malloc-debug: the system has no memory for the first tables: the program runs without us\n");
		atomic_store(&md_process.mode, MD_MODE_PASS);
		return;
	}
	md_history_file_begin(complain);
}

static void decide_mode(const enum md_option_source *sources)
{
	const struct md_options *options = &md_process.options;

	if (options->preset == MD_PRESET_OFF) {
		say("preset=off: everything is handed on to the C library", "");
	} else if (!md_options_program_matches(options->program, base_name(md_process.program))) {
		say("the option program does not name this one: ", md_process.program);
	} else if (!md_resolves_to("malloc", (const void *)malloc)) {
		say("this program has a malloc of its own: ", md_process.program);
	} else {
		begin_heap(sources);
		return;
	}
	atomic_store(&md_process.mode, MD_MODE_PASS);
}

#define PIPE_FLAGS (O_CLOEXEC | O_NONBLOCK)

/* The two descriptors that the next pipe gets. */
static void find_next_pipe(int ends[2])
{
	if (md_syscall2(SYS_pipe2, (long)ends, PIPE_FLAGS) != 0) {
		ends[0] = ends[1] = -1;
		return;
	}
	md_syscall1(SYS_close, ends[0]);
	md_syscall1(SYS_close, ends[1]);
}

/* libunwind's start opens a pipe to probe memory through, which our way of using it never does: the program's descriptors are as without us. */
static void close_unwinder_pipe(const int ends[2])
{
	struct stat status[2];

	for (int i = 0; i < 2; i++) {
		if (ends[i] < 0 || md_syscall4(SYS_newfstatat, ends[i], (long)"", (long)&status[i], AT_EMPTY_PATH) != 0 || !S_ISFIFO(status[i].st_mode) ||
			!(md_syscall2(SYS_fcntl, ends[i], F_GETFL) & O_NONBLOCK) || md_syscall2(SYS_fcntl, ends[i], F_GETFD) != FD_CLOEXEC)
			return;
	}
	if (status[0].st_ino != status[1].st_ino)
		return;
	md_syscall1(SYS_close, ends[0]);
	md_syscall1(SYS_close, ends[1]);
}

static __attribute__((noinline)) void load_unwinder(void)
{
	struct md_thread *self = md_entry_begin(); /* what the loader allocates for us is not the program's */
	const char *why = NULL;
	int ends[2];

	find_next_pipe(ends);
	if (!md_unwind_generic_init(&why) && md_process.options.verbose) {
		early.length = 0;
		say(why, "");
		md_sink_write(early.buffer, early.length);
	}
	close_unwinder_pipe(ends);
	if (self)
		md_entry_end(self);
}

static void init_watch(void)
{
	const char *complaint;

	md_watch_init(&complaint);
	if (complaint)
		complain(NULL, complaint);
}

static enum md_option_source sources[128];

/* -z initfirst: before every other constructor, with the arguments of main. */
__attribute__((constructor)) static void start(int argc, char **argv, char **envp)
{
	struct md_options_io io = { .get = get_variable, .complain = complain, .entry = get_entry };
	struct timespec wall = { 0 };

	(void)argc;
	md_calls_resolve();
	environment = getauxval(AT_SECURE) ? NULL : envp;
	md_process.start_ticks = md_clock_now();
	md_process.pid = md_process.pid_at_start = (uint32_t)md_syscall0(SYS_getpid);
	md_process.brk_at_start = (uintptr_t)md_syscall1(SYS_brk, 0);
	md_process.start_nanoseconds = md_os_nanoseconds();
	md_syscall2(SYS_clock_gettime, CLOCK_REALTIME, (long)&wall);
	md_process.start_seconds = (uint64_t)wall.tv_sec;
	md_process.no_color = get_variable(NULL, "NO_COLOR") != NULL;
	md_options_init(&md_process.options);
	md_options_read(&md_process.options, &io, sources);
	md_process.depth = (unsigned)md_process.options.backtrace;
	if (md_process.options.children == MD_CHILDREN_STRIP)
		strip_preload();
	find_program(argv);
	find_next();
	md_sink_init(md_process.options.log);
	decide_mode(sources);
	if (md_mode_is(MD_MODE_PASS)) {
		md_process.cxx_next = true;
	} else {
		find_library();
		find_helper();
		find_main_stack();
		md_process.main_frames_high = (uintptr_t)argv;
		md_process.cxx_next = md_cxx_is_replaced();
		md_threads_init();
		md_fork_init();
		md_exit_init();
		md_show_init();
		md_thread_memory_init();
		md_leaks_init();
		md_growth_init();
		md_profile_init();
		if (!md_fault_init()) { /* nobody would open a guard page */
			md_process.heap.config.guard.mode = MD_GUARD_OFF;
			if (md_process.options.faults)
				say("SIGSEGV is ignored, or handled by somebody who came first: bad accesses are not seen, and no block is guarded", "");
		}
		atomic_store_explicit(&md_process.mode, MD_MODE_ACTIVE, memory_order_release);
		md_leak_events_init();
		init_watch();
	}
	if (md_mode_is(MD_MODE_PASS))
		md_calls_stand_back();
	else if (!md_process.options.calls)
		md_calls_switch_off();
	if (md_process.options.verbose)
		md_textf(&early, "malloc-debug " MD_VERSION ": %s in %S (process %u)\n", md_mode_is(MD_MODE_ACTIVE) ? "active" : "standing back",
			md_process.program, (unsigned)md_syscall0(SYS_getpid));
	if (md_process.options.help)
		md_textf(&early, "malloc-debug " MD_VERSION ": options, with the values in force (MALLOC_DEBUG_NAME=value):\n");
	if (md_process.options.help || md_process.options.verbose)
		print_settings(sources, md_process.options.help);
	if (early.length)
		md_sink_write(early.buffer, early.length);
}

typedef int start_main(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

/* What has to wait until the C library has started: dlopen in our constructor would start it there and then, without its arguments and
 * environment. Called by every program's first code, after the constructors of libraries and before those of the program. */
MD_EXPORT int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
	void (*loader_fini)(void), void *stack_end);

__attribute__((optimize("optimize-sibling-calls"))) int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
	void (*init)(void), void (*fini)(void), void (*loader_fini)(void), void *stack_end)
{
	start_main *next = (start_main *)dlsym(RTLD_NEXT, "__libc_start_main");

	if (md_mode_is(MD_MODE_ACTIVE)) {
		load_unwinder();
		md_watch_begin();
		md_stack_names_find();
		md_lsan_init(sources);
	}
	return next(main, argc, argv, init, fini, loader_fini, stack_end); /* a jump: no frame of ours below main */
}
