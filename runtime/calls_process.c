/* SPDX-License-Identifier: MIT
 *
 * The wrappers of functions that start another program: what they are given, and the environment that the other program gets. Those of
 * exec are in leak_exec.c.
 */
#include "runtime/calls_exec.h"
#include "runtime/calls_hand.h"

MD_CALLS_CHECKED int checked_system(const char *command)
{
	if (!MD_CALLS_HAS(system))
		return -1;
	MD_CALLS_SCOPE(system);
	md_calls_exec_string(&scope, command);
	if (command) /* else it only asks whether there is a shell */
		md_calls_exec_strings(&scope, environ);
	int result = md_calls_real.system(command);

	md_calls_end(&scope);
	return result;
}

int md_check_system(const char *command);
int md_check_system(const char *command)
{
	return checked_system(command);
}

MD_CALLS_CHECKED FILE *checked_popen(const char *command, const char *mode)
{
	if (!MD_CALLS_HAS(popen))
		return NULL;
	MD_CALLS_SCOPE(popen);
	md_calls_exec_string(&scope, command);
	md_calls_exec_string(&scope, mode);
	md_calls_exec_strings(&scope, environ);
	FILE *result = md_calls_real.popen(command, mode);

	md_calls_end(&scope);
	return result;
}

FILE *md_check_popen(const char *command, const char *mode);
FILE *md_check_popen(const char *command, const char *mode)
{
	return checked_popen(command, mode);
}

#define SPAWN(name) \
	MD_CALLS_CHECKED int checked_##name(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, \
		const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) \
	{ \
		if (!MD_CALLS_HAS(name)) \
			return ENOSYS; \
		MD_CALLS_SCOPE(name); \
		md_calls_exec_string(&scope, path); \
		md_calls_exec_strings(&scope, arguments); \
		md_calls_exec_strings(&scope, environment); \
		int result = md_calls_real.name(pid, path, actions, attributes, arguments, environment); \
\
		md_calls_end(&scope); \
		return result; \
	} \
	int md_check_##name(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, \
		const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]); \
	int md_check_##name(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, \
		const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) \
	{ \
		return checked_##name(pid, path, actions, attributes, arguments, environment); \
	}

SPAWN(posix_spawn)
SPAWN(posix_spawnp)
