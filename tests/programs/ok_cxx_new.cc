/* SPDX-License-Identifier: MIT
 *
 * All forms of operator new and delete, each pair as the language has it.
 */
// build: -std=c++17
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "tests/programs/ok.h"

struct alignas(256) wide {
	char bytes[512];
};

struct counted {
	static int live;
	std::string name;
	counted() : name("a name that is too long for the object itself") { live++; }
	~counted() { live--; }
};

int counted::live = 0;

struct base {
	virtual ~base() {}
};

struct derived : base {
	char more[100];
};

int main()
{
	delete new int(1);
	delete[] new int[10];
	delete new (std::nothrow) int;
	delete[] new (std::nothrow) int[10];
	delete static_cast<int *>(nullptr);

	wide *w = new wide;
	CHECK(reinterpret_cast<uintptr_t>(w) % 256 == 0);
	delete w;
	w = new wide[3];
	CHECK(reinterpret_cast<uintptr_t>(w) % 256 == 0);
	delete[] w;
	delete new (std::nothrow) wide;

	counted *objects = new counted[7]; // an array with a cookie
	CHECK(counted::live == 7);
	delete[] objects;
	CHECK(counted::live == 0);
	delete static_cast<base *>(new derived); // the virtual destructor knows the size

	const auto align = std::align_val_t(128);
	::operator delete(::operator new(0));
	::operator delete(::operator new(100), size_t(100));
	::operator delete[](::operator new[](100), size_t(100));
	::operator delete(::operator new(100, align), align);
	::operator delete[](::operator new[](100, align), align);
	::operator delete(::operator new(100, align), 100, align);
	::operator delete[](::operator new[](100, align), 100, align);
	::operator delete(::operator new(100, std::nothrow), std::nothrow);
	::operator delete[](::operator new[](100, std::nothrow), std::nothrow);
	::operator delete(::operator new(100, align, std::nothrow), align, std::nothrow);
	::operator delete[](::operator new[](100, align, std::nothrow), align, std::nothrow);

	std::map<std::string, std::vector<int>> map;
	for (int i = 0; i < 2000; i++)
		map["key number " + std::to_string(i)].assign(i % 50, i);
	auto shared = std::make_shared<std::string>(1000, 'x');
	std::vector<std::unique_ptr<base>> owners;
	for (int i = 0; i < 100; i++)
		owners.emplace_back(i % 2 ? new base : new derived);
	puts("ok");
	return 0;
}
