// SPDX-License-Identifier: MIT
//
// C++: maps of strings are built, copied from and destroyed through operator new; every duplicate key is an exception.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/programs/random.h"

namespace {

struct Leaf {
	std::string name;
	std::vector<int> values;
	std::unique_ptr<Leaf> next;
};

using Tree = std::map<std::string, Leaf>;

std::string key(uint64_t number)
{
	return "a key long enough to be allocated " + std::to_string(number);
}

void insert(Tree &tree, uint64_t number)
{
	std::string name = key(number);
	auto [place, fresh] = tree.try_emplace(name);

	if (!fresh)
		throw std::invalid_argument("duplicate " + name);
	place->second.name = name;
	place->second.values.assign(number % 20, static_cast<int>(number));
	place->second.next = std::make_unique<Leaf>();
}

} // namespace

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? std::atoi(argv[1]) : 8;
	uint64_t seed = 5;
	unsigned long duplicates = 0, letters = 0;

	for (int round = 0; round < rounds; round++) {
		Tree tree;

		for (int i = 0; i < 20000; i++) {
			try {
				insert(tree, random_next(&seed) % 100000);
			} catch (const std::invalid_argument &duplicate) {
				duplicates++;
				letters += std::string(duplicate.what()).size();
			}
		}
		std::vector<std::string> names;
		for (const auto &[name, leaf] : tree)
			names.push_back(leaf.name + "!");
		letters += names.size() * names.back().size();
	}
	std::printf("%lu %lu\n", duplicates, letters);
	return 0;
}
