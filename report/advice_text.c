/* SPDX-License-Identifier: MIT */
#include "report/advice_text.h"

#include "report/report_text.h"

#define DEPTH_DEFAULT 32 /* frames; a stack that long was probably cut by BACKTRACE */

static void put_advice_line(struct md_text *text, const char *setting, const char *effect)
{
	size_t from = text->length;

	md_textf(text, "  %s", setting);
	md_text_pad(text, from, 36);
	md_textf(text, "  %s\n", effect);
}

/* The damage touches the border of what is watched around the block: there may be more beyond. */
static bool reaches_border(const struct md_finding *finding)
{
	return md_finding_is_damage(finding) && finding->block.valid &&
		(finding->damaged_end >= finding->block.end || finding->addr <= finding->block.begin);
}

static bool is_deep(const struct md_report *report, md_stack_id stack)
{
	struct md_frame frame;

	return stack.value && md_stack_store_frames(report->stacks, stack, &frame, 1) >= DEPTH_DEFAULT;
}

void md_advice_text(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;

	md_textf(text, "Hint: %s\n", md_error_info(finding->error)->hint);
	md_text_put(text, "Try next:\n");
	if (md_finding_is_late(finding) && finding->noticed != MD_NOTICED_PERIODICALLY)
		put_advice_line(text, "MALLOC_DEBUG_CHECK_EVERY=100",
			"checks the whole heap every 100 calls, so that the damage is found nearer to the write");
	if (md_finding_is_late(finding) && finding->noticed == MD_NOTICED_PERIODICALLY)
		put_advice_line(text, "MALLOC_DEBUG_CHECK_EVERY=1",
			"checks the whole heap at every call, so that the damage is found nearest to the write");
	if (md_finding_is_late(finding) && finding->block.valid && !finding->block.guard_after && !finding->block.guard_before)
		put_advice_line(text, "MALLOC_DEBUG_GUARD=all", "puts each block at a guard page, so that the access itself is seen, with its stack");
	if (reaches_border(finding))
		put_advice_line(
			text, "MALLOC_DEBUG_REDZONE=256", "wider red zones: this damage reaches the edge of them and may go on beyond");
	if (finding->place == MD_PLACE_FREE_SLOT)
		put_advice_line(
			text, "MALLOC_DEBUG_QUARANTINE=256M", "keeps freed blocks longer, so that it is known which block was there");
	if (finding->error == MD_ERROR_HEAP_USE_AFTER_FREE)
		put_advice_line(text, "MALLOC_DEBUG_QUARANTINE=256M", "keeps freed blocks longer, so that later writes are seen too");
	if (finding->error == MD_ERROR_ALLOC_DEALLOC_MISMATCH)
		put_advice_line(text, "MALLOC_DEBUG_MISMATCH=0", "turns off reports of this kind, if the code is not yours to change");
	if (finding->error == MD_ERROR_OUT_OF_MEMORY)
		put_advice_line(text, "MALLOC_DEBUG_SHOW=map,stats", "shows at exit where the memory is");
	else if (md_error_is_bad_request(finding->error))
		put_advice_line(
			text, "MALLOC_DEBUG_BAD_REQUESTS=silent", "turns off reports of this kind, if the program means to try such sizes");
	if (is_deep(report, finding->call.stack) || (finding->block.valid && is_deep(report, finding->block.alloc_stack)))
		put_advice_line(text, "MALLOC_DEBUG_BACKTRACE=128", "deeper stacks: the ones above may be cut off at their outer end");
	if (finding->block.valid && !finding->block.alloc_stack.value)
		put_advice_line(text, "MALLOC_DEBUG_BACKTRACE=32", "takes a stack at each allocation and each free");
	put_advice_line(text, "MALLOC_DEBUG_ON_ERROR=pause", "waits here for a debugger");
}
