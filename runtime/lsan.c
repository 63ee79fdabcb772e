/* SPDX-License-Identifier: MIT */
#include "runtime/lsan.h"

#include <dlfcn.h>
#include <stdatomic.h>

#include "report/text.h"
#include "runtime/entry.h"
#include "runtime/leaks.h"
#include "runtime/policy.h"
#include "runtime/show.h"
#include "runtime/sink.h"
#include "src/inspect.h"
#include "src/options_lsan.h"

MD_EXPORT void __lsan_disable(void);
MD_EXPORT void __lsan_enable(void);
MD_EXPORT void __lsan_ignore_object(const void *object);
MD_EXPORT void __lsan_register_root_region(const void *begin, size_t bytes);
MD_EXPORT void __lsan_unregister_root_region(const void *begin, size_t bytes);
MD_EXPORT void __lsan_do_leak_check(void);
MD_EXPORT int __lsan_do_recoverable_leak_check(void);

/* The program's, if it has them. Weak references rather than dlsym: a program that is linked against us exports what we refer to. */
extern const char *__lsan_default_options(void) __attribute__((weak, visibility("default")));
extern const char *__lsan_default_suppressions(void) __attribute__((weak, visibility("default")));
extern int __lsan_is_turned_off(void) __attribute__((weak, visibility("default")));

static const char *suppressions;
static bool turned_off;
static _Atomic bool searched;

/* Where we stand back, another library's of the same name may be behind ours. Its malloc may call these while the loader allocates for a
 * look-up, which is why they are not looked up when they are called. */
static struct {
	__typeof__(&__lsan_disable) __lsan_disable;
	__typeof__(&__lsan_enable) __lsan_enable;
	__typeof__(&__lsan_ignore_object) __lsan_ignore_object;
	__typeof__(&__lsan_register_root_region) __lsan_register_root_region;
	__typeof__(&__lsan_unregister_root_region) __lsan_unregister_root_region;
	__typeof__(&__lsan_do_leak_check) __lsan_do_leak_check;
	__typeof__(&__lsan_do_recoverable_leak_check) __lsan_do_recoverable_leak_check;
} next;

#define FIND_NEXT(name) (next.name = (__typeof__(next.name))dlsym(RTLD_NEXT, #name))

void md_lsan_find(void)
{
	if (!FIND_NEXT(__lsan_disable)) /* nobody has one without the others */
		return;
	FIND_NEXT(__lsan_enable);
	FIND_NEXT(__lsan_ignore_object);
	FIND_NEXT(__lsan_register_root_region);
	FIND_NEXT(__lsan_unregister_root_region);
	FIND_NEXT(__lsan_do_leak_check);
	FIND_NEXT(__lsan_do_recoverable_leak_check);
}

#define CALL_NEXT(name, ...) \
	do { \
		if (md_mode_is(MD_MODE_PASS) && next.name) \
			next.name(__VA_ARGS__); \
	} while (0)

/* --- what the program says ---------------------------------------------------- */

static void say(const char *line)
{
	char buffer[640];
	struct md_text text;

	md_text_init(&text, buffer, sizeof buffer - 1, false);
	md_textf(&text, "malloc-debug: %S", line);
	buffer[text.length] = '\n';
	md_lock_take(&md_report_lock);
	md_sink_write(buffer, text.length + 1);
	md_lock_release(&md_report_lock);
}

static void complain(void *context, const char *line)
{
	struct md_thread *self = md_entry_begin();

	(void)context;
	if (!self)
		return;
	say(line);
	md_entry_end(self);
}

void md_lsan_init(enum md_option_source *sources)
{
	const struct md_options_io io = { .complain = complain };
	const char *options = __lsan_default_options ? __lsan_default_options() : NULL;

	if (options)
		md_options_read_lsan(&md_process.options, options, "__lsan_default_options", MD_SOURCE_PROGRAM, &io, sources);
	suppressions = __lsan_default_suppressions ? __lsan_default_suppressions() : NULL;
	turned_off = __lsan_is_turned_off && __lsan_is_turned_off();
}

const char *md_lsan_suppressions(void)
{
	return suppressions;
}

bool md_lsan_search_at_exit(void)
{
	return !turned_off && !atomic_load_explicit(&searched, memory_order_relaxed);
}

/* --- annotations --------------------------------------------------------------- */

/* The calling thread's struct, busy or not: these two only count in it. */
static struct md_thread *thread(void)
{
	return md_self ? md_self : md_thread_attach();
}

void __lsan_disable(void)
{
	struct md_thread *self = thread();

	if (self)
		self->leaks_ignored++;
	else
		CALL_NEXT(__lsan_disable);
}

void __lsan_enable(void)
{
	struct md_thread *self = thread();

	if (!self)
		CALL_NEXT(__lsan_enable);
	else if (self->leaks_ignored)
		self->leaks_ignored--;
	else
		complain(NULL, "__lsan_enable was called more often than __lsan_disable in this thread");
}

/* LeakSanitizer takes any address inside the block. */
void __lsan_ignore_object(const void *object)
{
	struct md_thread *self = md_entry_begin();
	uintptr_t addr = (uintptr_t)object;
	struct md_block_view block;

	if (!self) {
		CALL_NEXT(__lsan_ignore_object, object);
		return;
	}
	md_inspect_address(&md_process.heap, addr, &block);
	if (block.valid && block.state == MD_BLOCK_LIVE && addr >= block.user && addr <= block.user + block.size)
		md_leaks_ignore((const void *)block.user);
	md_entry_end(self);
}

void __lsan_register_root_region(const void *begin, size_t bytes)
{
	struct md_thread *self = md_entry_begin();

	if (!self) {
		CALL_NEXT(__lsan_register_root_region, begin, bytes);
		return;
	}
	if (bytes && !md_leaks_root_add(begin, bytes))
		say("__lsan_register_root_region: there is no room for more regions: what only this one points to is listed as a leak");
	md_entry_end(self);
}

void __lsan_unregister_root_region(const void *begin, size_t bytes)
{
	struct md_thread *self = md_entry_begin();

	if (!self) {
		CALL_NEXT(__lsan_unregister_root_region, begin, bytes);
		return;
	}
	if (bytes && !md_leaks_root_remove(begin, bytes))
		say("__lsan_unregister_root_region: no such region was registered");
	md_entry_end(self);
}

/* --- searches ------------------------------------------------------------------- */

void __lsan_do_leak_check(void)
{
	struct md_thread *self = md_entry_begin();
	struct md_leaks_here here;
	long found = 0;

	if (!self) {
		CALL_NEXT(__lsan_do_leak_check);
		return;
	}
	if (!turned_off && !atomic_exchange(&searched, true)) {
		struct md_leaks_request request = { .when = MD_LEAKS_AT_EXIT, .fd = MD_TO_SINK, .when_text = "by __lsan_do_leak_check" };

		MD_LEAKS_HERE(&here);
		found = md_leaks_search(self, &here, &request, NULL);
	}
	md_entry_end(self);
	/* As LeakSanitizer does: it is the search at exit, made here. */
	if (found > 0 && md_process.options.leak_exitcode)
		md_policy_exit((int)md_process.options.leak_exitcode);
}

int __lsan_do_recoverable_leak_check(void)
{
	struct md_thread *self = md_entry_begin();
	struct md_leaks_here here;
	long found = 0;

	if (!self)
		return md_mode_is(MD_MODE_PASS) && next.__lsan_do_recoverable_leak_check ? next.__lsan_do_recoverable_leak_check() : 0;
	if (!turned_off) {
		struct md_leaks_request request = { .when = MD_LEAKS_ON_REQUEST, .fd = MD_TO_SINK, .quiet = true };

		MD_LEAKS_HERE(&here);
		found = md_leaks_search(self, &here, &request, NULL);
	}
	md_entry_end(self);
	return found > 0;
}
