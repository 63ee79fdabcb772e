// SPDX-License-Identifier: MIT
//
// Objects that own others: copies that share what they own, assignments to themselves, members used after the object, containers of
// pointers, base classes without a virtual destructor, exceptions, callbacks.
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/weaknesses/weakness.h"

namespace {

class Shape {
public:
	virtual ~Shape() {}
	virtual void run(int *data, bool bad) = 0;
};

class Free : public Shape {
public:
	void run(int *data, bool) override
	{
		free(data); // bug: freed_twice_by_virtual
	}
};

class Store : public Shape {
public:
	void run(int *data, bool bad) override
	{
		data[bad ? 16 : 3] = 1; // bug: stored_by_virtual
	}
};

class Load : public Shape {
public:
	void run(int *data, bool) override
	{
		int value = data[2]; // bug: loaded_by_virtual
		USE(value);
	}
};

// Where copies share the text, it is as with the compiler's copy constructor.
class Text {
public:
	Text(const char *from, bool shares) : shared(shares), text(new char[strlen(from) + 1]) { strcpy(text, from); }
	Text(const Text &other) : shared(other.shared), text(other.text)
	{
		if (!shared) {
			text = new char[strlen(other.text) + 1];
			strcpy(text, other.text);
		}
	}
	~Text()
	{
		delete[] text; // bug: shallow_copy shallow_in_vector
	}
	bool shared;
	char *text;
};

// Does not ask whether it is assigned to itself.
class Assigned {
public:
	explicit Assigned(const char *from) : text(strdup(from)) {}
	Assigned &operator=(const Assigned &other)
	{
		free(text);
		text = strdup(other.text); // bug: assigned_to_itself
		return *this;
	}
	~Assigned() { free(text); }
	char *text;
};

class AssignedCopy {
public:
	explicit AssignedCopy(size_t size) : length(size), data(new int[size]()) {}
	AssignedCopy &operator=(const AssignedCopy &other)
	{
		delete[] data;
		data = new int[other.length];
		length = other.length;
		return *this;
	}
	~AssignedCopy()
	{
		delete[] data; // bug: assigned_member_twice
	}
	size_t length;
	int *data;
};

class Node {
public:
	Node() : number(7), next(nullptr) {}
	int number;
	Node *next;
};

class Parent {
public:
	Parent() : child(new Node) {}
	~Parent() { delete child; }
	Node *child;
};

} // namespace

// --- through virtual functions -----------------------------------------------

WEAKNESS(415, freed_twice_by_virtual, DOUBLE_FREE, AT)
{
	std::unique_ptr<Shape> shape(new Free);
	int *data = static_cast<int *>(malloc(64));
	if (bad)
		free(data);
	HIDE(data);
	shape->run(data, bad);
}

WEAKNESS(122, stored_by_virtual, OVERFLOW, AT)
{
	std::unique_ptr<Shape> shape(new Store);
	int *data = new int[16];
	HIDE(data);
	shape->run(data, bad);
	delete[] data;
}

WEAKNESS(416, loaded_by_virtual, AFTER_FREE, AT)
{
	std::unique_ptr<Shape> shape(new Load);
	int *data = new int[16];
	if (bad)
		delete[] data;
	HIDE(data);
	shape->run(data, bad);
	if (!bad)
		delete[] data;
}

// --- owners ------------------------------------------------------------------

WEAKNESS(415, shallow_copy, DOUBLE_FREE, AT)
{
	Text one("text", bad), other(one);
	USE(other);
}

WEAKNESS(415, shallow_in_vector, DOUBLE_FREE, AT)
{
	Text one("text", bad);
	std::vector<Text> all{one, one};
	if (!bad)
		all.pop_back();
}

WEAKNESS(416, assigned_to_itself, AFTER_FREE, AT)
{
	Assigned one("one"), other("other"), *from = bad ? &one : &other;
	HIDE(from);
	one = *from;
}

WEAKNESS(415, assigned_member_twice, DOUBLE_FREE, AT)
{
	AssignedCopy one(4), other(8);
	one = other;
	if (bad) {
		delete[] one.data;
		one.data = other.data;
	}
}

WEAKNESS(416, member_of_deleted, AFTER_FREE, AT)
{
	Parent *parent = new Parent;
	Node *child = parent->child;
	if (bad)
		delete parent;
	HIDE(child);
	int number = child->number; // bug
	USE(number);
	if (!bad)
		delete parent;
}

WEAKNESS(416, method_of_deleted, AFTER_FREE, AT)
{
	Shape *shape = new Load;
	int data[4] = {0};
	if (bad)
		delete shape;
	HIDE(shape);
	if (bad) {
		void *table = *reinterpret_cast<void **>(shape); // bug
		USE(table);
	} else {
		shape->run(data, false);
		delete shape;
	}
}

WEAKNESS(416, member_pointer_of_deleted, AFTER_FREE, AT)
{
	Node *one = new Node, *other = new Node;
	one->next = other;
	if (bad)
		delete other;
	HIDE(one);
	one->next->number++; // bug
	if (!bad)
		delete other;
	delete one;
}

// --- containers --------------------------------------------------------------

WEAKNESS(416, reference_into_vector, AFTER_FREE, AT)
{
	std::vector<int> numbers(4, 1);
	int *first = &numbers[0];
	if (bad)
		numbers.resize(4000);
	HIDE(first);
	*first = 2; // bug
}

WEAKNESS(122, vector_past_end, OVERFLOW, AT)
{
	std::vector<int64_t> numbers(6);
	numbers[pick(bad, 6, 5)] = 1; // bug
	USE(numbers[0]);
}

WEAKNESS(126, vector_read_past_end, OVERFLOW, AT)
{
	std::vector<double> numbers(8);
	double value = numbers.data()[pick(bad, 8, 7)]; // bug
	USE(value);
}

WEAKNESS(127, vector_read_before, UNDERFLOW, AT_BY_WATCH)
{
	std::vector<int> numbers(8);
	int value = numbers.data()[static_cast<ptrdiff_t>(pick(bad, -1, 0))]; // bug
	USE(value);
}

WEAKNESS(416, iterator_of_list, AFTER_FREE, AT)
{
	std::list<int> numbers{1, 2, 3};
	int *second = &*++numbers.begin();
	if (bad)
		numbers.erase(++numbers.begin());
	HIDE(second);
	int value = *second; // bug
	USE(value);
}

WEAKNESS(416, text_of_temporary, AFTER_FREE, AT)
{
	auto *text = new std::string("a text that is too long to be kept in the object itself");
	const char *characters = text->c_str();
	if (bad)
		delete text;
	HIDE(characters);
	printf("%s\n", characters); // bug
	if (!bad)
		delete text;
}

WEAKNESS(122, text_past_end, OVERFLOW, AT)
{
	std::string text(47, 'a');
	char *characters = &text[0];
	HIDE(characters);
	memset(characters, 'b', pick(bad, 60, 47)); // bug
	USE(text);
}

WEAKNESS(415, pointers_in_vector_twice, DOUBLE_FREE, AT)
{
	std::vector<int *> pointers{new int(1), new int(2), new int(3)};
	if (bad)
		delete pointers[1];
	for (int *pointer : pointers)
		delete pointer; // bug
}

WEAKNESS(416, pointers_in_list_freed, AFTER_FREE, AT)
{
	std::list<int *> pointers{new int(1), new int(2)};
	int *last = pointers.back();
	if (bad)
		delete last;
	int sum = 0;
	for (int *pointer : pointers) {
		HIDE(pointer);
		sum += *pointer; // bug
	}
	USE(sum);
	for (int *pointer : pointers)
		if (!bad || pointer != last)
			delete pointer;
}

WEAKNESS(762, pointers_in_map_freed, MISMATCH, AT)
{
	std::map<int, char *> texts;
	texts[1] = bad ? new char[20] : static_cast<char *>(malloc(20));
	HIDE(texts[1]);
	free(texts[1]); // bug
}

WEAKNESS(401, leak_in_vector, LEAK, AT)
{
	std::vector<int *> pointers;
	for (int i = 0; i < 10; i++)
		pointers.push_back(new int(i)); // bug
	for (int *pointer : pointers)
		if (!bad)
			delete pointer;
}

WEAKNESS(401, leak_in_map, LEAK, AT)
{
	std::map<int, Node *> nodes;
	nodes[1] = new Node; // bug
	USE(nodes);
	if (!bad)
		delete nodes[1];
	nodes.erase(1);
}

// --- other -------------------------------------------------------------------

WEAKNESS(415, smart_pointer_twice, DOUBLE_FREE, AT)
{
	int *data = new int(3);
	std::unique_ptr<int> owner(data);
	HIDE(data);
	if (!bad)
		owner.release();
	delete data;
	int *left = owner.release();
	HIDE(left);
	if (bad)
		delete left; // bug
}

WEAKNESS(416, smart_pointer_freed, AFTER_FREE, AT)
{
	auto owner = std::make_shared<Node>();
	Node *node = owner.get();
	if (bad)
		owner.reset();
	HIDE(node);
	node->number = 1; // bug
	USE(*node);
}

WEAKNESS(416, captured_reference, AFTER_FREE, AT)
{
	int *number = new int(5);
	std::function<int()> later = [number] {
		int value = *number; // bug: captured_reference
		USE(value);
		return value;
	};
	if (bad)
		delete number;
	int value = later();
	USE(value);
	if (!bad)
		delete number;
}

WEAKNESS(401, leak_by_exception, LEAK, AT)
{
	try {
		int *data = new int[30]; // bug
		USE(*data);
		int failed = bad;
		HIDE(failed);
		if (failed)
			throw std::runtime_error("not freed");
		delete[] data;
	} catch (const std::runtime_error &) {
	}
}

WEAKNESS(401, leak_by_release, LEAK, AT)
{
	std::unique_ptr<Node> owner(new Node); // bug
	USE(*owner);
	if (bad)
		owner.release();
}

WEAKNESS(401, leak_base_destructor, LEAK, AT)
{
	struct Base {
		int number;
	};
	struct Derived : Base {
		Derived() : name(new char[40]) {} // bug: leak_base_destructor
		~Derived() { delete[] name; }
		char *name;
	};
	auto *derived = new Derived;
	USE(*derived);
	if (bad)
		operator delete(derived);
	else
		delete derived;
}
