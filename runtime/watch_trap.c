/* SPDX-License-Identifier: MIT
 *
 * What a watchpoint saw: which instruction it was, whether that is an error, and the report. Everything but the report is done on the
 * stack of the handler, with few bytes, and takes no lock.
 */
#include "runtime/watch.h"

#include <stddef.h>
#include <string.h>
#include <ucontext.h>

#include "runtime/entry.h"
#include "runtime/fault.h"
#include "runtime/fault_machine.h"
#include "runtime/interrupted.h"
#include "runtime/modules.h"
#include "runtime/policy.h"
#include "runtime/signals.h"
#include "runtime/threads.h"
#include "runtime/unwind.h"
#include "runtime/watch_log.h"
#include "src/access.h"
#include "src/cfi.h"
#include "src/inspect.h"
#include "src/os.h"
#include "src/retrace_x86.h"

#define FUNCTION_BYTES_MAX 65536 /* counting the instructions of a larger one takes too long */

/* What is to be reported. */
struct job {
	const struct md_watch_place *place;
	struct md_access access;
	struct md_registers registers; /* as they were before the instruction, as far as stacks go */
};

#if defined(__x86_64__)

#define DIRECTION_FLAG 0x400

/* The code before the trap: of the whole function, where the module tells where it begins. It is there, or it could not have been
 * executed. */
static void find_code(struct md_retrace *retrace, uintptr_t pc)
{
	struct md_object object;
	uintptr_t first, last, begin, end;

	retrace->before = 0;
	retrace->code = (const unsigned char *)pc;
	if (!md_object_find(pc - 1, &object))
		return;
	begin = pc - object.begin > MD_X86_BYTES_MAX ? pc - MD_X86_BYTES_MAX : object.begin;
	end = pc + MD_X86_BYTES_MAX < object.end ? pc + MD_X86_BYTES_MAX : object.end;
	if (object.hdr && md_cfi_function(pc - 1, object.hdr, object.begin, object.end, &first, &last) &&
		pc - first <= FUNCTION_BYTES_MAX) {
		retrace->from_begin = true;
		begin = first;
		end = end < last ? end : last;
	}
	retrace->code = (const unsigned char *)begin;
	retrace->before = pc - begin;
	retrace->after = end > pc ? end - pc : 0;
}

/* Finds the access of the instruction that is over, if it lies wholly in [begin, end). */
static bool find_access(const struct md_watch_place *place, uintptr_t begin, uintptr_t end, const void *context, struct job *job)
{
	const ucontext_t *interrupted = context;
	unsigned char around[MD_WATCH_BYTES_MAX + 2 * MD_RETRACE_AROUND];
	struct md_retrace retrace = {
		.backwards = interrupted->uc_mcontext.gregs[REG_EFL] & DIRECTION_FLAG,
		.watched = place->range.addr,
		.watched_bytes = place->range.bytes,
		.outside_begin = begin,
		.outside_end = end,
	};
	struct md_retraced found;
	size_t bytes = place->range.bytes + 2 * MD_RETRACE_AROUND;

	md_fault_x86_registers(&retrace.registers, context);
	find_code(&retrace, retrace.registers.rip);
	if (!place->writes_only && md_os_read(place->range.addr - MD_RETRACE_AROUND, around, bytes) == bytes)
		retrace.around = around;
	if (!md_x86_retrace(&retrace, &found))
		return false;
	job->access = (struct md_access){
		.addr = found.addr, .bytes = found.bytes, .pc = found.pc, .kind = found.writes ? MD_ACCESS_WRITE : MD_ACCESS_READ
	};
	job->registers.pc = found.pc;
	job->registers.sp += (uintptr_t)(intptr_t)found.pushed;
	return !place->writes_only || found.writes;
}

#else

/* Elsewhere nothing is watched: see watch_linux.c. */
static bool find_access(const struct md_watch_place *place, uintptr_t begin, uintptr_t end, const void *context, struct job *job)
{
	(void)place, (void)begin, (void)end, (void)context, (void)job;
	return false;
}

#endif

static void report(void *argument)
{
	struct job *job = argument;
	struct md_thread *self = md_entry_begin();
	struct md_block_view block;
	uintptr_t first_bad;

	if (!self)
		return;
	struct md_call call = { .api = MD_API_NONE, .stack = md_unwind_capture_at(self, &job->registers, false) };

	if (job->place->why == MD_WATCH_ADDRESS) {
		md_watch_log(self, &job->access, call.stack);
	} else {
		enum md_error error = md_access_judge(&md_process.heap, job->access.addr, job->access.bytes, &block, &first_bad);

		if (error != MD_ERROR_NONE) {
			md_access_add_error(&md_process.heap, self, error, first_bad, &block, &job->access, &call);
			if (job->access.kind == MD_ACCESS_WRITE)
				md_access_mend(&md_process.heap, self, job->access.addr, job->access.addr + job->access.bytes);
			atomic_fetch_add_explicit(&md_watch_counts.reports, 1, memory_order_relaxed);
			md_policy_act(self);
		}
	}
	md_entry_end(self);
}

static bool is_excused(const struct md_access *access)
{
	return md_self && md_access_is_excused(md_self, access->addr);
}

/* An error for certain: see watch.h for why the block has to be the same. */
static bool is_error(const struct md_watch_place *place, const void *context, struct job *job)
{
	struct md_block_view block;

	md_inspect_address(&md_process.heap, place->range.addr, &block);
	bool front = place->why == MD_WATCH_FRONT;
	uintptr_t begin = front ? block.begin : block.user + block.size, end = front ? block.user : block.end;

	struct md_access watched = { .addr = place->range.addr, .bytes = place->range.bytes };

	return md_watch_is_error(place, &block, &watched) && find_access(place, begin, end, context, job) &&
		md_watch_is_error(place, &block, &job->access) && !is_excused(&job->access);
}

/* Our own checks read red zones, too. */
static bool is_our_own(uintptr_t pc)
{
	return md_thread_aside || md_thread_forking || (md_self && md_self->busy) ||
		(pc >= md_process.library_begin && pc < md_process.library_end);
}

static bool take_trap(int number, siginfo_t *info, void *context)
{
	struct md_watch_place place;
	unsigned index;
	struct job job = { .place = &place };

	(void)number;
	if (!md_watch_trapped(info, &index, &place))
		return false;
	if (!place.generation)
		return true;
	md_interrupted_registers(&job.registers, context);
	if (is_our_own(job.registers.pc))
		return true;
	if (place.why == MD_WATCH_ADDRESS) {
		/* Of what is written there every instruction is of interest, even one that cannot be taken apart. */
		if (!find_access(&place, 0, UINTPTR_MAX, context, &job))
			job.access = (struct md_access){ .addr = place.range.addr, .pc = --job.registers.pc, .kind = MD_ACCESS_WRITE };
	} else if (!is_error(&place, context, &job)) {
		md_watch_judged(index, place.generation, true);
		return true;
	} else {
		md_watch_judged(index, place.generation, false);
	}
	md_fault_aside(report, &job);
	return true;
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	if (!take_trap(number, info, context))
		md_fault_crash(number, info, context);
}

bool md_watch_catch(void)
{
	static const struct md_signal_claim claim = { .before = take_trap, .instead = on_trap, .flags = SA_ONSTACK | SA_NODEFER };

	return md_signals_claim(SIGTRAP, &claim);
}
