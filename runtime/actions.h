/* SPDX-License-Identifier: MIT
 *
 * Actions: handlers of ours that stand in for the default action of a signal, without the program's notice.
 *
 * How   Where the default action is in force, at start or whenever the program sets it again, the handler is put in its place; a signal
 *       that the program ignores or handles is not touched. The functions that set and tell actions (sigaction, signal and its relatives)
 *       are wrapped, and tell of the default action as the program left it. For signals that nobody watches they call what is behind them,
 *       and nothing else.
 *
 * Locking and signal safety   No lock, async-signal-safe. What two threads set at the same moment for the same signal is undefined for the
 *                             program, too. A child that shares its parent's memory changes its own actions only, and nothing of ours.
 */
#ifndef MD_ACTIONS_H
#define MD_ACTIONS_H

#include <signal.h>
#include <stdbool.h>

/* From now on action stands in for the signal's default action, as long as may_stand_in says so when the program sets it. Constructor only. */
void md_actions_watch(int number, const struct sigaction *action, bool (*may_stand_in)(void));

/* Puts the handler of a watched signal in place, if the default action is in force. */
void md_actions_stand_in(int number);

/* All default actions are in force again, and stay so. */
void md_actions_give_back(void);

/* Finds the functions behind the wrappers. Constructor only; in all modes. */
void md_actions_find(void);

#endif
