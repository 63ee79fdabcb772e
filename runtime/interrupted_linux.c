/* SPDX-License-Identifier: MIT */
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "runtime/interrupted.h"
#include "runtime/modules.h"
#include "runtime/process.h"
#include "runtime/signal_action.h"
#include "runtime/syscall.h"
#include "src/os.h"

/* --- the machine ------------------------------------------------------------- */

/* A system call as the interrupted thread's registers show it. */
struct call {
	long result; /* or number, where it is about to be made (again) */
	uintptr_t pc, sp;
	uintptr_t arguments[6];
};

/* The kernel notes it where it keeps the interrupted thread's registers. */
static uintptr_t signal_stack_of(const ucontext_t *interrupted)
{
	return interrupted->uc_stack.ss_flags & SS_DISABLE ? 0 : (uintptr_t)interrupted->uc_stack.ss_sp;
}

#if defined(__x86_64__)

#define CALL_BYTES 2
#define SYSTEM_CALLS_MAX 1023
#define FIRST_KEPT 0 /* of the arguments, that registers still hold when the call is over */

/* Parts of the area that the kernel keeps vector registers in, and the bits that say which of them are in use: the others hold what was
 * there before. */
#define XSTATE_MAGIC 0x46505853u
#define XSTATE_MAGIC_OFFSET 464
#define XSTATE_BITS_OFFSET 512
enum { XSTATE_SSE = 1, XSTATE_AVX = 2, XSTATE_ZMM_HIGH = 6, XSTATE_ZMM_MORE = 7 };

static void note_vectors(struct md_registers *registers, uintptr_t area)
{
	static const struct {
		unsigned bit;
		uint32_t offset, bytes; /* 0: the processor says */
	} parts[MD_REGISTERS_VECTORS] = { { XSTATE_SSE, 160, 256 }, { XSTATE_AVX, 576, 256 }, { XSTATE_ZMM_HIGH, 0, 0 }, { XSTATE_ZMM_MORE, 0, 0 } };
	uint32_t extension[2]; /* magic, bytes */
	uint64_t used = 1 << XSTATE_SSE;
	int count = 0;

	memcpy(extension, (const void *)(area + XSTATE_MAGIC_OFFSET), sizeof extension);
	bool extended = extension[0] == XSTATE_MAGIC;

	if (extended)
		memcpy(&used, (const void *)(area + XSTATE_BITS_OFFSET), sizeof used);
	for (int i = 0; i < MD_REGISTERS_VECTORS; i++) {
		uint32_t offset = parts[i].offset, bytes = parts[i].bytes, flags, none;

		if (!(used >> parts[i].bit & 1))
			continue;
		if (!bytes)
			__cpuid_count(0xd, parts[i].bit, bytes, offset, flags, none);
		if (i && (!extended || offset + bytes > extension[1]))
			continue;
		registers->vectors[count].begin = area + offset;
		registers->vectors[count++].bytes = bytes;
	}
}

void md_interrupted_registers(struct md_registers *registers, const void *context)
{
	const ucontext_t *interrupted = context;
	const greg_t *from = interrupted->uc_mcontext.gregs;
	static const int numbers[MD_REGISTERS_GENERAL] = { REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_R8, REG_R9, REG_R10,
		REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

	memset(registers, 0, sizeof *registers);
	for (int i = 0; i < MD_REGISTERS_GENERAL; i++)
		registers->general[i] = (uintptr_t)from[numbers[i]];
	registers->sp = (uintptr_t)from[REG_RSP];
	registers->signal_stack = signal_stack_of(interrupted);
	registers->pc = (uintptr_t)from[REG_RIP];
	if (interrupted->uc_mcontext.fpregs)
		note_vectors(registers, (uintptr_t)interrupted->uc_mcontext.fpregs);
}

static bool is_call_instruction(uintptr_t pc)
{
	unsigned char code[CALL_BYTES];

	return md_os_read(pc, code, sizeof code) == sizeof code && code[0] == 0x0f && code[1] == 0x05;
}

/* Bytes of an instruction that compilers put between the loading of the number and the call, to load an argument; 0: it is none of those. */
static size_t argument_bytes(const unsigned char *code)
{
	size_t prefix = (code[0] & 0xf0) == 0x40, bytes = 0; /* REX */
	const unsigned char *at = code + prefix;
	unsigned mode = at[1] >> 6, reg = at[1] >> 3 & 7, base = at[1] & 7, written = reg | (code[0] & 4 && prefix ? 8 : 0);

	if (at[0] == 0x8b && mode == 1) { /* mov OFFSET(BASE), REG */
		bytes = base == 4 ? 4 : 3;
	} else if ((at[0] == 0x31 || at[0] == 0x33) && mode == 3 && reg == base) { /* xor REG, REG */
		bytes = 2;
	} else if (at[0] > 0xb8 && at[0] <= 0xbf && !(prefix && code[0] & 8)) { /* mov NUMBER, REG */
		bytes = 5;
		written = 1;
	}
	return bytes && written ? prefix + bytes : 0;
}

/* The number that is loaded shortly before the call (movl $NUMBER, %eax), as nearly all of the C library's calls do. */
static long number_before(uintptr_t pc)
{
	unsigned char code[24 + 8] = { 0 }; /* some more than is read, for instructions that are looked at up to their ends */
	int32_t number;

	if (md_os_read(pc - 24, code, 24) != 24)
		return -1;
	for (size_t begin = 24 - 5; begin >= 4; begin--) {
		size_t at = begin + 5, bytes = 1;

		memcpy(&number, code + begin + 1, sizeof number);
		if (code[begin] != 0xb8 || (code[begin - 1] & 0xf0) == 0x40 || number < 0 || number > SYSTEM_CALLS_MAX)
			continue;
		while (at < 24 && (bytes = argument_bytes(code + at)))
			at += bytes;
		if (at == 24)
			return number;
	}
	return -1;
}

static struct call call_of(const ucontext_t *context)
{
	const greg_t *from = context->uc_mcontext.gregs;

	return (struct call){ .result = from[REG_RAX], .pc = (uintptr_t)from[REG_RIP], .sp = (uintptr_t)from[REG_RSP],
		.arguments = { (uintptr_t)from[REG_RDI], (uintptr_t)from[REG_RSI], (uintptr_t)from[REG_RDX], (uintptr_t)from[REG_R10], (uintptr_t)from[REG_R8],
			(uintptr_t)from[REG_R9] } };
}

static void make_again(ucontext_t *context, long number, uintptr_t first_argument)
{
	(void)first_argument;
	context->uc_mcontext.gregs[REG_RAX] = number;
	context->uc_mcontext.gregs[REG_RIP] -= CALL_BYTES;
}

static void make_interrupted(ucontext_t *context)
{
	context->uc_mcontext.gregs[REG_RAX] = -EINTR;
	context->uc_mcontext.gregs[REG_RIP] += CALL_BYTES;
}

#else

#define CALL_BYTES 4
#define FIRST_KEPT 1 /* the first argument's register holds the result */

void md_interrupted_registers(struct md_registers *registers, const void *context)
{
	const ucontext_t *interrupted = context;

	memset(registers, 0, sizeof *registers);
	for (int i = 0; i < MD_REGISTERS_GENERAL; i++)
		registers->general[i] = (uintptr_t)interrupted->uc_mcontext.regs[i];
	registers->sp = (uintptr_t)interrupted->uc_mcontext.sp;
	registers->signal_stack = signal_stack_of(interrupted);
	registers->pc = (uintptr_t)interrupted->uc_mcontext.pc;
	registers->vectors[0].begin = (uintptr_t)interrupted->uc_mcontext.__reserved;
	registers->vectors[0].bytes = sizeof interrupted->uc_mcontext.__reserved;
}

static bool is_call_instruction(uintptr_t pc)
{
	uint32_t code;

	return md_os_read(pc, &code, sizeof code) == sizeof code && code == 0xd4000001u; /* svc 0 */
}

static long number_before(uintptr_t pc)
{
	(void)pc; /* the number would still be there, but the first argument is lost */
	return -1;
}

static struct call call_of(const ucontext_t *context)
{
	struct call call = { .result = (long)context->uc_mcontext.regs[0], .pc = (uintptr_t)context->uc_mcontext.pc,
		.sp = (uintptr_t)context->uc_mcontext.sp };

	for (int i = 0; i < 6; i++)
		call.arguments[i] = (uintptr_t)context->uc_mcontext.regs[i];
	return call;
}

static void make_again(ucontext_t *context, long number, uintptr_t first_argument)
{
	context->uc_mcontext.regs[0] = first_argument;
	context->uc_mcontext.regs[8] = (unsigned long long)number;
	context->uc_mcontext.pc -= CALL_BYTES;
}

static void make_interrupted(ucontext_t *context)
{
	context->uc_mcontext.regs[0] = (unsigned long long)-EINTR;
	context->uc_mcontext.pc += CALL_BYTES;
}

#endif

/* --- interrupted calls --------------------------------------------------------- */

/* True if the thread was in this call when it was asked to stop, with the call's instruction ending at pc. */
static bool was_in(const struct md_known_call *known, const struct call *call, uintptr_t pc)
{
	if (!known->in_call || pc != known->pc || call->sp != known->sp)
		return false;
	for (int i = FIRST_KEPT; i < 6; i++)
		if (call->arguments[i] != known->arguments[i])
			return false;
	return true;
}

/* True if a signal waits that the program has a handler for, and that handler runs as soon as we return. */
static bool handler_waits(const ucontext_t *context, bool interrupting)
{
	uint64_t waiting = 0, blocked;
	struct md_signal_action action;

	md_syscall2(SYS_rt_sigpending, (long)&waiting, sizeof waiting);
	memcpy(&blocked, &context->uc_sigmask, sizeof blocked);
	for (uint64_t left = waiting & ~blocked & ~(1ull << (MD_STOP_SIGNAL - 1)); left; left &= left - 1) {
		if (md_signal_action_set(__builtin_ctzll(left) + 1, NULL, &action) != 0 ||
			(uintptr_t)action.handler == (uintptr_t)SIG_DFL || (uintptr_t)action.handler == (uintptr_t)SIG_IGN)
			continue;
		if (!interrupting || !(action.flags & SA_RESTART))
			return true;
	}
	return false;
}

/* Calls that the kernel makes again whatever handler ran. */
static bool is_never_interrupted(const struct md_known_call *known)
{
	long operation = (long)(known->arguments[1] & FUTEX_CMD_MASK);

	return known->number == SYS_futex && (operation == FUTEX_LOCK_PI || operation == FUTEX_LOCK_PI2 || operation == FUTEX_WAIT_REQUEUE_PI);
}

/* Leaves the interrupted call as it would be had we not come. Many calls the kernel makes again because our handler says SA_RESTART; others
 * answer EINTR whatever it says, and are made again here. A relative time limit then begins anew. But where a handler of the program is
 * about to run, the call's fate is what that handler asks for. */
void md_interrupted_settle(const struct md_known_call *known, void *context)
{
	static const struct md_known_call nothing;
	struct call call = call_of(context);

	if (!known)
		known = &nothing;
	if (call.result == -EINTR && is_call_instruction(call.pc - CALL_BYTES)) {
		bool is_known = was_in(known, &call, call.pc);
		long number = is_known ? known->number : number_before(call.pc - CALL_BYTES);

		/* close has closed, whatever it answers */
		if (number >= 0 && number != SYS_close && !handler_waits(context, false))
			make_again(context, number, is_known ? known->arguments[0] : call.arguments[0]);
	} else if (was_in(known, &call, call.pc + CALL_BYTES) && is_call_instruction(call.pc) && !is_never_interrupted(known) &&
		handler_waits(context, true)) {
		make_interrupted(context);
	}
}

bool md_interrupted_in_library_call(uintptr_t pc)
{
#if defined(__x86_64__)
	struct md_object waits, library;
	unsigned char code[4];

	return md_object_find(pc, &waits) && md_object_find((uintptr_t)md_process.next.pthread_create, &library) && waits.begin == library.begin &&
		md_os_read(pc - 2, code, sizeof code) == sizeof code && ((code[0] == 0x0f && code[1] == 0x05) || (code[2] == 0x0f && code[3] == 0x05));
#else
	(void)pc;
	return false;
#endif
}
