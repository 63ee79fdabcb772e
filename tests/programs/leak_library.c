/* SPDX-License-Identifier: MIT
 *
 * Pointers in the variables of a library that the program opens: .data and .bss, and thread-local ones of the first and of other threads. Once the library
 * is closed its variables are gone, and what they held is leaked; thread-local ones go when the thread next needs such a variable.
 */
// leaks: keep | | direct=1:24 reachable=2
// leaks: keep | leak_roots=globals | direct=1:24 reachable=2
// leaks: thread | | direct=1:24 reachable=1
// leaks: threads | | direct=1:24 reachable=9
// leaks: close | | direct=3:67
// leaks: close-thread | | direct=1:24 reachable=1
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/programs/leak.h"

static void *plugin;
static pthread_barrier_t ready;

static void call(const char *name)
{
	void (*function)(void) = (void (*)(void))dlsym(plugin, name);

	CHECK(function);
	function();
}

static void *run(void *unused)
{
	call("plugin_keep_in_thread");
	pthread_barrier_wait(&ready);
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	char path[4096];
	const char *what = argv[1];
	pthread_t thread;

	snprintf(path, sizeof path, "%.*s/plugin_leak", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
	plugin = dlopen(path, RTLD_NOW);
	CHECK(plugin);
	call("plugin_lose");
	if (!strcmp(what, "keep") || !strcmp(what, "close"))
		call("plugin_keep");
	else
		call("plugin_keep_in_thread");
	if (!strcmp(what, "threads")) {
		pthread_barrier_init(&ready, NULL, 9);
		for (int i = 0; i < 8; i++)
			CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
		pthread_barrier_wait(&ready);
	}
	if (!strncmp(what, "close", 5))
		CHECK(dlclose(plugin) == 0);
	say_ok();
	return 0;
}
