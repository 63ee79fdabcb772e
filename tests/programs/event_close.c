/* SPDX-License-Identifier: MIT
 *
 * Closing a plugin, for tests/system/test_leak_events.c: what it allocated is lost with its variables, but for what the program got from
 * it. The program has a leak of its own, which is none of the plugin's.
 */
#include <dlfcn.h>

#include "tests/programs/leak.h"

static char *kept, *from_plugin;

static void *open_plugin(const char *program, const char *name)
{
	char path[4096];
	void *plugin;

	snprintf(path, sizeof path, "%.*s/%s", (int)(strrchr(program, '/') - program), program, name);
	plugin = dlopen(path, RTLD_NOW);
	CHECK(plugin);
	return plugin;
}

static void call(void *plugin, const char *name)
{
	void (*function)(void) = (void (*)(void))dlsym(plugin, name);

	CHECK(function);
	function();
}

static void *use(const char *program)
{
	void *plugin = open_plugin(program, "plugin_close");
	char *(*give)(void) = (char *(*)(void))dlsym(plugin, "plugin_give");

	call(plugin, "plugin_keep");
	from_plugin = give();
	return plugin;
}

int main(int argc, char **argv)
{
	const char *what = argv[1];

	(void)argc;
	kept = keep(93);
	lose(100);
	void *plugin = use(argv[0]), *again;

	if (!strcmp(what, "held")) { /* somebody else still uses it */
		again = open_plugin(argv[0], "plugin_close");
		CHECK(dlclose(plugin) == 0);
		call(again, "plugin_keep");
		_exit(0);
	}
	if (!strcmp(what, "clean")) {
		call(plugin, "plugin_clean");
		CHECK(dlclose(plugin) == 0);
		_exit(0);
	}
	CHECK(dlclose(plugin) == 0);
	if (!strcmp(what, "again")) { /* the first report is not repeated in the second */
		plugin = use(argv[0]);
		CHECK(dlclose(plugin) == 0);
	}
	CHECK(from_plugin[0] == 'g');
	_exit(0);
}
