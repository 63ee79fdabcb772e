/* SPDX-License-Identifier: MIT */
#include "report/crash_text.h"

#include "report/access_text.h"
#include "report/block_text.h"
#include "report/phrases.h"
#include "report/report_text.h"

#define REGISTERS_IN_ROW 4

/* "READ of size 8 at 0x000000000010 thread T0" */
static void put_access(struct md_text *text, const struct md_finding *finding)
{
	const struct md_access *access = &finding->access;

	if (!finding->crash->known)
		return;
	md_text_put(text, md_access_word(access->kind));
	if (access->bytes)
		md_textf(text, " of size %lu", (uint64_t)access->bytes);
	md_textf(text, " at %p thread ", access->addr);
	md_phrase_thread(text, finding->thread);
	md_text_char(text, '\n');
}

/* A pointer that was read from memory of ours holds what we wrote there. */
static void put_fill(struct md_text *text, const struct md_finding *finding, const char *what)
{
	uintptr_t pointer = finding->crash->pointer, addr = finding->addr;

	md_textf(text, "The address consists of the byte 0x%x, which %s", (unsigned)(pointer & 0xff), what);
	if (addr != pointer)
		md_textf(text, " (%p and %B %s)", pointer, (uint64_t)(addr > pointer ? addr - pointer : pointer - addr),
			addr > pointer ? "more" : "less");
	md_text_put(text, ".\n");
}

static void put_stack_overflow(struct md_text *text, const struct md_finding *finding)
{
	const struct md_crash *crash = finding->crash;

	md_textf(text, "The stack of thread ");
	md_phrase_thread(text, finding->thread);
	md_textf(text, " is used up: its pointer is %p", crash->sp);
	if (crash->pointer)
		md_textf(text, ", and its low end %p", crash->pointer);
	md_text_put(text, ".\n");
}

static void put_place(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;

	md_place_text(text, finding->addr, finding->place, &finding->block, finding->place_thread, finding->place_module, report->modules);
}

static void put_cause(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	bool executes = finding->access.kind == MD_ACCESS_EXECUTE;

	switch (finding->crash->cause) {
	case MD_CRASH_NULL:
		md_text_put(text, executes ? "A null pointer was called.\n" : "A null pointer was used.\n");
		put_place(text, report);
		break;
	case MD_CRASH_NONCANONICAL:
		md_textf(text,
			"%p is no address that the processor can use: a pointer that was not set, or was overwritten with other data.\n",
			finding->addr);
		break;
	case MD_CRASH_MISALIGNED:
		md_textf(text, "The instruction wants an address that is aligned, and %p is not.\n", finding->addr);
		break;
	case MD_CRASH_STACK_OVERFLOW:
		put_stack_overflow(text, finding);
		break;
	case MD_CRASH_FREED_FILL:
		put_fill(text, finding, "freed memory is filled with: a pointer was read from freed memory");
		break;
	case MD_CRASH_ALLOC_FILL:
		put_fill(text, finding, "new memory is filled with: a pointer was read before it was set");
		break;
	case MD_CRASH_REDZONE:
		md_textf(text, "The bytes of %p look like those of a red zone: a pointer was read from outside of a block.\n",
			finding->addr);
		break;
	case MD_CRASH_UNMAPPED:
		put_place(text, report);
		if (executes)
			md_text_put(text, "A pointer to a function was not set, or was overwritten.\n");
		break;
	case MD_CRASH_PROTECTED:
		put_place(text, report);
		md_text_put(text,
			finding->access.kind == MD_ACCESS_WRITE ? "That memory may not be written.\n"
				: executes                      ? "That memory has no code that may be executed.\n"
								: "That memory may not be read.\n");
		break;
	case MD_CRASH_PAST_FILE:
		md_text_put(text, "The memory is mapped, but there is no such part of the file behind it, or no room left for it.\n");
		break;
	default:
		if (finding->crash->signal_name && !finding->crash->reason && finding->error == MD_ERROR_SEGV)
			md_text_put(text,
				"The processor does not say which address was wrong: the instruction may be one that programs must not execute.\n");
	}
}

void md_crash_text(struct md_text *text, const struct md_report *report)
{
	const struct md_crash *crash = report->finding->crash;

	put_access(text, report->finding);
	put_cause(text, report);
	if (crash->reason)
		md_textf(text, "%s: %s.\n", crash->signal_name, crash->reason);
	md_textf(text, "The process ends by %s, as it does without this report.\n", crash->signal_name);
}

static void put_points(struct md_text *text, const struct md_report *report)
{
	const struct md_crash *crash = report->finding->crash;
	struct md_stack_printer printer = md_report_printer(report);

	for (size_t i = 0; i < crash->point_count; i++) {
		size_t number = crash->points[i].number;

		md_textf(text, "%s points to a block: ", crash->register_names[number]);
		md_block_text(text, crash->registers[number], &crash->points[i].block, MD_PLACE_BLOCK, &printer);
		md_text_char(text, '\n');
	}
}

void md_crash_registers_text(struct md_text *text, const struct md_report *report)
{
	const struct md_crash *crash = report->finding->crash;

	md_text_put(text, "Registers:\n");
	for (size_t i = 0; i < crash->register_count; i++) {
		size_t from = text->length;

		md_textf(text, "  %s", crash->register_names[i]);
		md_text_pad(text, from, 6);
		md_text_put(text, "0x");
		md_text_hex(text, crash->registers[i], 16);
		if (i % REGISTERS_IN_ROW == REGISTERS_IN_ROW - 1 || i + 1 == crash->register_count)
			md_text_char(text, '\n');
	}
	md_text_char(text, '\n');
	put_points(text, report);
}
