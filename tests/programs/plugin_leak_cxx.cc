/* SPDX-License-Identifier: MIT
 *
 * Plugin of leak_cxx_places.cc: objects held by variables of a library, by a thread-local one with a destructor, and one that nobody holds.
 */
// build: -shared -fPIC
#include <map>
#include <string>

namespace {

std::map<int, std::string> *in_bss;
thread_local std::string *of_thread;
thread_local std::string text; /* freed by its destructor when the thread ends */

__attribute__((noinline)) void make()
{
	char *volatile lost = new char[24];

	lost[0] = 1;
}

} // namespace

extern "C" void plugin_keep()
{
	in_bss = new std::map<int, std::string>;
	for (int i = 0; i < 3; i++)
		(*in_bss)[i] = std::string(50, 'x');
}

extern "C" void plugin_keep_in_thread()
{
	of_thread = new std::string(60, 'y');
	text = std::string(70, 'z');
}

extern "C" void plugin_lose()
{
	make();
}
