/* SPDX-License-Identifier: MIT */
#include "report/path_text.h"

#include "report/phrases.h"
#include "src/api.h"

#define ADDRESS_WIDTH 16

/* Columns of an address, for what has none. */
static void put_no_address(struct md_text *text)
{
	md_text_repeat(text, ' ', ADDRESS_WIDTH);
}

static void put_root(struct md_text *text, const struct md_path_view *view, const struct md_stack_printer *printer)
{
	const struct md_leak_root *root = &view->path->root;
	bool of_thread = true;

	if (root->address)
		md_textf(text, "%p  ", root->address);
	else
		put_no_address(text);
	switch (root->kind) {
	case MD_ROOT_REGISTERS:
		md_text_put(text, "register");
		break;
	case MD_ROOT_THREAD_LIST:
		md_text_put(text, "the C library's list of thread-local variables");
		break;
	case MD_ROOT_STACK_BLOCK:
		md_text_put(text, "the stack pointer");
		break;
	case MD_ROOT_ARGUMENT:
		md_text_put(text, "argument of a thread that is being created");
		of_thread = false;
		break;
	case MD_ROOT_REGISTERED:
		md_text_put(text, "memory that the program registered as a root");
		of_thread = false;
		break;
	default:
		of_thread = view->thread_local_storage || view->place == MD_PLACE_STACK;
		if (view->thread_local_storage) {
			md_text_put(text, "thread-local variable");
		} else if (view->place == MD_PLACE_STACK) {
			md_text_put(text, "stack");
		} else if (view->place == MD_PLACE_GLOBAL) {
			md_text_put(text, "global variable ");
			md_module_offset_text(text, printer->modules, view->module, root->address);
		} else {
			md_text_put(text, "memory that the program or a library mapped");
		}
	}
	if (of_thread) {
		md_text_put(text, " of thread ");
		md_phrase_thread(text, view->thread);
	}
	md_text_char(text, '\n');
}

static void put_link(struct md_text *text, const struct md_leak_link *link, const struct md_stack_printer *printer)
{
	md_textf(text, "%p  %lu-byte block by %s in ", link->block, (uint64_t)link->size, md_api_name(link->api));
	md_phrase_thread(text, link->thread);
	md_text_put(text, ": ");
	md_stack_site_text(text, printer, link->stack);
	md_text_char(text, '\n');
}

static void put_entered(struct md_text *text, const struct md_leak_link *link)
{
	if (link->entered)
		md_textf(text, "points %B into\n", (uint64_t)link->entered);
	else
		md_text_put(text, "points to the start of\n");
}

void md_path_chain_text(struct md_text *text, const struct md_path_view *view, size_t indent, const struct md_stack_printer *printer)
{
	const struct md_leak_path *path = view->path;

	if (path->end == MD_LEAK_PATH_ROOT) {
		md_text_repeat(text, ' ', indent);
		put_root(text, view, printer);
		md_text_repeat(text, ' ', indent + 2);
		put_entered(text, &path->links[0]);
	}
	for (size_t i = 0; i < path->link_count; i++) {
		md_text_repeat(text, ' ', indent);
		put_link(text, &path->links[i], printer);
		if (i + 1 == path->link_count)
			break;
		md_text_repeat(text, ' ', indent + 2);
		md_textf(text, "at offset %lu ", (uint64_t)path->links[i].offset);
		put_entered(text, &path->links[i + 1]);
	}
}

/* "2 words outside of blocks and 1 word in blocks point to it." In blocks it is counted only if the search went there. */
static void put_counts(struct md_text *text, const struct md_leak_path *path)
{
	uint64_t others = path->root_words - path->weak_words;

	md_phrase_count(text, others, "word", "words");
	md_text_put(text, " outside of blocks");
	if (!others) {
		md_text_put(text, " and ");
		md_phrase_count(text, path->block_words, "word", "words");
		md_text_put(text, " in blocks");
	}
	md_text_put(text, others + (others ? 0 : path->block_words) == 1 ? " points to it" : " point to it");
	if (path->weak_words)
		md_text_put(text, ", besides the stack and the registers of the thread that asks");
	md_text_put(text, ".\n");
}

static void put_meaning(struct md_text *text, const struct md_leak_path *path)
{
	const char *then = path->weak_words ? ": once that thread has forgotten it, it is leaked.\n" : ": it is leaked.\n";

	switch (path->end) {
	case MD_LEAK_PATH_ROOT:
		break;
	case MD_LEAK_PATH_NOTHING:
		md_text_put(text, path->link_count > 1 ? "Only blocks that are leaked themselves lead there" : "Nothing leads there");
		md_text_put(text, then);
		break;
	case MD_LEAK_PATH_DEEP:
		md_textf(text, "The chain goes on: no root was found within %lu blocks.\n", (uint64_t)MD_LEAK_PATH_MAX);
		break;
	case MD_LEAK_PATH_LATE:
		md_text_put(text, "The search took too long and was given up: there may be a root all the same.\n");
		break;
	case MD_LEAK_PATH_CHANGED:
		md_text_put(text, "The program changed pointers meanwhile: ask again.\n");
	}
}

void md_path_text(struct md_text *text, const struct md_path_view *view, const char *certainty, const struct md_stack_printer *printer)
{
	const struct md_leak_path *path = view->path;

	if (path->end == MD_LEAK_PATH_CHANGED) {
		md_textf(text, "Who points to %p? ", path->target);
	} else {
		md_textf(text, "Who points to the %lu-byte block at %p? ", (uint64_t)path->links[path->link_count - 1].size, path->target);
		put_counts(text, path);
		md_path_chain_text(text, view, 4, printer);
	}
	put_meaning(text, path);
	if (certainty)
		md_textf(text, "Note: %S\n", certainty);
}
