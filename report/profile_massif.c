/* SPDX-License-Identifier: MIT */
#include "report/profile_massif.h"

#include <string.h>

#define ROOT 1
#define NAMES_MAX 32
#define PARTS_OF_ALL 100 /* what is less than one of them is put together */

static size_t head_count(size_t frames)
{
	size_t heads = 64;

	while (heads < 2 * frames)
		heads *= 2;
	return heads;
}

/* Each frame is a node at most, each stack without frames is in one more, and there are the root and the unused node 0. */
size_t md_massif_tree_bytes(size_t frames)
{
	return (frames + 3) * sizeof(struct md_massif_node) + head_count(frames + 3) * sizeof(uint32_t);
}

void md_massif_tree_init(struct md_massif_tree *tree, void *memory, size_t frames)
{
	*tree = (struct md_massif_tree){ .count = 2, .capacity = (uint32_t)frames + 3, .head_mask = (uint32_t)head_count(frames + 3) - 1,
		.nodes = memory, .at = ROOT };
	tree->heads = (uint32_t *)&tree->nodes[tree->capacity];
}

/* The child of a node for a frame, added when new; 0 when there is no room. */
static uint32_t child_for(struct md_massif_tree *tree, uint32_t parent, uint32_t frame)
{
	uint64_t hash = ((uint64_t)parent << 32 | frame) * 0x9e3779b97f4a7c15ull;

	for (uint32_t i = (uint32_t)(hash >> 32);; i++) {
		uint32_t *head = &tree->heads[i & tree->head_mask];

		if (*head && tree->nodes[*head].parent == parent && tree->nodes[*head].frame == frame)
			return *head;
		if (*head)
			continue;
		if (tree->count == tree->capacity)
			return 0;
		*head = tree->count++;
		tree->nodes[*head] = (struct md_massif_node){ .frame = frame, .parent = parent, .next = tree->nodes[parent].child };
		tree->nodes[parent].child = *head;
		return *head;
	}
}

void md_massif_tree_add(struct md_massif_tree *tree, const struct md_stack_store *stacks, md_stack_id stack, uint64_t bytes)
{
	uint32_t node = ROOT, frame;

	tree->nodes[ROOT].bytes += bytes;
	for (size_t i = 0; (frame = md_stack_store_number(stacks, stack, i)) || i == 0; i++) {
		node = child_for(tree, node, frame);
		if (!node)
			return;
		tree->nodes[node].bytes += bytes;
		if (!frame)
			return;
	}
}

/* --- writing -------------------------------------------------------------------- */

void md_massif_head(const char *program, uint32_t pid, struct md_text *out)
{
	md_textf(out, "desc: malloc-debug " MD_VERSION ", process %u\ncmd: %S\ntime_unit: ms\n", pid, program);
}

void md_massif_moment(size_t number, uint64_t milliseconds, uint64_t bytes, enum md_massif_detail detail, struct md_text *out)
{
	static const char *const names[] = { "empty", "detailed", "peak" };

	md_textf(out, "#-----------\nsnapshot=%lu\n#-----------\ntime=%lu\nmem_heap_B=%lu\nmem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=%s\n",
		(uint64_t)number, milliseconds, bytes, names[detail]);
}

/* Puts the children in order, the largest first; those that are too small become one, at the end. Returns how many there are then. */
static unsigned arrange_children(struct md_massif_tree *tree, struct md_massif_node *node)
{
	uint64_t total = tree->nodes[ROOT].bytes;
	uint32_t small = 0, next;
	unsigned count = 0;
	uint32_t child = node->child;

	for (node->child = 0; child; child = next) {
		struct md_massif_node *at = &tree->nodes[child];

		next = at->next;
		if (at->bytes < total / PARTS_OF_ALL || !at->bytes) {
			if (small) {
				tree->nodes[small].bytes += at->bytes;
				tree->nodes[small].places++;
			} else {
				small = child;
				at->places = 1;
				at->child = 0;
			}
			continue;
		}
		uint32_t *link = &node->child;

		while (*link && tree->nodes[*link].bytes >= at->bytes) /* there are no more than PARTS_OF_ALL */
			link = &tree->nodes[*link].next;
		at->next = *link;
		*link = child;
		count++;
	}
	if (!small)
		return count;
	uint32_t *last = &node->child;

	while (*last)
		last = &tree->nodes[*last].next;
	*last = small;
	tree->nodes[small].next = 0;
	return count + 1;
}

static void put_place(const struct md_massif_node *node, const struct md_stack_printer *printer, struct md_text *out)
{
	struct md_frame frame = md_frame_get(printer->stacks, node->frame);
	struct md_name names[NAMES_MAX];
	size_t count = md_names_get(printer->names, frame, names, NAMES_MAX);

	if (!node->frame) {
		md_text_put(out, "(no stack was taken)");
		return;
	}
	md_textf(out, "0x%lx: ", (uint64_t)(frame.pc ? frame.pc - 1 : 0));
	if (count && names[0].function[0]) {
		const char *slash = strrchr(names[0].file, '/');

		md_text_safe(out, names[0].function);
		if (names[0].file[0])
			md_textf(out, " (%S:%u)", slash ? slash + 1 : names[0].file, names[0].line);
	} else {
		const struct md_module *module = md_modules_get(printer->modules, frame.module);

		md_textf(out, "??? (in %S)", frame.module != MD_MODULE_NONE && module->path[0] ? module->path : "unknown");
	}
}

static void advance(struct md_massif_tree *tree)
{
	const struct md_massif_node *node = &tree->nodes[tree->at];

	if (node->child) {
		tree->at = node->child;
		tree->depth++;
		return;
	}
	while (tree->at != ROOT && !tree->nodes[tree->at].next) {
		tree->at = tree->nodes[tree->at].parent;
		tree->depth--;
	}
	tree->at = tree->at == ROOT ? 0 : tree->nodes[tree->at].next;
}

bool md_massif_tree_line(struct md_massif_tree *tree, const struct md_stack_printer *printer, struct md_text *out)
{
	struct md_massif_node *node = &tree->nodes[tree->at];

	if (!tree->at)
		return false;
	unsigned children = node->places ? 0 : arrange_children(tree, node);

	md_text_repeat(out, ' ', tree->depth);
	md_textf(out, "n%u: %lu ", children, node->bytes);
	if (tree->at == ROOT)
		md_text_put(out, "(heap allocation functions) malloc/new/new[], --alloc-fns, etc.");
	else if (node->places)
		md_textf(out, node->places == 1 ? "in %u place, below massif's threshold (1.00%%)" : "in %u places, all below massif's threshold (1.00%%)",
			node->places);
	else
		put_place(node, printer, out);
	md_text_char(out, '\n');
	advance(tree);
	return true;
}
