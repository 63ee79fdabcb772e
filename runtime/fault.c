/* SPDX-License-Identifier: MIT */
#include "runtime/fault.h"

#include <errno.h>

#include "report/text.h"
#include "runtime/altstack.h"
#include "runtime/crash.h"
#include "runtime/entry.h"
#include "runtime/history_file.h"
#include "runtime/policy.h"
#include "runtime/restrict.h"
#include "runtime/signal_action.h"
#include "runtime/signals.h"
#include "runtime/sink.h"
#include "runtime/syscall.h"
#include "runtime/threads.h"
#include "runtime/unwind.h"
#include "src/access.h"
#include "src/guard.h"

#define STACK_BYTES ((size_t)256 << 10)
#define BIT(number) (1ull << ((number) - 1))
#define UNBLOCKED_ALWAYS (BIT(SIGSEGV) | BIT(SIGBUS))
#define UNBLOCKED (UNBLOCKED_ALWAYS | BIT(33)) /* during a report; the last is world.h's */

/* What is to be done on the private stack. */
struct job {
	int number;
	const siginfo_t *info;
	const void *context;
	bool is_crash;
};

static _Alignas(4096) char private_stack[STACK_BYTES]; /* touched only by a report */
static struct md_lock private_lock = { .rank = MD_LOCK_FAULT };
static _Atomic uintptr_t private_owner; /* thread pointer of the thread that is on it */
static struct md_crash crash_record;    /* the owner's */

static uintptr_t this_thread(void)
{
	return (uintptr_t)__builtin_thread_pointer();
}

/* --- reports --------------------------------------------------------------------- */

/* What lies in front of the guard page was written before, by the same loop. */
static void mend_slack(struct md_thread *self, const struct md_finding *finding)
{
	const struct md_block_view *block = &finding->block;

	if (finding->error == MD_ERROR_HEAP_BUFFER_OVERFLOW)
		md_access_mend(&md_process.heap, self, block->user + block->size, block->end);
	else if (finding->error == MD_ERROR_HEAP_BUFFER_UNDERFLOW)
		md_access_mend(&md_process.heap, self, block->begin, block->user);
}

static void report_access(struct md_thread *self, const struct job *job)
{
	struct md_fault fault;

	md_fault_read(&fault, job->info, job->context);
	if (!fault.known)
		fault.access.addr = fault.addr;
	if (md_access_is_excused(self, fault.access.addr)) /* by a call of the C library that was reported before it was made */
		return;
	struct md_call call = { .api = MD_API_NONE,
		.stack = md_unwind_capture_at(self, &fault.registers, fault.access.kind == MD_ACCESS_EXECUTE) };

	/* Nothing is wrong where another thread allocated the block meanwhile. */
	if (!md_access_add(&md_process.heap, self, &fault.access, &call) || !self->findings.count)
		return;
	const struct md_finding *finding = &self->findings.list[self->findings.count - 1];

	if (fault.access.kind == MD_ACCESS_WRITE && finding->block.valid && !finding->block.closed)
		mend_slack(self, finding);
}

/* The thread's tables may be half changed, and its locks held. */
static bool is_busy(void)
{
	return md_thread_aside || md_thread_forking || (md_self && md_self->busy);
}

/* One line, when there can be no report. */
static void say_crash(int number, const siginfo_t *info, const void *context)
{
	struct md_crash here;
	char line[256];
	struct md_text text;

	md_fault_registers(&here, context);
	const char *place = here.pc >= md_process.library_begin && here.pc < md_process.library_end ? "in malloc-debug itself"
		: is_busy()                                                                         ? "inside a call of malloc-debug"
			    : "in a thread that has ended its destructors";

	md_text_init(&text, line, sizeof line, false);
	md_textf(&text, "==%u==ERROR: malloc-debug: %s at address %p, pc %p, %s\n", md_process_pid(), md_crash_signal_name(number),
		(uintptr_t)info->si_addr, here.pc, place);
	md_sink_write(line, text.length);
}

static void report(void *argument)
{
	const struct job *job = argument;
	struct md_thread *self = md_entry_begin();

	if (!self) {
		if (job->is_crash)
			say_crash(job->number, job->info, job->context);
		return;
	}
	if (job->is_crash && md_access_is_excused(self, (uintptr_t)job->info->si_addr))
		md_access_excuse(self, 0, 0); /* the call that was reported ends here, whatever the program makes of the signal */
	else if (job->is_crash)
		md_crash_add(self, &crash_record, job->number, job->info, job->context);
	else
		report_access(self, job);
	if (self->findings.count)
		md_policy_act(self);
	md_entry_end(self);
}

static uint64_t set_mask(uint64_t mask)
{
	uint64_t before = mask;

	if (!md_is_restricted())
		md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, (long)&before, sizeof mask);
	return before;
}

/* What is called on the private stack. */
struct call {
	void (*function)(void *);
	void *argument;
};

/* The frames of the handler that brought us here may lie on the thread's alternate stack, which the kernel takes for unused while we are on
 * this one: another signal would be put over them. So there is none meanwhile. */
static void run_aside(void *argument)
{
	static const stack_t none = { .ss_flags = SS_DISABLE };
	const struct call *call = argument;
	stack_t alternate;

	if (md_is_restricted() || md_syscall_failed(md_syscall2(SYS_sigaltstack, (long)&none, (long)&alternate))) {
		call->function(call->argument);
		return;
	}
	set_mask(~UNBLOCKED);
	call->function(call->argument);
	set_mask(~UNBLOCKED_ALWAYS);
	md_syscall2(SYS_sigaltstack, (long)&alternate, 0);
}

void md_fault_aside(void (*function)(void *), void *argument)
{
	int saved = errno;

	if (atomic_load(&private_owner) == this_thread()) { /* in a callback of the program: we are there already */
		function(argument);
	} else {
		uint64_t mask = set_mask(~UNBLOCKED_ALWAYS);
		struct call call = { function, argument };

		md_lock_take(&private_lock);
		atomic_store(&private_owner, this_thread());
		md_fault_call_aside(run_aside, &call, (uintptr_t)private_stack + sizeof private_stack);
		atomic_store(&private_owner, 0);
		md_lock_release(&private_lock);
		set_mask(mask);
	}
	errno = saved;
}

/* --- handlers ---------------------------------------------------------------------- */

/* Before the program's handler: accesses to our guard pages. */
static bool take_guard(int number, siginfo_t *info, void *context)
{
	uintptr_t addr = (uintptr_t)info->si_addr;

	if (number == SIGBUS && md_fault_is_synchronous(info) && md_history_file_mend(addr))
		return true;
	if (md_likely(!md_fault_is_synchronous(info) || info->si_code == SI_KERNEL || !md_guard_is_guard(&md_process.heap, addr)))
		return false;
	if (!is_busy() && !md_signals_is_stranger()) {
		struct job job = { .number = number, .info = info, .context = context };

		md_fault_aside(report, &job);
	}
	return md_guard_open(&md_process.heap, addr);
}

/* Whether the option crashes has the signal; those of bad accesses are always reported. */
static bool is_wanted(int number)
{
	uint64_t crashes = md_process.options.crashes;

	return number == SIGSEGV || number == SIGBUS || (number == SIGILL && (crashes & MD_CRASHES_ILL)) ||
		(number == SIGFPE && (crashes & MD_CRASHES_FPE)) || (number == SIGTRAP && (crashes & MD_CRASHES_TRAP)) ||
		(number == SIGABRT && (crashes & MD_CRASHES_ABRT));
}

/* By the program itself, or by what it did: what somebody else sent is no crash. */
static bool is_crash(int number, const siginfo_t *info)
{
	if (number == SIGABRT)
		return (info->si_code == SI_TKILL || info->si_code == SI_USER) && (uint32_t)info->si_pid == md_process_pid();
	return md_fault_is_synchronous(info);
}

void md_fault_crash(int number, siginfo_t *info, void *context)
{
	if (is_wanted(number) && is_crash(number, info) && !md_signals_is_stranger()) {
		if (is_busy()) {
			say_crash(number, info, context);
		} else {
			struct job job = { .number = number, .info = info, .context = context, .is_crash = true };

			md_fault_aside(report, &job);
		}
	}
	md_signals_default(number, info, context, number != SIGABRT && number != SIGTRAP && md_fault_is_synchronous(info));
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	if (!take_guard(number, info, context))
		md_fault_crash(number, info, context);
}

/* Where faults=no leaves bad accesses alone: a history file that somebody has shortened is no bad access. */
static bool take_shortened(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	return md_fault_is_synchronous(info) && md_history_file_mend((uintptr_t)info->si_addr);
}

static void on_shortened(int number, siginfo_t *info, void *context)
{
	if (!take_shortened(number, info, context))
		md_signals_default(number, info, context, md_fault_is_synchronous(info));
}

bool md_fault_init(void)
{
	static const struct md_signal_claim shortened = {
		.before = take_shortened, .instead = on_shortened, .flags = SA_ONSTACK | SA_NODEFER, .mask = ~UNBLOCKED
	};
	static const struct md_signal_claim faults = {
		.before = take_guard, .instead = on_fault, .flags = SA_ONSTACK | SA_NODEFER, .mask = ~UNBLOCKED
	};
	static const struct md_signal_claim others = { .instead = md_fault_crash, .flags = SA_ONSTACK | SA_NODEFER, .mask = ~UNBLOCKED };
	static const int numbers[] = { SIGILL, SIGFPE, SIGTRAP, SIGABRT };
	struct md_signal_action now;

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (is_wanted(numbers[i]))
			md_signals_claim(numbers[i], &others);
	if (!md_process.options.faults) {
		if (md_history_file_state.path)
			md_signals_claim(SIGBUS, &shortened);
		return false;
	}
	md_altstack_init();
	md_signals_claim(SIGBUS, &faults);
	if (!md_signals_claim(SIGSEGV, &faults))
		return false;
	return md_signal_action_set(SIGSEGV, NULL, &now) == 0 && (uintptr_t)now.handler != (uintptr_t)SIG_IGN;
}

void md_fault_after_fork(void)
{
	if (atomic_load(&private_owner) == this_thread()) /* it forked in a callback, and goes back from there */
		return;
	md_lock_init(&private_lock, MD_LOCK_FAULT);
	atomic_store(&private_owner, 0);
}
