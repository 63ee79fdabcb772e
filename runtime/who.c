/* SPDX-License-Identifier: MIT */
#include "runtime/who.h"

#include <errno.h>

#include "runtime/policy.h"
#include "runtime/restrict.h"
#include "runtime/show.h"
#include "runtime/sink.h"
#include "runtime/symbol_client.h"
#include "runtime/thread_memory.h"
#include "src/os.h"

#define SECONDS_MAX 5 /* that the other threads stand still for a chain that somebody asked for */
#define TEXT_BYTES ((size_t)64 << 10)
#define NAMES_BYTES ((size_t)1 << 20)
#define FRAMES_MAX (MD_LEAK_PATH_MAX * MD_STACK_FRAMES_MAX)

/* Memory of one report. */
struct page {
	char text[TEXT_BYTES];
	struct md_frame frames[FRAMES_MAX];
	_Alignas(16) char names[NAMES_BYTES];
};

#define PAGE_BYTES ((sizeof(struct page) + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1))

static bool show_words(void *context, const struct md_root_words *words)
{
	return md_leak_path_root(context, words);
}

bool md_who_find(struct md_who *who, struct md_leak *leak, struct md_roots *roots, uintptr_t target, uint64_t until, bool asked)
{
	struct md_leak_path *path = &who->path;

	if (!md_leak_path_begin(path, leak, target))
		return false;
	path->until = until;
	if (asked) {
		path->own_registers_weak = true;
		md_thread_memory_own_stack(roots, &path->weak_begin, &path->weak_end);
	}
	do {
		if (!md_roots_visit(roots, leak, show_words, path))
			return false;
	} while (md_leak_path_step(path));
	md_leak_path_finish(path);
	who->tid = path->root.tid;
	who->thread_local_storage = path->end == MD_LEAK_PATH_ROOT && path->root.kind == MD_ROOT_MEMORY &&
		md_thread_memory_owner(roots, path->root.address, &who->tid);
	return true;
}

static md_thread_id thread_of(uint32_t tid)
{
	if (!tid)
		return md_self ? md_self->id : MD_THREAD_NONE;
	for (uint32_t i = 1; i < MD_THREAD_INFOS_MAX && i <= md_process.heap.threads_created; i++)
		if (md_process.heap.thread_infos[i].tid == tid && md_process.heap.thread_infos[i].alive)
			return (md_thread_id){ (uint16_t)i };
	return MD_THREAD_NONE;
}

struct md_path_view md_who_view(const struct md_who *who)
{
	const struct md_leak_root *root = &who->path.root;
	struct md_path_view view = { .path = &who->path, .thread = MD_THREAD_NONE, .thread_local_storage = who->thread_local_storage };

	if (who->path.end != MD_LEAK_PATH_ROOT)
		return view;
	if (root->kind == MD_ROOT_MEMORY)
		view.place = md_place_of(root->address, &view.thread, &view.module);
	if (root->kind != MD_ROOT_MEMORY || who->thread_local_storage)
		view.thread = thread_of(who->tid);
	return view;
}

size_t md_who_frames(const struct md_who *who, struct md_frame *frames, size_t count, size_t frames_max)
{
	for (size_t i = 0; i < who->path.link_count && count + MD_STACK_FRAMES_MAX <= frames_max; i++) {
		size_t got = md_stack_store_frames(md_process.heap.stacks, who->path.links[i].stack, frames + count, MD_STACK_FRAMES_MAX);

		count += got < MD_STACK_FRAMES_MAX ? got : MD_STACK_FRAMES_MAX;
	}
	return count;
}

/* --- on request ---------------------------------------------------------------- */

struct question {
	uintptr_t inverted;
	struct md_who who;
	const char *trouble;
};

static long look(void *context, struct md_leak *leak, struct md_roots *roots)
{
	struct question *question = context;
	bool found = md_who_find(&question->who, leak, roots, ~question->inverted, md_os_nanoseconds() + SECONDS_MAX * 1000000000ull, true);

	question->trouble = roots->trouble;
	if (found)
		return 0;
	return roots->trouble ? -EPERM : -EINVAL;
}

static int print(struct page *page, int fd, const struct md_who *who, const char *trouble)
{
	const struct md_options *options = &md_process.options;
	struct md_stack_printer printer = { .stacks = md_process.heap.stacks, .modules = &md_process.heap.modules, .strip_path = options->strip_path };
	struct md_path_view view = md_who_view(who);
	size_t frame_count = md_who_frames(who, page->frames, 0, FRAMES_MAX);
	struct md_text text;

	if (options->symbolize && !md_is_restricted() && frame_count) {
		struct md_names *names = md_names_init(page->names, NAMES_BYTES);

		printer.names = names;
		md_symbol_client_ask(page->frames, frame_count, printer.modules, names, (unsigned)options->symbolize_timeout);
	}
	md_text_init(&text, page->text, TEXT_BYTES, md_show_color(fd));
	md_path_text(&text, &view, trouble, &printer);
	return md_sink_write_fd(fd, page->text, text.length);
}

long md_who_show(const struct md_leaks_here *here, int fd, uintptr_t inverted)
{
	struct question question = { .inverted = inverted };
	long result = md_leaks_look(here, look, &question, &question.trouble);
	struct page *page = result == 0 ? md_os_map(0, PAGE_BYTES) : NULL;

	if (result)
		return result;
	if (!page)
		return -ENOMEM;
	md_lock_take(&md_report_lock);
	result = print(page, fd, &question.who, question.trouble);
	md_lock_release(&md_report_lock);
	md_os_unmap(page, PAGE_BYTES);
	if (result)
		return result;
	return question.who.path.end == MD_LEAK_PATH_ROOT ? (long)question.who.path.link_count : 0;
}
