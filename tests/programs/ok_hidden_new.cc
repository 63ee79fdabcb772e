/* SPDX-License-Identifier: MIT
 *
 * Modules with operators new and delete of their own, on top of malloc, that the loader does not bind to ours: no mismatch, whether the module frees its
 * objects itself, or the program deletes them with the operators it sees, or the other way round. All that works because both end in
 * free, and is common with static C++ runtimes.
 */
#include <dlfcn.h>
#include <string>

#include "tests/programs/ok.h"

static void use_plugin(const std::string &path)
{
	void *plugin = dlopen(path.c_str(), RTLD_NOW);
	CHECK(plugin);
	auto use = reinterpret_cast<int (*)()>(dlsym(plugin, "use_own_operators"));
	auto make = reinterpret_cast<int *(*)()>(dlsym(plugin, "make_by_own_operator"));
	auto drop = reinterpret_cast<void (*)(int *)>(dlsym(plugin, "drop_by_own_operator"));
	CHECK(use && make && drop);
	CHECK(use() == 1000);
	for (int i = 0; i < 10; i++) {
		int *object = make();

		CHECK(*object == 7);
		delete object;
		drop(new int(8));
	}
	dlclose(plugin);
}

int main(int argc, char **argv)
{
	std::string path(argv[0]);

	path = path.substr(0, path.rfind('/'));
	use_plugin(path + "/plugin_hidden_new");
	use_plugin(path + "/plugin_symbolic_new");
	puts("ok");
	return 0;
}
