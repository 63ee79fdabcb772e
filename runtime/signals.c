/* SPDX-License-Identifier: MIT */
#include "runtime/signals.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <ucontext.h>

#include "runtime/altstack.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/signal_action.h"
#include "runtime/syscall.h"

#define NUMBERS 65
#define RESTORER_FLAG 0x04000000u /* SA_RESTORER, which the C library sets and does not hide */
#define KEPT_FLAGS \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | 0x800u /* SA_EXPOSE_TAGBITS */ | \
		RESTORER_FLAG)
#define ONCE ((uintptr_t)1 << 63) /* SA_RESETHAND */
#define STACK_LEAST 4096          /* that a handler of the program finds below its frame, or it is not moved there */

typedef void handler_function(int);
typedef handler_function *set_function(int, handler_function *);

static struct {
	int (*sigaction)(int, const struct sigaction *, struct sigaction *);
	set_function *signal, *bsd_signal, *ssignal, *sysv_signal, *__sysv_signal, *sigset;
	int (*sigignore)(int);
	int (*siginterrupt)(int, int);
} next;

/* What the program set for a signal, where something of ours is in the kernel's table. */
struct entry {
	_Atomic(const struct md_signal_claim *) claim;
	_Atomic uintptr_t program; /* its handler, or SIG_DFL, SIG_IGN; ONCE or-ed in */
	_Atomic bool wrapped;      /* what the kernel has is ours */
	struct sigaction shown;    /* as the program sees it */
};

static struct entry entries[NUMBERS];
static struct md_lock lock = { .rank = MD_LOCK_SIGNALS };
static _Atomic uint64_t interrupting; /* bits of signals for which siginterrupt was asked */

#define FIND(name) next.name = (__typeof__(next.name))dlsym(RTLD_NEXT, #name)

void md_signals_find(void)
{
	FIND(sigaction);
	FIND(signal);
	FIND(bsd_signal);
	FIND(ssignal);
	FIND(sysv_signal);
	FIND(__sysv_signal);
	FIND(sigset);
	FIND(sigignore);
	FIND(siginterrupt);
}

struct md_lock *md_signals_lock(void)
{
	return &lock;
}

bool md_signals_is_stranger(void)
{
	return !md_is_restricted() && (uint32_t)md_syscall0(SYS_getpid) != md_process.pid;
}

static uint64_t begin_change(void)
{
	uint64_t all = ~0ull, mask = 0;

	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&mask, sizeof all);
	md_lock_take(&lock);
	return mask;
}

static void end_change(uint64_t mask)
{
	md_lock_release(&lock);
	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask);
}

/* --- when a signal comes ---------------------------------------------------------- */

static bool is_handler(uintptr_t program)
{
	return (program & ~ONCE) != (uintptr_t)SIG_DFL && (program & ~ONCE) != (uintptr_t)SIG_IGN;
}

bool md_signals_has_handler(int number)
{
	return is_handler(atomic_load(&entries[number].program));
}

void md_signals_lay_down(int number)
{
	static const struct md_signal_action standard;

	md_signal_action_set(number, &standard, NULL);
}

void md_signals_default(int number, const siginfo_t *info, void *context, bool refaults)
{
	uint64_t only = 1ull << (number - 1), interrupted;
	ucontext_t *state = context;

	memcpy(&interrupted, &state->uc_sigmask, sizeof interrupted);
	if (refaults && md_is_restricted()) {
		interrupted |= only; /* a fault whose signal is blocked ends the process, too, and needs no call */
	} else {
		interrupted &= ~only;
		md_syscall4(SYS_rt_sigprocmask, SIG_BLOCK, (long)&only, 0, sizeof only);
		md_signals_lay_down(number);
		if (md_syscall4(SYS_rt_tgsigqueueinfo, md_syscall0(SYS_getpid), md_syscall0(SYS_gettid), number, (long)info) != 0)
			md_syscall3(SYS_tgkill, md_syscall0(SYS_getpid), md_syscall0(SYS_gettid), number);
	}
	memcpy(&state->uc_sigmask, &interrupted, sizeof interrupted);
}

static void act_by_default(int number, siginfo_t *info, void *context)
{
	const struct md_signal_claim *claim = atomic_load(&entries[number].claim);

	if (claim && claim->instead)
		claim->instead(number, info, context);
	else
		md_signals_default(number, info, context, false);
}

static void stand_in(int number, siginfo_t *info, void *context);
static void filter(int number, siginfo_t *info, void *context);

/* A watchpoint's trap and a fault may come together, and the trap's frame is laid first: the fault then seems to come from the first
 * instruction of a handler of ours. It will come again, from where it belongs, when that handler is done. */
static bool comes_again(int number, const siginfo_t *info, const void *context)
{
#if defined(__x86_64__)
	const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;
	uintptr_t pc = (uintptr_t)registers[REG_RIP], below = (uintptr_t)registers[REG_RSP] - (uintptr_t)info->si_addr;

	if (md_likely(pc != (uintptr_t)stand_in && pc != (uintptr_t)filter))
		return false;
	return (number == SIGSEGV || number == SIGBUS) && info->si_code > 0 && below > 4096; /* unless the handler has no stack */
#else
	(void)number;
	(void)info;
	(void)context;
	return false;
#endif
}

/* In the kernel's table for the default action. */
static void stand_in(int number, siginfo_t *info, void *context)
{
	if (!comes_again(number, info, context))
		act_by_default(number, info, context);
}

/* What the kernel shall have where the program wants `wanted`. True if that is something of ours. */
static bool make_action(int number, const struct sigaction *wanted, struct sigaction *made)
{
	const struct md_signal_claim *claim = atomic_load(&entries[number].claim);

	*made = *wanted;
	if (wanted->sa_handler == SIG_IGN)
		return false;
	if (wanted->sa_handler == SIG_DFL) {
		if (!claim || !claim->instead || (claim->may_stand_in && !claim->may_stand_in()))
			return false;
		made->sa_sigaction = stand_in;
		made->sa_flags = (int)claim->flags | SA_SIGINFO;
		memcpy(&made->sa_mask, &claim->mask, sizeof claim->mask);
		return true;
	}
	if (!(claim && claim->before) && !((wanted->sa_flags & SA_ONSTACK) && md_altstack_enabled()))
		return false;
	made->sa_sigaction = filter;
	made->sa_flags = (wanted->sa_flags & ~SA_RESETHAND) | SA_SIGINFO;
	return true;
}

static bool is_ours(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) && (action->sa_sigaction == filter || action->sa_sigaction == stand_in);
}

static uintptr_t word_of(const struct sigaction *action)
{
	return (uintptr_t)action->sa_handler | (action->sa_flags & SA_RESETHAND && is_handler((uintptr_t)action->sa_handler) ? ONCE : 0);
}

/* The program's handler runs: from now on the default action is in force, if it asked for that. */
static uintptr_t take_program(int number)
{
	struct entry *entry = &entries[number];
	uintptr_t program = atomic_load(&entry->program);

	if (md_likely(!(program & ONCE)))
		return program;
	uint64_t mask = begin_change();

	program = atomic_load(&entry->program);
	if (program & ONCE) {
		struct sigaction made;

		entry->shown.sa_handler = SIG_DFL;
		atomic_store(&entry->program, (uintptr_t)SIG_DFL);
		atomic_store(&entry->wrapped, make_action(number, &entry->shown, &made));
		next.sigaction(number, &made, NULL);
	}
	end_change(mask);
	return program & ~ONCE;
}

#if defined(__x86_64__)

/* The frame that the kernel laid for a handler: return address, ucontext_t, siginfo_t, and above them the state of the vector registers. */
struct frame {
	uintptr_t begin, end;
};

static struct frame frame_of(const siginfo_t *info, const ucontext_t *context)
{
	struct frame frame = { (uintptr_t)context - sizeof(uintptr_t), (uintptr_t)(info + 1) };
	uintptr_t vectors = (uintptr_t)context->uc_mcontext.fpregs;
	uint32_t extension[2]; /* magic, bytes */

	if (vectors) {
		memcpy(extension, (const char *)vectors + 464, sizeof extension);
		frame.end = vectors + (extension[0] == 0x46505853u ? extension[1] : 512);
	}
	return frame;
}

static __attribute__((noreturn)) void jump(uintptr_t program, int number, uintptr_t info, uintptr_t context, uintptr_t stack)
{
	__asm__ volatile("movq %0, %%rsp\n"
			 "xorl %%eax, %%eax\n"
			 "jmpq *%1\n"
			 :
			 : "r"(stack), "r"(program), "D"((long)number), "S"(info), "d"(context)
			 : "memory");
	__builtin_unreachable();
}

/* We are on an alternate stack that the program knows nothing of: its handler runs where it would run without us. Returns if that is not
 * known, or false if there is no room: without us the kernel could not have called the handler either. */
static bool move_and_jump(uintptr_t program, int number, siginfo_t *info, ucontext_t *context)
{
	const struct md_thread *self = md_self;
	struct frame frame = frame_of(info, context);
	uintptr_t sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP], to;

	if (!self || sp < self->stack_low || sp > self->stack_high)
		return true;
	to = sp - 128 - (frame.end - frame.begin);
	to -= (to - frame.begin) & 63; /* vector registers are kept at multiples of 64 */
	if (to < self->stack_low + STACK_LEAST)
		return false;
	memcpy((void *)to, (const void *)frame.begin, frame.end - frame.begin);
	uintptr_t moved = to - frame.begin;
	ucontext_t *copy = (ucontext_t *)((uintptr_t)context + moved);

	if (copy->uc_mcontext.fpregs)
		copy->uc_mcontext.fpregs = (fpregset_t)((uintptr_t)copy->uc_mcontext.fpregs + moved);
	jump(program, number, (uintptr_t)info + moved, (uintptr_t)copy, to);
}

#else

static bool move_and_jump(uintptr_t program, int number, siginfo_t *info, ucontext_t *context)
{
	(void)program;
	(void)number;
	(void)info;
	(void)context;
	return true; /* in place: the kernel's frame is not laid out for moving */
}

#endif

/* In the kernel's table for a handler of the program. */
static __attribute__((optimize("optimize-sibling-calls"))) void filter(int number, siginfo_t *info, void *context)
{
	const struct md_signal_claim *claim = atomic_load(&entries[number].claim);

	if (md_unlikely(comes_again(number, info, context)) || (claim && claim->before && claim->before(number, info, context)))
		return;
	uintptr_t program = take_program(number);

	if (md_unlikely(!is_handler(program))) { /* set by another thread in this moment */
		if (program != (uintptr_t)SIG_IGN)
			act_by_default(number, info, context);
		return;
	}
	if (md_altstack_has((uintptr_t)context) && !md_signals_is_stranger() && !move_and_jump(program, number, info, context)) {
		act_by_default(number, info, context);
		return;
	}
	((void (*)(int, siginfo_t *, void *))program)(number, info, context); /* a jump: the program's handler has our frame's place */
}

/* --- when an action is set -------------------------------------------------------- */

/* As the kernel keeps it. */
static struct sigaction kept(const struct sigaction *wanted, const struct sigaction *before)
{
	struct sigaction action = *wanted;

	action.sa_flags = (int)((unsigned)action.sa_flags & KEPT_FLAGS);
#if defined(__x86_64__)
	action.sa_flags |= (int)RESTORER_FLAG;
	action.sa_restorer = before->sa_restorer;
#else
	(void)before;
#endif
	sigdelset(&action.sa_mask, SIGKILL);
	sigdelset(&action.sa_mask, SIGSTOP);
	return action;
}

/* The kernel has 8 bytes of a mask; the others are left as they are. */
static void tell(struct sigaction *old, const struct sigaction *action)
{
	old->sa_handler = action->sa_handler;
	old->sa_flags = action->sa_flags;
	old->sa_restorer = action->sa_restorer;
	memcpy(&old->sa_mask, &action->sa_mask, sizeof(uint64_t));
}

static int change(int number, const struct sigaction *new, struct sigaction *old)
{
	struct entry *entry = &entries[number];
	struct sigaction wanted, made, before, seen;
	int result;

	if (new)
		wanted = *new;
	memset(&before, 0, sizeof before);
	uint64_t mask = begin_change();

	if (md_signals_is_stranger()) {
		result = next.sigaction(number, new ? &wanted : NULL, &before);
		seen = is_ours(&before) ? entry->shown : before;
	} else {
		uintptr_t program = atomic_load(&entry->program);
		bool wrapped = new ? make_action(number, &wanted, &made) : false;

		if (new)
			atomic_store(&entry->program, word_of(&wanted));
		result = next.sigaction(number, new ? &made : NULL, &before);
		seen = is_ours(&before) ? entry->shown : before;
		if (new &&result == 0) {
			if (wrapped) /* for the C library's restorer */
				next.sigaction(number, NULL, &before);
			entry->shown = kept(&wanted, &before);
			atomic_store(&entry->wrapped, wrapped);
		} else if (new) {
			atomic_store(&entry->program, program);
		}
	}
	end_change(mask);
	if (result == 0 && old)
		tell(old, &seen);
	return result;
}

/* Whether the program must not see what the kernel has, or not all it sets may get there. */
static bool is_kept(int number)
{
	return number > 0 && number < NUMBERS &&
		(atomic_load_explicit(&entries[number].claim, memory_order_relaxed) ||
			atomic_load_explicit(&entries[number].wrapped, memory_order_relaxed));
}

bool md_signals_claim(int number, const struct md_signal_claim *claim)
{
	struct entry *entry = &entries[number];
	struct sigaction before, made;
	bool done = false;

	memset(&before, 0, sizeof before);
	uint64_t mask = begin_change();
	const struct md_signal_claim *other = atomic_load(&entry->claim);

	if ((!other || (!other->before && claim->before)) && next.sigaction && next.sigaction(number, NULL, &before) == 0 &&
		(is_ours(&before) || before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN)) {
		if (!is_ours(&before)) {
			entry->shown = before;
			atomic_store(&entry->program, word_of(&before));
		}
		atomic_store(&entry->claim, claim);
		done = true;
		if (make_action(number, &entry->shown, &made)) {
			done = next.sigaction(number, &made, NULL) == 0;
			atomic_store(&entry->wrapped, done);
		}
		if (!done)
			atomic_store(&entry->claim, other);
	}
	end_change(mask);
	return done;
}

void md_signals_take_up(int number)
{
	struct entry *entry = &entries[number];
	struct sigaction now, made;
	uint64_t mask = begin_change();

	if (next.sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_DFL && entry->shown.sa_handler == SIG_DFL &&
		make_action(number, &entry->shown, &made))
		next.sigaction(number, &made, NULL);
	end_change(mask);
}

void md_signals_release(int number)
{
	struct entry *entry = &entries[number];
	struct sigaction now, made;
	uint64_t mask = begin_change();

	atomic_store(&entry->claim, NULL);
	if (next.sigaction(number, NULL, &now) == 0 && is_ours(&now)) {
		atomic_store(&entry->wrapped, make_action(number, &entry->shown, &made));
		next.sigaction(number, &made, NULL);
	}
	end_change(mask);
}

/* --- what the program calls --------------------------------------------------------- */

MD_EXPORT int sigaction(int number, const struct sigaction *restrict new, struct sigaction *restrict old)
{
	if (md_unlikely(!next.sigaction))
		md_signals_find(); /* called before our constructor */
	if (is_kept(number) || (number > 0 && number < NUMBERS && new && (new->sa_flags &SA_ONSTACK) && md_altstack_enabled()))
		return change(number, new, old);
	return next.sigaction(number, new, old);
}

MD_EXPORT int __sigaction(int number, const struct sigaction *restrict new, struct sigaction *restrict old);

MD_EXPORT int __sigaction(int number, const struct sigaction *restrict new, struct sigaction *restrict old)
{
	return sigaction(number, new, old);
}

/* The older functions, as the C library has them, for signals that are kept. */
static handler_function *set(int number, handler_function *handler, int flags, bool blocks_itself)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags }, old;

	if (handler == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	if (blocks_itself)
		sigaddset(&action.sa_mask, number);
	return change(number, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

static bool is_interrupting(int number)
{
	return atomic_load(&interrupting) >> (number - 1) & 1;
}

static handler_function *set_bsd(set_function *function, int number, handler_function *handler)
{
	if (!is_kept(number))
		return function ? function(number, handler) : SIG_ERR;
	return set(number, handler, is_interrupting(number) ? 0 : SA_RESTART, true);
}

static handler_function *set_sysv(set_function *function, int number, handler_function *handler)
{
	if (!is_kept(number))
		return function ? function(number, handler) : SIG_ERR;
	return set(number, handler, (int)SA_RESETHAND | SA_NODEFER | 0x20000000 /* SA_INTERRUPT */, false);
}

MD_EXPORT handler_function *signal(int number, handler_function *handler)
{
	if (md_unlikely(!next.signal))
		md_signals_find();
	return set_bsd(next.signal, number, handler);
}

MD_EXPORT handler_function *bsd_signal(int number, handler_function *handler); /* no header has it any more */

MD_EXPORT handler_function *bsd_signal(int number, handler_function *handler)
{
	return set_bsd(next.bsd_signal, number, handler);
}

MD_EXPORT handler_function *ssignal(int number, handler_function *handler)
{
	return set_bsd(next.ssignal, number, handler);
}

MD_EXPORT handler_function *sysv_signal(int number, handler_function *handler)
{
	return set_sysv(next.sysv_signal, number, handler);
}

MD_EXPORT handler_function *__sysv_signal(int number, handler_function *handler)
{
	return set_sysv(next.__sysv_signal, number, handler);
}

MD_EXPORT handler_function *sigset(int number, handler_function *handler)
{
	struct sigaction now;
	sigset_t only, before;

	if (!is_kept(number))
		return next.sigset ? next.sigset(number, handler) : SIG_ERR;
	sigemptyset(&only);
	sigaddset(&only, number);
	if (handler == SIG_HOLD) {
		if (sigprocmask(SIG_BLOCK, &only, &before) != 0)
			return SIG_ERR;
		if (sigismember(&before, number))
			return SIG_HOLD;
		return change(number, NULL, &now) == 0 ? now.sa_handler : SIG_ERR;
	}
	handler_function *old = set(number, handler, 0, false);

	if (old == SIG_ERR || sigprocmask(SIG_UNBLOCK, &only, &before) != 0)
		return SIG_ERR;
	return sigismember(&before, number) ? SIG_HOLD : old;
}

MD_EXPORT int sigignore(int number)
{
	if (!is_kept(number))
		return next.sigignore ? next.sigignore(number) : -1;
	return set(number, SIG_IGN, 0, false) == SIG_ERR ? -1 : 0;
}

MD_EXPORT int siginterrupt(int number, int interrupts)
{
	struct sigaction action;

	if (number > 0 && number < NUMBERS) {
		if (interrupts)
			atomic_fetch_or(&interrupting, 1ull << (number - 1));
		else
			atomic_fetch_and(&interrupting, ~(1ull << (number - 1)));
	}
	if (!is_kept(number))
		return next.siginterrupt ? next.siginterrupt(number, interrupts) : -1;
	if (change(number, NULL, &action) != 0)
		return -1;
	action.sa_flags = interrupts ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
	return change(number, &action, NULL);
}

/* In old binaries only. */
struct bsd_vector {
	handler_function *handler;
	int mask, flags; /* SV_ONSTACK, SV_INTERRUPT, SV_RESETHAND */
};

MD_EXPORT int sigvec(int number, const struct bsd_vector *new, struct bsd_vector *old);

MD_EXPORT int sigvec(int number, const struct bsd_vector *new, struct bsd_vector *old)
{
	struct sigaction action = { 0 }, before;

	if (new) {
		action.sa_handler = new->handler;
		memcpy(&action.sa_mask, &new->mask, sizeof new->mask);
		action.sa_flags = (new->flags & 1 ? SA_ONSTACK : 0) | (new->flags & 2 ? 0 : SA_RESTART) |
			(new->flags & 4 ? (int)SA_RESETHAND : 0);
	}
	if (sigaction(number, new ? &action : NULL, &before) != 0)
		return -1;
	if (old) {
		old->handler = before.sa_handler;
		memcpy(&old->mask, &before.sa_mask, sizeof old->mask);
		old->flags = (before.sa_flags & SA_ONSTACK ? 1 : 0) | (before.sa_flags & SA_RESTART ? 0 : 2) |
			(before.sa_flags & (int)SA_RESETHAND ? 4 : 0);
	}
	return 0;
}
