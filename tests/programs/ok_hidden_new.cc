/* SPDX-License-Identifier: MIT
 *
 * A module with a hidden operator new and delete of its own, on top of malloc: no mismatch, whether the module frees its objects itself or
 * the program deletes them with the operators it sees. The latter works because both end in free, and is common with static C++ runtimes.
 */
#include <dlfcn.h>
#include <string>

#include "tests/programs/ok.h"

int main(int argc, char **argv)
{
	std::string path(argv[0]);

	path = path.substr(0, path.rfind('/')) + "/plugin_hidden_new";
	void *plugin = dlopen(path.c_str(), RTLD_NOW);
	CHECK(plugin);
	auto use = reinterpret_cast<int (*)()>(dlsym(plugin, "use_own_operators"));
	auto make = reinterpret_cast<int *(*)()>(dlsym(plugin, "make_by_own_operator"));
	CHECK(use && make);
	CHECK(use() == 1000);
	for (int i = 0; i < 10; i++) {
		int *object = make();

		CHECK(*object == 7);
		delete object;
	}
	dlclose(plugin);
	puts("ok");
	return 0;
}
