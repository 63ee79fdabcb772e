/* SPDX-License-Identifier: MIT
 *
 * Plugin of ok_plugin_loop.c: static objects with constructors and destructors, one of them for each thread, and a function-local one.
 */
// build: -shared -fPIC
#include <map>
#include <memory>
#include <string>
#include <vector>

struct counter {
	std::vector<std::string> words;
	explicit counter(int count)
	{
		for (int i = 0; i < count; i++)
			words.push_back("a word that is too long for the string itself, number " + std::to_string(i));
	}
	~counter()
	{
		words.push_back("one more");
		words.clear();
	}
};

static counter global(20);
static std::map<std::string, std::unique_ptr<counter>> table;

extern "C" int use_statics(int number)
{
	static counter local(10);
	static thread_local counter own(5);

	table["key " + std::to_string(number)] = std::make_unique<counter>(3);
	return (int)(global.words.size() + local.words.size() + own.words.size() + table.size());
}
