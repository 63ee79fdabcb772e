// SPDX-License-Identifier: MIT
//
// A small C++ program for the compilers under test: templates, containers, exceptions, threads; prints the same line each time.

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

template <typename T> struct Tree {
	std::unique_ptr<Tree> left, right;
	T value;
	explicit Tree(T v) : value(std::move(v)) {}
	void insert(T v)
	{
		auto &side = v < value ? left : right;
		if (side)
			side->insert(std::move(v));
		else
			side = std::make_unique<Tree>(std::move(v));
	}
	size_t depth() const { return 1 + std::max(left ? left->depth() : 0, right ? right->depth() : 0); }
};

int main()
{
	Tree<std::string> tree("root");
	std::map<std::string, std::vector<int>> map;
	std::vector<std::thread> threads;
	int caught = 0;

	for (int i = 0; i < 500; i++) {
		tree.insert(std::to_string(i * 7919 % 1000));
		map[std::to_string(i % 30)].push_back(i);
		try {
			if (i % 50 == 0)
				throw std::runtime_error("number " + std::to_string(i));
		} catch (const std::exception &error) {
			caught += std::regex_search(error.what(), std::regex("[0-9]+$"));
		}
	}
	std::vector<size_t> sizes(3);
	for (int i = 0; i < 3; i++)
		threads.emplace_back([&sizes, i] { sizes[i] = std::string(1000 * (i + 1), 'x').size(); });
	for (auto &thread : threads)
		thread.join();
	std::cout << tree.depth() << ' ' << map.size() << ' ' << caught << ' ' << sizes[0] + sizes[1] + sizes[2] << '\n';
	return 0;
}
