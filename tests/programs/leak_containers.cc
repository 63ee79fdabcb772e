/* SPDX-License-Identifier: MIT
 *
 * What C++ programs hold their blocks with. "kept": everything is reachable from pointers to the containers; "lost": the containers are, and all else with
 * them. Where a container is in a block of its own, that block is the direct leak.
 */
// leaks: kept | | reachable=60
// leaks: kept | leak_roots=globals | reachable=60
// leaks: map | | direct=1:48 indirect=20:1160
// leaks: string | | direct=1:32 indirect=1:101
// leaks: list | | direct=1:24 indirect=10:240 ring
// leaks: vector | | direct=1:24 indirect=11:1400
// leaks: unordered | | direct=1:56 indirect=11:248
// leaks: shared | | direct=1:16 indirect=1:24
// leaks: function | | direct=1:32 indirect=1:56
// leaks: cookie | | direct=1:88
// leaks: cookie-kept | | direct=1:10 reachable=3
// leaks: second-base | | possible=1:32
// leaks: exception | | direct=1:10 possible=2:229
// leaks: thread-local | | direct=1:10 reachable=1
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/programs/leak.h"

namespace {

struct Item {
	int value = 1;
	~Item() { value = 0; }
};

struct First {
	virtual ~First() = default;
	long a = 1;
};

struct Second {
	virtual ~Second() = default;
	long b = 2;
};

struct Both : First, Second {};

struct alignas(16) Wide {
	long value[2] = { 1, 2 };
	~Wide() { value[0] = 0; }
};

struct Kept {
	std::map<int, std::string> map;
	std::set<int> set;
	std::list<int> list;
	std::deque<int> deque;
	std::vector<std::unique_ptr<int>> vector;
	std::unordered_map<int, int> unordered;
	std::shared_ptr<std::string> shared;
	std::string string;
	std::function<int()> function;
};

Kept *kept;
Item *items[2];
Wide *wide;
Second *second;
thread_local std::vector<int> *of_thread;

void fill(Kept &all)
{
	for (int i = 0; i < 10; i++) {
		all.map[i] = std::string(30, 'm');
		all.set.insert(i);
		all.list.push_back(i);
		all.deque.push_back(i);
		all.vector.push_back(std::make_unique<int>(i));
		all.unordered[i] = i;
	}
	all.shared = std::make_shared<std::string>(100, 's');
	all.string = std::string(100, 't');
	all.function = [copy = all.string]() { return (int)copy.size(); };
}

void lose_map()
{
	auto *map = new std::map<int, std::string>;

	for (int i = 0; i < 10; i++)
		(*map)[i] = std::string(43, 'm');
}

void lose_vector()
{
	auto *vector = new std::vector<char *>;

	vector->reserve(50);
	for (int i = 0; i < 10; i++)
		vector->push_back(new char[100]);
}

void lose_unordered()
{
	auto *map = new std::unordered_map<int, int>(10);

	for (int i = 0; i < 10; i++)
		(*map)[i] = i;
}

struct Captured {
	long words[7];
	int operator()() const { return (int)words[0]; }
};

__attribute__((noinline)) void lose_container(const std::string &what)
{
	if (what == "map")
		lose_map();
	else if (what == "string")
		new std::string(100, 'x');
	else if (what == "list")
		new std::list<int>(10, 1);
	else if (what == "vector")
		lose_vector();
	else if (what == "unordered")
		lose_unordered();
	else if (what == "shared")
		new std::shared_ptr<long>(std::make_shared<long>(1));
	else if (what == "function")
		new std::function<int()>(Captured());
	else if (what == "cookie")
		new Item[20];
}

__attribute__((noinline)) void keep_odd(const std::string &what)
{
	if (what == "cookie-kept") { /* the pointers are behind the counts: after 8 bytes, or 16 where the elements want that */
		items[0] = new Item[20];
		items[1] = new Item[0];
		wide = new Wide[3];
		lose(10);
	} else if (what == "second-base") {
		second = new Both;
	} else if (what == "thread-local") {
		of_thread = new std::vector<int>;
		lose(10);
	}
}

/* An exception that is being handled is known to the C++ library alone, which points to its inside. */
void leave_in_handler()
{
	try {
		throw std::runtime_error("a text that is long enough not to fit into the object itself");
	} catch (const std::exception &) {
		lose(10);
		say_ok();
		exit(0);
	}
}

} // namespace

int main(int argc, char **argv)
{
	const std::string what = argv[1];

	if (what == "kept")
		fill(*(kept = new Kept));
	lose_container(what);
	keep_odd(what);
	if (what == "exception")
		leave_in_handler();
	say_ok();
	return 0;
}
