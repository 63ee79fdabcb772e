/* SPDX-License-Identifier: MIT */
#include "runtime/actions.h"

#include <dlfcn.h>
#include <stdint.h>

#include "runtime/process.h"
#include "runtime/syscall.h"

#define SIGNALS_MAX 32 /* no other signal has a default action that anybody waits for */

typedef void handler_function(int);
typedef handler_function *set_function(int, handler_function *);

static struct {
	int (*sigaction)(int, const struct sigaction *, struct sigaction *);
	set_function *signal, *bsd_signal, *ssignal, *sysv_signal, *__sysv_signal, *sigset;
} next;

static struct {
	struct sigaction ours;
	struct sigaction shown; /* the default action as the program set it, while ours stands in */
	bool (*may_stand_in)(void);
} actions[SIGNALS_MAX];

static uint64_t watched; /* bits of signals; 0: nobody watches any */

#define FIND(name) next.name = (__typeof__(next.name))dlsym(RTLD_NEXT, #name)

void md_actions_find(void)
{
	FIND(sigaction);
	FIND(signal);
	FIND(bsd_signal);
	FIND(ssignal);
	FIND(sysv_signal);
	FIND(__sysv_signal);
	FIND(sigset);
}

static bool is_watched(int number)
{
	return md_unlikely(watched) && number > 0 && number < SIGNALS_MAX && (watched >> number & 1);
}

static bool is_ours(int number, const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) && action->sa_sigaction == actions[number].ours.sa_sigaction;
}

void md_actions_stand_in(int number)
{
	uint64_t all = ~0ull, mask;
	struct sigaction now;

	if (!is_watched(number) || !actions[number].may_stand_in())
		return;
	/* A handler of the program might set an action in between. */
	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&mask, sizeof all);
	if (!next.sigaction(number, NULL, &now) && now.sa_handler == SIG_DFL) {
		actions[number].shown = now;
		next.sigaction(number, &actions[number].ours, NULL);
	}
	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask);
}

void md_actions_watch(int number, const struct sigaction *action, bool (*may_stand_in)(void))
{
	actions[number].ours = *action;
	actions[number].may_stand_in = may_stand_in;
	watched |= 1ull << number;
	md_actions_stand_in(number);
}

void md_actions_give_back(void)
{
	struct sigaction now;

	for (int number = 1; number < SIGNALS_MAX; number++)
		if (is_watched(number) && !next.sigaction(number, NULL, &now) && is_ours(number, &now))
			next.sigaction(number, &actions[number].shown, NULL);
	watched = 0;
}

/* --- entry points ------------------------------------------------------------- */

static int change(int number, const struct sigaction *new, struct sigaction *old)
{
	struct sigaction before, shown = actions[number].shown;
	bool is_default = new &&new->sa_handler == SIG_DFL;
	int result = next.sigaction(number, new, &before);

	if (!result && is_default)
		md_actions_stand_in(number);
	if (!result && old)
		*old = is_ours(number, &before) ? shown : before;
	return result;
}

MD_EXPORT int sigaction(int number, const struct sigaction *new, struct sigaction *old)
{
	if (md_unlikely(!next.sigaction))
		md_actions_find(); /* called before our constructor */
	return is_watched(number) ? change(number, new, old) : next.sigaction(number, new, old);
}

/* The older functions, all alike. */
static handler_function *set(set_function *function, int number, handler_function *handler)
{
	handler_function *before = function(number, handler);

	if (!is_watched(number))
		return before;
	if (before != SIG_ERR && handler == SIG_DFL)
		md_actions_stand_in(number);
	return (uintptr_t)before == (uintptr_t)actions[number].ours.sa_sigaction ? SIG_DFL : before;
}

MD_EXPORT handler_function *signal(int number, handler_function *handler)
{
	if (md_unlikely(!next.signal))
		md_actions_find();
	return set(next.signal, number, handler);
}

MD_EXPORT handler_function *bsd_signal(int number, handler_function *handler); /* no header has it any more */

MD_EXPORT handler_function *bsd_signal(int number, handler_function *handler)
{
	return set(next.bsd_signal, number, handler);
}

MD_EXPORT handler_function *ssignal(int number, handler_function *handler)
{
	return set(next.ssignal, number, handler);
}

MD_EXPORT handler_function *sysv_signal(int number, handler_function *handler)
{
	return set(next.sysv_signal, number, handler);
}

MD_EXPORT handler_function *__sysv_signal(int number, handler_function *handler)
{
	return set(next.__sysv_signal, number, handler);
}

MD_EXPORT handler_function *sigset(int number, handler_function *handler)
{
	return set(next.sigset, number, handler);
}
