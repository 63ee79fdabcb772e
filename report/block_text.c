/* SPDX-License-Identifier: MIT */
#include "report/block_text.h"

#include "report/phrases.h"

/* Memory that was filled and never set reads as one byte repeated: a pointer loaded from it is told by that. */
static bool is_repeated_byte(uintptr_t addr)
{
	return addr != 0 && addr == (addr & 0xff) * 0x0101010101010101ull;
}

static void put_null_page(struct md_text *text, uintptr_t addr)
{
	if (addr == 0)
		md_text_put(text, "the null pointer");
	else
		md_textf(text, "%B above address 0: a null pointer plus an offset, such as a member of a null struct pointer",
			(uint64_t)addr);
}

void md_place_text(struct md_text *text, uintptr_t addr, enum md_place place, const struct md_block_view *block, md_thread_id thread,
	uint16_t module, const struct md_modules *modules)
{
	bool has_block = block && block->valid;

	md_textf(text, "%p is ", addr);
	switch (place) {
	case MD_PLACE_BLOCK:
	case MD_PLACE_REDZONE:
		if (!has_block) {
			md_text_put(text, "in memory of this allocator, in a block that is gone by now");
			break;
		}
		md_phrase_where(text, addr, block);
		md_textf(text, " (%s)", md_phrase_state(block->state));
		if (place == MD_PLACE_REDZONE)
			md_textf(text, ", in its %s", addr >= block->user && addr < block->redzone_rear ? "slack" : "red zone");
		break;
	case MD_PLACE_FREE_SLOT:
		md_text_put(text, "in memory of this allocator where there is no block now");
		break;
	case MD_PLACE_NULL_PAGE:
		put_null_page(text, addr);
		break;
	case MD_PLACE_STACK:
		md_text_put(text, "on the stack of thread ");
		md_phrase_thread(text, thread);
		break;
	case MD_PLACE_GLOBAL:
		md_text_put(text, "a global variable, constant or function of a module: ");
		md_module_offset_text(text, modules, module, addr);
		break;
	case MD_PLACE_MAPPING:
		md_text_put(text, "in memory that the program or a library mapped, not in memory of this allocator");
		break;
	case MD_PLACE_UNMAPPED:
		md_text_put(text, "in no mapped memory");
		break;
	case MD_PLACE_NONCANONICAL:
		md_text_put(text, "no address that the processor can use");
		break;
	default:
		md_text_put(text, "not in a block of this allocator");
	}
	md_text_put(text, ".\n");
	if (is_repeated_byte(addr))
		md_textf(text,
			"Each of its bytes is 0x%x: it was probably read from memory that was filled when it was allocated or freed.\n",
			(unsigned)(addr & 0xff));
}

static void put_stack(struct md_text *text, const struct md_stack_printer *printer, const char *verb, enum md_api api, md_thread_id thread,
	md_stack_id stack)
{
	md_textf(text, "%s by ", verb);
	if (api != MD_API_NONE)
		md_textf(text, "%s in ", md_api_name(api));
	md_text_put(text, "thread ");
	md_phrase_thread(text, thread);
	md_text_put(text, " here:\n");
	md_stack_text(text, printer, stack);
}

void md_block_text(struct md_text *text, uintptr_t addr, const struct md_block_view *block, enum md_place place,
	const struct md_stack_printer *printer)
{
	bool has_block = block && block->valid;

	if (has_block && place != MD_PLACE_REDZONE)
		place = MD_PLACE_BLOCK;
	md_place_text(text, addr, place, block, MD_THREAD_NONE, md_modules_find(printer->modules, addr), printer->modules);
	if (!has_block)
		return;
	if (block->flags & MD_BLOCK_DAMAGED)
		md_text_put(text, "Damage was found in or around this block before.\n");
	if (block->free_api != MD_API_NONE && block->state != MD_BLOCK_LIVE) {
		put_stack(text, printer, "freed", block->free_api, block->free_thread, block->free_stack);
		put_stack(text, printer, "previously allocated", block->alloc_api, block->alloc_thread, block->alloc_stack);
	} else
		put_stack(text, printer, "allocated", block->alloc_api, block->alloc_thread, block->alloc_stack);
}
