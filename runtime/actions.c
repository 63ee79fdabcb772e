/* SPDX-License-Identifier: MIT */
#include "runtime/actions.h"

#include <string.h>

#include "runtime/signals.h"

#define SIGNALS_MAX 32 /* no other signal has a default action that anybody waits for */

static struct md_signal_claim claims[SIGNALS_MAX];
static bool watched[SIGNALS_MAX];

void md_actions_watch(int number, const struct sigaction *action, bool (*may_stand_in)(void))
{
	claims[number].instead = action->sa_sigaction;
	claims[number].flags = (unsigned)action->sa_flags;
	memcpy(&claims[number].mask, &action->sa_mask, sizeof claims[number].mask);
	claims[number].may_stand_in = may_stand_in;
	watched[number] = md_signals_claim(number, &claims[number]);
}

void md_actions_stand_in(int number)
{
	if (watched[number])
		md_signals_take_up(number);
}

void md_actions_give_back(void)
{
	for (int number = 1; number < SIGNALS_MAX; number++)
		if (watched[number])
			md_signals_release(number);
	memset(watched, 0, sizeof watched);
}

void md_actions_find(void)
{
	md_signals_find();
}
