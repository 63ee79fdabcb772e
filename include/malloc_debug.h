/* SPDX-License-Identifier: MIT
 *
 * malloc-debug: calls that a program may make of the library it runs under.
 *
 * Nothing has to be linked. Every call below is a small inline function that looks the library up once (in each source file that uses
 * it) and calls through its table. Without the library, in a static program, or in one that keeps its own malloc, the calls do nothing
 * and say so by their result: -ENOSYS, 0 or NULL. A program can therefore keep them in every build and run it with or without
 * `malloc-debug run`.
 *
 *     malloc_debug_check_all();            // now, not only when the blocks are freed
 *     malloc_debug_show_map(STDERR_FILENO);
 *
 * Use        C11 or C++11 and later, gcc or clang, PIE or not. With a C library that has dlsym in libdl (glibc before 2.34) link with -ldl.
 * Results    0 or a count; on failure a negated errno value. errno itself is left alone.
 * Text       goes to a descriptor of the caller, by write(2): flush your own buffered output first. The descriptor stays open and stays
 *            the caller's. Colour is used if the option `color` says so, or on a terminal.
 * Threads    every call is thread-safe. Text and checks describe a heap that other threads may change meanwhile; each line is true by
 *            itself.
 * Signals    no call is async-signal-safe, except where it says so. For text on a signal there is the option `signal_show`.
 * Versions   structs only grow at their end, and carry or take their size; a library older than this header answers -ENOSYS to what it
 *            lacks.
 * Debuggers  and other languages find the same names as ordinary functions in the library: `call malloc_debug_show_map(2)`.
 *
 * Sizes are in bytes, and are those the program asked for: red zones and rounding count only where a name says mapped or metadata.
 */
#ifndef MALLOC_DEBUG_H
#define MALLOC_DEBUG_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In a program: inline functions. The library itself defines MALLOC_DEBUG_LIBRARY and gets plain declarations of what it exports. */
#ifdef MALLOC_DEBUG_LIBRARY
#define MALLOC_DEBUG_CALL __attribute__((visibility("default")))
#else
#define MALLOC_DEBUG_CALL static inline
#endif

/** Counters of this process, as malloc_debug_counters() gives them. Events are counted since the library started. */
struct malloc_debug_counts {
	uint64_t allocations;        /**< blocks handed out, by malloc and all its relatives, operators new included */
	uint64_t frees;              /**< blocks taken back */
	uint64_t reallocations;      /**< calls of realloc and reallocarray on a block */
	uint64_t failed;             /**< requests that got NULL (or std::bad_alloc) */
	uint64_t allocated_bytes;    /**< sum of all requests that were served */
	uint64_t live_blocks;        /**< blocks that are the program's now */
	uint64_t live_bytes;         /**< bytes in them */
	uint64_t peak_bytes;         /**< most bytes of zones in use at a time; live_bytes never was higher */
	uint64_t quarantined_blocks; /**< freed blocks held back from reuse now */
	uint64_t quarantined_bytes;  /**< bytes in them */
	uint64_t mapped_bytes;       /**< address space of all zones */
	uint64_t metadata_bytes;     /**< our own records: blocks, stacks, history */
	uint64_t checks;             /**< times that the whole heap was checked */
	uint64_t findings;           /**< errors noticed, repetitions included */
	uint64_t reports;            /**< reports written */
};

/** One error, for the callback of malloc_debug_on_error(). Valid, with all that it points to, until the callback returns. */
struct malloc_debug_error {
	size_t bytes;        /**< size of this struct in the library: members past it are not there */
	const char *slug;    /**< "double-free", "heap-buffer-overflow", ...: stable from version to version */
	const void *address; /**< the pointer that was passed, or the first damaged byte */
	const void *block;   /**< start of the block concerned; NULL if there is none */
	size_t block_bytes;  /**< its size; 0 if there is none */
	const char *report;  /**< the report as written, without colour; NUL-terminated */
	size_t report_bytes; /**< its length without the NUL */
};

/**
 * Called after each report, in the thread that noticed the error.
 *
 * The callback may allocate and free, and may end the process. No lock of the library is held. An error found while a callback runs in the
 * same thread is reported, but the callback is not called for it.
 */
typedef void malloc_debug_error_callback(const struct malloc_debug_error *error, void *context);

/** Flags of malloc_debug_purge(). */
enum {
	MALLOC_DEBUG_PURGE_KEEP_ZONES = 1 /**< keep empty zones, so that their free runs can be seen in the map */
};

/** Formats of malloc_debug_write_map() and malloc_debug_write_history(). */
enum {
	MALLOC_DEBUG_TEXT = 0, /**< as malloc_debug_show_map() and malloc_debug_show_history() */
	MALLOC_DEBUG_JSON = 1, /**< one line; see malloc-debug-report(5). Several can follow each other in a file */
	MALLOC_DEBUG_HTML = 2  /**< a page for browsers, one in a file; it needs nothing from outside */
};

/**
 * Version of the library the program runs under.
 *
 * @return  "0.1.0" or the like, valid for ever; NULL without the library.
 *
 * Async-signal-safe after its first call. Since 0.1.
 */
MALLOC_DEBUG_CALL const char *malloc_debug_version(void);

/**
 * Tells whether the program's malloc is the library's.
 *
 * @return  1 if it is; 0 without the library, with preset=off, and where the option `program` or a malloc of the program's own keeps it
 *          out.
 *
 * Async-signal-safe after its first call. Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_active(void);

/**
 * Checks the bytes around one block, and reports damage.
 *
 * @param block  What malloc returned. A freed block that is still held back is checked for writes after the free.
 * @return       0 if all is well, 1 if damage was found (reported, and repaired so that it is not found again),
 *               -EINVAL if it is not the start of a live or held back block, -ENOSYS without the library.
 *
 * Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_check(const void *block);

/**
 * Checks every block, live and held back, and reports all damage.
 *
 * @return  Number of problems found (0 or more); -ENOSYS without the library.
 *
 * Takes time in proportion to the heap. Since 0.1.
 */
MALLOC_DEBUG_CALL long malloc_debug_check_all(void);

/**
 * Says in words what an address is: in, before or behind which block, whose, allocated and freed where; or stack, global, mapping.
 *
 * @param fd       Descriptor to write to.
 * @param address  Any address; it is not followed unless it can be read.
 * @return         0, -EBADF or another error of write(2), -ENOSYS without the library.
 *
 * Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_describe(int fd, const void *address);

/**
 * Prints memory in hexadecimal, each byte marked: the program's, slack, red zone, freed, free, damaged.
 *
 * @param fd       Descriptor to write to.
 * @param address  Address in a block or in its red zones: the whole block is printed (of a large one the lines near the address, its start
 *                 and its end). Any other address: the memory around it.
 * @param context  Bytes to print before and after the block, or around the address.
 * @return         0, -EFAULT if nothing there can be read, an error of write(2), -ENOSYS without the library.
 *
 * Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_hexdump(int fd, const void *address, size_t context);

/**
 * Draws all zones: kind, address range, and the state of every block (live, freed, held back, damaged, free run), totals and fragmentation.
 *
 * @param fd  Descriptor to write to.
 * @return    0, an error of write(2), -ENOSYS without the library.
 *
 * Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_show_map(int fd);

/**
 * Lists what was allocated and freed, oldest first, with stacks.
 *
 * @param fd          Descriptor to write to.
 * @param address     Only events of blocks at this address; NULL: all.
 * @param events_max  Most events to print, the youngest ones; 0: no limit.
 * @return            Number of events printed (0 or more), an error of write(2), -ENOSYS without the library.
 *
 * How far back it goes is set by the option `history`. Since 0.1.
 */
MALLOC_DEBUG_CALL long malloc_debug_show_history(int fd, const void *address, size_t events_max);

/**
 * Writes the map of the heap in a format for people or machines: all zones, blocks, and the stacks that allocated them.
 *
 * @param fd      Descriptor to write to.
 * @param format  MALLOC_DEBUG_TEXT, MALLOC_DEBUG_JSON or MALLOC_DEBUG_HTML.
 * @return        0, -EINVAL for another format, -ENOMEM, an error of write(2), -ENOSYS without the library.
 *
 * In a heap of more blocks than the option `map_blocks` says, neighbours are put together. Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_write_map(int fd, int format);

/**
 * Writes what was allocated and freed, oldest first, with stacks, in a format for people or machines.
 *
 * @param fd          Descriptor to write to.
 * @param address     Only events of blocks at this address; NULL: all.
 * @param events_max  Most events to write, the youngest ones; 0: 16384, which is also the limit.
 * @param format      MALLOC_DEBUG_TEXT, MALLOC_DEBUG_JSON or MALLOC_DEBUG_HTML.
 * @return            Number of events written (0 or more), -EINVAL for another format, -ENOMEM, an error of write(2), -ENOSYS without
 *                    the library.
 *
 * Since 0.1.
 */
MALLOC_DEBUG_CALL long malloc_debug_write_history(int fd, const void *address, size_t events_max, int format);

/**
 * Prints all counters.
 *
 * @param fd  Descriptor to write to.
 * @return    0, an error of write(2), -ENOSYS without the library.
 *
 * Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_show_stats(int fd);

/**
 * Copies the counters.
 *
 * @param counters  Out: filled up to the size given; members that the library does not know are 0. Untouched on error.
 * @param bytes     sizeof(struct malloc_debug_counts), as the caller was compiled.
 * @return          0, -EINVAL if counters is NULL, -ENOSYS without the library.
 *
 * The counters of other threads are read without stopping them. Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_counters(struct malloc_debug_counts *counters, size_t bytes);

/**
 * Sets the function that is called after each report of this process.
 *
 * @param callback  The new one; NULL: none.
 * @param context   Handed to it.
 * @return          The one before, or NULL if there was none, or without the library.
 *
 * Since 0.1.
 */
MALLOC_DEBUG_CALL malloc_debug_error_callback *malloc_debug_on_error(malloc_debug_error_callback *callback, void *context);

/**
 * Gives back what is held: the quarantine, whose blocks are checked on the way, the caller's and idle thread caches, and empty zones.
 *
 * @param flags  0 or MALLOC_DEBUG_PURGE_KEEP_ZONES.
 * @return       Number of problems found (0 or more), -EINVAL for unknown flags, -ENOSYS without the library.
 *
 * Freed neighbours merge, so that the map shows what is in use and what is free. Since 0.1.
 */
MALLOC_DEBUG_CALL long malloc_debug_purge(unsigned flags);

/**
 * Looks for blocks that nothing in the process points to, and writes a report of them.
 *
 * @param fd     Descriptor to write to.
 * @param bytes  Out: bytes in the leaked blocks. May be NULL. Untouched on error.
 * @return       Number of leaked blocks (0 or more), held ones counted, suppressed and ignored ones not; -EBUSY if a search is under way
 *               in another thread, -EPERM where the system or the program's own system call filter does not let us look, -ENOMEM, an
 *               error of write(2), -ENOSYS without the library.
 *
 * The other threads stand still meanwhile (about a second for a heap of 1 GiB). What only a local variable or a register of the caller
 * points to is no leak; an optimising compiler may forget a variable before its block ends. Since 0.1.
 */
MALLOC_DEBUG_CALL long malloc_debug_check_leaks(int fd, size_t *bytes);

/**
 * The same for blocks that were allocated after a snapshot.
 *
 * @param snapshot  What malloc_debug_snapshot() returned.
 * @param fd        Descriptor to write to.
 * @return          Number of them that are leaked, -EINVAL if the snapshot is not kept any more (the last 16 are) or never was; else as
 *                  malloc_debug_check_leaks().
 *
 * An older leaked block is listed if it holds younger ones. Since 0.1.
 */
MALLOC_DEBUG_CALL long malloc_debug_leaks_since(long snapshot, int fd);

/**
 * A block is no leak, nor is what it points to: for what is kept until the end on purpose.
 *
 * @param block  What malloc returned.
 * @return       0, -EINVAL if it is not the start of a live block, -ENOSYS without the library.
 *
 * Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_ignore(const void *block);

/**
 * From here to malloc_debug_ignore_end(), what the calling thread allocates is no leak, as if malloc_debug_ignore() were called for each
 * block. Scopes nest.
 *
 * @return  0, -ENOSYS without the library.
 *
 * Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_ignore_begin(void);

/**
 * Ends the scope that the calling thread began last.
 *
 * @return  0, -EINVAL if there is none, -ENOSYS without the library.
 *
 * Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_ignore_end(void);

/**
 * Names memory in which pointers are to be looked for, too. That is needed only for memory that is shared with other processes or comes
 * from a device: all else is looked at anyway.
 *
 * @param begin  Its start.
 * @param bytes  Its length.
 * @return       0, -EINVAL for an empty range, -ENOSPC if 1024 are named already, -ENOSYS without the library.
 *
 * It need not be readable at all times. Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_root_add(const void *begin, size_t bytes);

/**
 * Takes back what malloc_debug_root_add() named with the same arguments.
 *
 * @return  0, -ENOENT if there is no such range, -ENOSYS without the library.
 *
 * Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_root_remove(const void *begin, size_t bytes);

/**
 * Notes how many blocks and bytes are live now, by the stack that allocated them.
 *
 * @return  Id of the snapshot: 1, and one more each time; -ENOMEM, -ENOSYS without the library.
 *
 * The last 16 are kept, in 64 MiB at most. Other threads are not stopped. Takes at least until the clock that blocks are stamped with
 * ticks (2 ms). Without a change to the program the option `signal_snapshot` does the same. Since 0.1.
 */
MALLOC_DEBUG_CALL long malloc_debug_snapshot(void);

/**
 * Reports which stacks have more live bytes in each of the last snapshots than in the one before, the largest rise first: what grows, be it
 * leaked or still reachable.
 *
 * @param fd         Descriptor to write to.
 * @param snapshots  Snapshots to compare, 2 to 16; 0: all that are kept.
 * @return           Number of such stacks (0 or more), -ENODATA if there are fewer snapshots, -EINVAL for 1 and above 16, -ENOMEM, an error
 *                   of write(2), -ENOSYS without the library.
 *
 * Since 0.1.
 */
MALLOC_DEBUG_CALL long malloc_debug_growth(int fd, unsigned snapshots);

/**
 * Reports who points to a block: the shortest chain from a global variable, a stack, a register or other memory, from block to block.
 *
 * @param fd     Descriptor to write to.
 * @param block  Address of a live block, or inside one.
 * @return       Number of blocks in the chain, that one included; 0 if no chain leads there (the report says why), -EINVAL if there is no
 *               block; else as malloc_debug_check_leaks().
 *
 * That the caller's own stack and registers have its address does not count, or every answer would be that. The other threads stand still
 * meanwhile, up to five seconds in a very large heap. Since 0.1.
 */
MALLOC_DEBUG_CALL long malloc_debug_who_points(int fd, const void *block);

/** Formats of malloc_debug_write_profile(). */
enum {
	MALLOC_DEBUG_PPROF = 0,  /**< profile.proto, packed with gzip: for pprof, and for profile stores */
	MALLOC_DEBUG_FOLDED = 1, /**< a line for each stack, for flame graphs */
	MALLOC_DEBUG_MASSIF = 2  /**< as Valgrind's massif writes: all profiles in this format so far, for ms_print */
};

/**
 * Writes how many blocks and bytes each stack has allocated: those that are live, and, with `profile_kinds=allocs`, all.
 *
 * @param fd      Descriptor to write to; -1: the file of the option `profile_file`, in its format.
 * @param format  MALLOC_DEBUG_PPROF, MALLOC_DEBUG_FOLDED or MALLOC_DEBUG_MASSIF.
 * @return        0, -EINVAL for another format, or if fd is -1 and `profile_file` is not set; -ENOMEM, an error of open(2) or write(2), -ENOSYS
 *                without the library.
 *
 * Other threads are not stopped: each block is counted as it was at one moment. Since 0.1.
 */
MALLOC_DEBUG_CALL int malloc_debug_write_profile(int fd, int format);

/**
 * The library's table, as it stands behind the calls above. Programs have no need of it.
 */
struct malloc_debug_api {
	size_t bytes; /**< size of the table in the library: members past it are not there */
	const char *(*version)(void);
	int (*active)(void);
	int (*check)(const void *block);
	long (*check_all)(void);
	int (*describe)(int fd, const void *address);
	int (*hexdump)(int fd, const void *address, size_t context);
	int (*show_map)(int fd);
	long (*show_history)(int fd, const void *address, size_t events_max);
	int (*show_stats)(int fd);
	int (*counters)(struct malloc_debug_counts *counters, size_t bytes);
	malloc_debug_error_callback *(*on_error)(malloc_debug_error_callback *callback, void *context);
	long (*purge)(unsigned flags);
	long (*check_leaks)(int fd, size_t *bytes);
	long (*leaks_since)(long snapshot, int fd);
	int (*ignore)(const void *block);
	int (*ignore_begin)(void);
	int (*ignore_end)(void);
	int (*root_add)(const void *begin, size_t bytes);
	int (*root_remove)(const void *begin, size_t bytes);
	long (*snapshot)(void);
	long (*growth)(int fd, unsigned snapshots);
	long (*who_points)(int fd, const void *block);
	int (*write_map)(int fd, int format);
	long (*write_history)(int fd, const void *address, size_t events_max, int format);
	int (*write_profile)(int fd, int format);
};

#ifdef MALLOC_DEBUG_LIBRARY

/** The only name that programs look up. Never NULL; the table does not change and is valid for ever. */
MALLOC_DEBUG_CALL const struct malloc_debug_api *malloc_debug_api(void);

#else

/* A weakref leaves dlsym undefined and weak if nothing else here uses it, so that static programs link without it (it is then NULL), and is
 * an ordinary reference if the program calls dlsym itself. It needs no prototype that could contradict the one in <dlfcn.h>. */
static void *malloc_debug_dlsym_(void *handle, const char *name) __attribute__((weakref("dlsym")));

/* The library's table, or an empty one. A definition of the library's functions in the program (weak or not) would win over a preloaded
 * library, and a weak reference is settled when the program is linked; hence a look-up when it runs. */
static inline const struct malloc_debug_api *malloc_debug_find_api_(void)
{
	static const struct malloc_debug_api none = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const struct malloc_debug_api *found;
	const struct malloc_debug_api *api = __atomic_load_n(&found, __ATOMIC_ACQUIRE);

	if (!api) {
		const struct malloc_debug_api *(*get)(void) = 0;

		if (malloc_debug_dlsym_) {
			int error = errno;
			void *symbol = malloc_debug_dlsym_((void *)0, "malloc_debug_api"); /* RTLD_DEFAULT, also without _GNU_SOURCE */

			__builtin_memcpy(&get, &symbol, sizeof get); /* ISO C has no conversion from object to function pointers */
			errno = error;
		}
		api = get ? get() : &none;
		__atomic_store_n(&found, api, __ATOMIC_RELEASE); /* threads that race here store the same */
	}
	return api;
}

/* Calls one member of the table if the library has it, else gives the value for "not there". */
#define MALLOC_DEBUG_FORWARD_(member, arguments, absent) \
	const struct malloc_debug_api *api_ = malloc_debug_find_api_(); \
	return api_->bytes > offsetof(struct malloc_debug_api, member) ? api_->member arguments : absent

static inline const char *malloc_debug_version(void)
{
	MALLOC_DEBUG_FORWARD_(version, (), 0);
}

static inline int malloc_debug_active(void)
{
	MALLOC_DEBUG_FORWARD_(active, (), 0);
}

static inline int malloc_debug_check(const void *block)
{
	MALLOC_DEBUG_FORWARD_(check, (block), -ENOSYS);
}

static inline long malloc_debug_check_all(void)
{
	MALLOC_DEBUG_FORWARD_(check_all, (), -ENOSYS);
}

static inline int malloc_debug_describe(int fd, const void *address)
{
	MALLOC_DEBUG_FORWARD_(describe, (fd, address), -ENOSYS);
}

static inline int malloc_debug_hexdump(int fd, const void *address, size_t context)
{
	MALLOC_DEBUG_FORWARD_(hexdump, (fd, address, context), -ENOSYS);
}

static inline int malloc_debug_show_map(int fd)
{
	MALLOC_DEBUG_FORWARD_(show_map, (fd), -ENOSYS);
}

static inline long malloc_debug_show_history(int fd, const void *address, size_t events_max)
{
	MALLOC_DEBUG_FORWARD_(show_history, (fd, address, events_max), -ENOSYS);
}

static inline int malloc_debug_write_map(int fd, int format)
{
	MALLOC_DEBUG_FORWARD_(write_map, (fd, format), -ENOSYS);
}

static inline long malloc_debug_write_history(int fd, const void *address, size_t events_max, int format)
{
	MALLOC_DEBUG_FORWARD_(write_history, (fd, address, events_max, format), -ENOSYS);
}

static inline int malloc_debug_show_stats(int fd)
{
	MALLOC_DEBUG_FORWARD_(show_stats, (fd), -ENOSYS);
}

static inline int malloc_debug_counters(struct malloc_debug_counts *counters, size_t bytes)
{
	MALLOC_DEBUG_FORWARD_(counters, (counters, bytes), -ENOSYS);
}

static inline malloc_debug_error_callback *malloc_debug_on_error(malloc_debug_error_callback *callback, void *context)
{
	MALLOC_DEBUG_FORWARD_(on_error, (callback, context), 0);
}

static inline long malloc_debug_purge(unsigned flags)
{
	MALLOC_DEBUG_FORWARD_(purge, (flags), -ENOSYS);
}

static inline long malloc_debug_check_leaks(int fd, size_t *bytes)
{
	MALLOC_DEBUG_FORWARD_(check_leaks, (fd, bytes), -ENOSYS);
}

static inline long malloc_debug_leaks_since(long snapshot, int fd)
{
	MALLOC_DEBUG_FORWARD_(leaks_since, (snapshot, fd), -ENOSYS);
}

static inline int malloc_debug_ignore(const void *block)
{
	MALLOC_DEBUG_FORWARD_(ignore, (block), -ENOSYS);
}

static inline int malloc_debug_ignore_begin(void)
{
	MALLOC_DEBUG_FORWARD_(ignore_begin, (), -ENOSYS);
}

static inline int malloc_debug_ignore_end(void)
{
	MALLOC_DEBUG_FORWARD_(ignore_end, (), -ENOSYS);
}

static inline int malloc_debug_root_add(const void *begin, size_t bytes)
{
	MALLOC_DEBUG_FORWARD_(root_add, (begin, bytes), -ENOSYS);
}

static inline int malloc_debug_root_remove(const void *begin, size_t bytes)
{
	MALLOC_DEBUG_FORWARD_(root_remove, (begin, bytes), -ENOSYS);
}

static inline long malloc_debug_snapshot(void)
{
	MALLOC_DEBUG_FORWARD_(snapshot, (), -ENOSYS);
}

static inline long malloc_debug_growth(int fd, unsigned snapshots)
{
	MALLOC_DEBUG_FORWARD_(growth, (fd, snapshots), -ENOSYS);
}

static inline long malloc_debug_who_points(int fd, const void *block)
{
	MALLOC_DEBUG_FORWARD_(who_points, (fd, block), -ENOSYS);
}

static inline int malloc_debug_write_profile(int fd, int format)
{
	MALLOC_DEBUG_FORWARD_(write_profile, (fd, format), -ENOSYS);
}

#undef MALLOC_DEBUG_FORWARD_

#endif /* MALLOC_DEBUG_LIBRARY */

#undef MALLOC_DEBUG_CALL

#ifdef __cplusplus
}
#endif

#endif
