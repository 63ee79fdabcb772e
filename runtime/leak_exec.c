/* SPDX-License-Identifier: MIT
 *
 * Exec: the strings that are handed over are looked at (calls_exec.h), and there is a last look for leaks of a program that another one is
 * about to replace (option leaks_at=exec).
 *
 * A call whose file cannot be executed makes no search: programs try one folder of PATH after the other. Where the C library looks through
 * PATH, so do we. If the call fails all the same, the program goes on; a report was written, that is all.
 *
 * Called in signal handlers, in children of vfork, in children of programs with threads: calls_exec.h and leak_events.h say what then is
 * not done.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/text.h"
#include "runtime/calls_exec.h"
#include "runtime/entry.h"
#include "runtime/leak_events.h"
#include "runtime/syscall.h"

#define PATH_SHOWN 256
#define MAY_EXECUTE 1 /* X_OK */

static struct {
	int (*execve)(const char *, char *const[], char *const[]);
	int (*execv)(const char *, char *const[]);
	int (*execvp)(const char *, char *const[]);
	int (*execvpe)(const char *, char *const[], char *const[]);
	int (*fexecve)(int, char *const[], char *const[]);
	int (*execveat)(int, const char *, char *const[], char *const[], int);
} next;

#define FIND(name) next.name = (__typeof__(next.name))dlsym(RTLD_NEXT, #name)

void md_leak_exec_find(void)
{
	FIND(execve);
	FIND(execv);
	FIND(execvp);
	FIND(execvpe);
	FIND(fexecve);
	FIND(execveat);
}

/* With the rights that count for exec where the kernel is new enough (5.8) to be asked. */
static bool is_executable(int folder, const char *path, int flags)
{
	struct stat status;
	long result;

	if (!path || md_syscall_failed(md_syscall4(SYS_newfstatat, folder, (long)path, (long)&status, flags)) || !S_ISREG(status.st_mode))
		return false;
	result = md_syscall4(SYS_faccessat2, folder, (long)path, MAY_EXECUTE, flags | AT_EACCESS);
	return result == -ENOSYS || !md_syscall_failed(result);
}

static __attribute__((noinline)) void search(const char *path)
{
	struct md_thread *self = md_entry_begin();
	struct md_leaks_here here;
	char when[PATH_SHOWN + 32], shown[PATH_SHOWN];
	struct md_text text;

	if (!self)
		return;
	MD_LEAKS_HERE(&here);
	strncpy(shown, path ? path : "", sizeof shown - 1);
	shown[sizeof shown - 1] = '\0';
	md_text_init(&text, when, sizeof when - 1, false);
	md_textf(&text, "before exec%s%S", shown[0] ? " of " : "", shown);
	when[text.length] = '\0';
	md_leak_events_search(self, &here, when);
	md_entry_end(self);
}

static void search_for_path(const char *path)
{
	if (md_unlikely(md_leak_events_wanted(MD_LEAKS_AT_EXEC)) && is_executable(AT_FDCWD, path, 0))
		search(path);
}

/* The folders that the C library looks through. */
static const char *search_path(void)
{
	for (char **entry = environ; entry && *entry; entry++)
		if (!strncmp(*entry, "PATH=", 5))
			return *entry + 5;
	return "/bin:/usr/bin";
}

static __attribute__((noinline)) bool is_in_search_path(const char *name)
{
	char path[PATH_MAX];
	size_t name_length = strlen(name);

	for (const char *folder = search_path();; folder++) {
		size_t length = strcspn(folder, ":");

		if (length + name_length + 2 <= sizeof path) {
			memcpy(path, folder, length);
			path[length] = '/';
			memcpy(path + length + (length != 0), name, name_length + 1); /* no folder: the current one */
			if (is_executable(AT_FDCWD, path, 0))
				return true;
		}
		folder += length;
		if (!*folder)
			return false;
	}
}

static void search_for_name(const char *name)
{
	if (md_likely(!md_leak_events_wanted(MD_LEAKS_AT_EXEC)) || !name)
		return;
	if (strchr(name, '/') ? is_executable(AT_FDCWD, name, 0) : is_in_search_path(name))
		search(name);
}

static int refuse(void)
{
	errno = ENOSYS; /* there is no such function behind us */
	return -1;
}

#define SCOPE(called) \
	struct md_calls_scope scope = { \
		.function = called, \
		.frame = __builtin_frame_address(0), \
		.told_before = md_self ? md_self->accesses_told : 0, \
	}

static void look_at_strings(struct md_calls_scope *scope, const char *path, char *const arguments[], char *const environment[])
{
	md_calls_exec_string(scope, path);
	md_calls_exec_strings(scope, arguments);
	md_calls_exec_strings(scope, environment);
}

static int run_path(struct md_calls_scope *scope, const char *path, char *const arguments[], char *const environment[])
{
	look_at_strings(scope, path, arguments, environment);
	search_for_path(path);
	int result = next.execve ? next.execve(path, arguments, environment) : refuse();

	md_calls_end(scope);
	return result;
}

/* With the environment that there is. */
static int run_path_here(struct md_calls_scope *scope, const char *path, char *const arguments[])
{
	look_at_strings(scope, path, arguments, environ);
	search_for_path(path);
	int result = next.execv ? next.execv(path, arguments) : refuse();

	md_calls_end(scope);
	return result;
}

static int run_name_here(struct md_calls_scope *scope, const char *name, char *const arguments[])
{
	look_at_strings(scope, name, arguments, environ);
	search_for_name(name);
	int result = next.execvp ? next.execvp(name, arguments) : refuse();

	md_calls_end(scope);
	return result;
}

MD_EXPORT int execve(const char *path, char *const arguments[], char *const environment[])
{
	SCOPE("execve");
	return run_path(&scope, path, arguments, environment);
}

MD_EXPORT int execv(const char *path, char *const arguments[])
{
	SCOPE("execv");
	return run_path_here(&scope, path, arguments);
}

MD_EXPORT int execvp(const char *name, char *const arguments[])
{
	SCOPE("execvp");
	return run_name_here(&scope, name, arguments);
}

MD_EXPORT int execvpe(const char *name, char *const arguments[], char *const environment[])
{
	SCOPE("execvpe");
	look_at_strings(&scope, name, arguments, environment);
	search_for_name(name);
	int result = next.execvpe ? next.execvpe(name, arguments, environment) : refuse();

	md_calls_end(&scope);
	return result;
}

MD_EXPORT int fexecve(int file, char *const arguments[], char *const environment[])
{
	SCOPE("fexecve");
	look_at_strings(&scope, NULL, arguments, environment);
	if (md_unlikely(md_leak_events_wanted(MD_LEAKS_AT_EXEC)) && is_executable(file, "", AT_EMPTY_PATH))
		search(NULL);
	int result = next.fexecve ? next.fexecve(file, arguments, environment) : refuse();

	md_calls_end(&scope);
	return result;
}

MD_EXPORT int execveat(int folder, const char *path, char *const arguments[], char *const environment[], int flags)
{
	SCOPE("execveat");
	look_at_strings(&scope, path, arguments, environment);
	if (md_unlikely(md_leak_events_wanted(MD_LEAKS_AT_EXEC)) &&
		is_executable(folder, path, flags & (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)))
		search(path);
	int result = next.execveat ? next.execveat(folder, path, arguments, environment, flags) : refuse();

	md_calls_end(&scope);
	return result;
}

/* How many arguments there are after the first one, with the NULL at the end. */
static size_t count_arguments(va_list list)
{
	size_t count = 1;

	while (va_arg(list, char *))
		count++;
	return count;
}

static char **take_arguments(char **arguments, size_t count, const char *first, va_list *list)
{
	arguments[0] = (char *)first;
	for (size_t i = 1; i <= count; i++)
		arguments[i] = va_arg(*list, char *);
	return arguments;
}

/* As the C library does it: on the stack, because exec may be called where nothing may be allocated. */
#define COLLECT(arguments, first, list) \
	va_start(list, first); \
	size_t count = count_arguments(list); \
\
	va_end(list); \
	va_start(list, first); \
	char **arguments = take_arguments(__builtin_alloca((count + 1) * sizeof *arguments), count, first, &(list))

MD_EXPORT int execl(const char *path, const char *first, ...)
{
	va_list list;

	COLLECT(arguments, first, list);
	va_end(list);
	SCOPE("execl");
	return run_path_here(&scope, path, arguments);
}

MD_EXPORT int execlp(const char *name, const char *first, ...)
{
	va_list list;

	COLLECT(arguments, first, list);
	va_end(list);
	SCOPE("execlp");
	return run_name_here(&scope, name, arguments);
}

MD_EXPORT int execle(const char *path, const char *first, ...)
{
	va_list list;

	COLLECT(arguments, first, list);
	char *const *environment = va_arg(list, char *const *);

	va_end(list);
	SCOPE("execle");
	return run_path(&scope, path, arguments, environment);
}
