/* SPDX-License-Identifier: MIT
 *
 * dlclose: what was learned about the closed modules is forgotten, and with leaks_at=dlclose the blocks are reported that their code
 * allocated and that nothing reaches now that their variables are gone.
 *
 * How   Which modules go is only known afterwards: other users, dependencies and RTLD_NODELETE decide. Names of their functions are found
 *       in their files, by build-id (stack_store.h keeps what is needed). A block belongs to the module of the innermost frame of its stack
 *       that is not the language's: what strdup or std::string allocate is their caller's.
 *
 * Locking   none of ours is held; the loader's is free, or this thread's (a dlclose in a destructor).
 */
#include <dlfcn.h>
#include <string.h>

#include "report/text.h"
#include "runtime/entry.h"
#include "runtime/leak_events.h"
#include "runtime/modules.h"
#include "runtime/show.h"
#include "src/leak.h"

#define WHEN_BYTES 512
#define NAMES_MAX 4

/* Rows of the module table that have gone, as bits. */
struct gone {
	uint64_t rows[MD_MODULES_MAX / 64];
	size_t count;
};

static bool has(const struct gone *gone, uint32_t row)
{
	return gone->rows[row / 64] >> (row % 64) & 1;
}

static void note_unloaded(struct gone *gone)
{
	const struct md_modules *modules = &md_process.heap.modules;
	uint32_t count = atomic_load_explicit(&modules->count, memory_order_acquire);

	memset(gone, 0, sizeof *gone);
	for (uint32_t i = 1; i < count; i++) {
		if (!atomic_load(&modules->rows[i].unloaded))
			continue;
		gone->rows[i / 64] |= 1ull << (i % 64);
		gone->count++;
	}
}

/* Takes those out that were gone before. */
static void subtract(struct gone *gone, const struct gone *before)
{
	gone->count -= before->count;
	for (size_t i = 0; i < MD_MODULES_MAX / 64; i++)
		gone->rows[i] &= ~before->rows[i];
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_of_language(uint16_t row)
{
	static const char *const libraries[] = { "libc.so", "libstdc++.so", "libc++.so", "libc++abi.so", "libgcc_s.so", "ld-linux" };
	const char *name = file_name(md_modules_get(&md_process.heap.modules, row)->path);

	for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
		if (!strncmp(name, libraries[i], strlen(libraries[i])))
			return true;
	return false;
}

static bool is_of_gone(void *context, const struct md_leak_group *group)
{
	struct md_frame frames[MD_STACK_FRAMES_MAX];
	size_t count = md_stack_store_frames(md_process.heap.stacks, group->stack, frames, MD_STACK_FRAMES_MAX), i = 0;

	while (i < count && i < MD_STACK_FRAMES_MAX && is_of_language(frames[i].module))
		i++;
	return i < count && i < MD_STACK_FRAMES_MAX && has(context, frames[i].module);
}

static void put_names(struct md_text *text, const struct gone *gone)
{
	size_t named = 0;

	for (uint32_t i = 1; i < MD_MODULES_MAX && named < NAMES_MAX; i++)
		if (has(gone, i))
			md_textf(text, "%s%S", named++ ? ", " : "", file_name(md_modules_get(&md_process.heap.modules, (uint16_t)i)->path));
	if (gone->count > named)
		md_textf(text, " and %lu more", (uint64_t)(gone->count - named));
}

static __attribute__((noinline)) void search(struct gone *gone)
{
	struct md_thread *self = md_entry_begin();
	struct md_leaks_here here;
	struct md_leaks_request request = { .when = MD_LEAKS_AT_EVENT, .fd = MD_TO_SINK, .is_about = is_of_gone, .context = gone };
	char when[WHEN_BYTES];
	struct md_text text;

	if (!self)
		return;
	MD_LEAKS_HERE(&here);
	md_leak_events_limit(&request);
	md_text_init(&text, when, sizeof when - 1, false);
	md_text_put(&text, "after dlclose, for blocks allocated by ");
	put_names(&text, gone);
	md_textf(&text, gone->count == 1 ? ", which was closed" : ", which were closed");
	if (request.since_set)
		md_text_put(&text, ", since the fork");
	when[text.length] = '\0';
	request.when_text = when;
	md_leaks_search(self, &here, &request, NULL);
	md_entry_end(self);
}

static __attribute__((noinline)) int close_and_search(void *handle)
{
	struct gone before, gone;

	note_unloaded(&before);
	int result = md_process.next.dlclose(handle);

	md_modules_sweep(&md_process.heap);
	note_unloaded(&gone);
	subtract(&gone, &before);
	if (gone.count)
		search(&gone);
	return result;
}

MD_EXPORT int dlclose(void *handle)
{
	if (md_unlikely(md_process.next.dlclose && md_leak_events_wanted(MD_LEAKS_AT_DLCLOSE)))
		return close_and_search(handle);
	int result = md_process.next.dlclose ? md_process.next.dlclose(handle) : -1;

	if (md_mode_is(MD_MODE_ACTIVE))
		md_modules_sweep(&md_process.heap);
	return result;
}
