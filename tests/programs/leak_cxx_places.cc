/* SPDX-License-Identifier: MIT
 *
 * The places of pointers in C++: variables of a library, thread-local ones, locals of threads that run, wait for a condition, or for a future; coroutines of
 * the language, and memory that an object was placed in.
 */
// build: -std=c++20
// leaks: library | | direct=1:24 reachable=7
// leaks: library-threads | | direct=1:24 reachable=27
// leaks: thread-local | | direct=1:100 reachable=2
// leaks: thread-local-ended | | direct=2:132
// leaks: locals 1 | | direct=2:200 reachable=3
// leaks: locals 2 | | direct=3:300 reachable=6
// leaks: locals 50 | | direct=51:5100 reachable=150
// leaks: future | | direct=1:100 reachable=3
// leaks: coroutine | | direct=1:100 reachable=2
// leaks: coroutine-lost | | direct=2:180 indirect=1:61
// leaks: placed | | direct=1:100 reachable=2
// leaks: placed | leak_roots=globals,stacks | direct=2:132 indirect=1:65
#include <condition_variable>
#include <coroutine>
#include <dlfcn.h>
#include <future>
#include <mutex>
#include <new>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <vector>

#include "tests/programs/leak.h"

namespace {

/* Never destroyed: threads wait for them to the end. */
std::mutex &mutex = *new std::mutex;
std::condition_variable &condition = *new std::condition_variable, &all_wait = *new std::condition_variable;
int waiting;
bool never;

/* Ends in a call that leaves no old value in any register. */
void wait_for_ever(std::unique_lock<std::mutex> &lock)
{
	waiting++;
	all_wait.notify_one();
	condition.wait(lock, [] { return never; });
}

void wait_for(int count)
{
	std::unique_lock<std::mutex> lock(mutex);

	all_wait.wait(lock, [count] { return waiting == count; });
}

/* --- a library --------------------------------------------------------------- */

void call(void *plugin, const char *name)
{
	auto function = (void (*)())dlsym(plugin, name);

	CHECK(function);
	function();
}

void use_library(const std::string &what, const char *program)
{
	std::string path(program);
	void *plugin = dlopen((path.substr(0, path.rfind('/')) + "/plugin_leak_cxx").c_str(), RTLD_NOW);

	CHECK(plugin);
	call(plugin, "plugin_lose");
	call(plugin, "plugin_keep");
	if (what == "library-threads") {
		for (int i = 0; i < 4; i++)
			std::thread([plugin] {
				call(plugin, "plugin_keep_in_thread");
				std::unique_lock<std::mutex> lock(mutex);

				wait_for_ever(lock);
			}).detach();
		wait_for(4);
	}
}

/* --- threads ------------------------------------------------------------------- */

thread_local std::string *of_thread;

/* What a thread holds: a vector, a string in it, and the block that is lost on the way. */
void run_with_locals()
{
	std::vector<std::string> strings(1, std::string(62, 'a'));
	std::unique_lock<std::mutex> lock(mutex);

	lose(100);
	wait_for_ever(lock);
}

void start_threads(int count)
{
	for (int i = 0; i < count; i++)
		std::thread(run_with_locals).detach();
	wait_for(count);
}

void use_thread_local(bool ended)
{
	std::thread thread([ended] {
		of_thread = new std::string(ended ? "short" : "a string that needs a block of its own, too");
		if (!ended) {
			std::unique_lock<std::mutex> lock(mutex);

			wait_for_ever(lock);
		}
	});

	if (ended) {
		thread.join();
	} else {
		wait_for(1);
		thread.detach();
	}
}

void use_future()
{
	static std::promise<std::string> &promise = *new std::promise<std::string>; /* its state is a block */

	std::thread([] {
		std::string text(63, 'b');
		std::future<std::string> future = promise.get_future();

		{
			std::unique_lock<std::mutex> lock(mutex);

			waiting++;
			all_wait.notify_one();
		}
		text += future.get();
		say_ok();
	}).detach();
	wait_for(1);
}

/* --- coroutines ------------------------------------------------------------------ */

struct Task {
	struct promise_type {
		Task get_return_object() { return { std::coroutine_handle<promise_type>::from_promise(*this) }; }
		std::suspend_never initial_suspend() { return {}; }
		std::suspend_always final_suspend() noexcept { return {}; }
		void return_void() {}
		void unhandled_exception() {}
	};
	std::coroutine_handle<promise_type> handle;
};

Task run_coroutine()
{
	std::string text(60, 'c');

	co_await std::suspend_always{};
	text[0] = 'd';
}

std::coroutine_handle<> kept_handle;

void use_coroutine(bool kept)
{
	Task task = run_coroutine();

	if (kept)
		kept_handle = task.handle;
}

/* --- placed ------------------------------------------------------------------------ */

void place()
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	new (memory) std::vector<std::string>(1, std::string(64, 'e'));
}

} // namespace

int main(int argc, char **argv)
{
	const std::string what = argv[1];

	if (what.rfind("library", 0) == 0)
		use_library(what, argv[0]);
	else
		lose(100);
	if (what.rfind("thread-local", 0) == 0)
		use_thread_local(what != "thread-local");
	if (what == "locals")
		start_threads(atoi(argv[2]));
	if (what == "future")
		use_future();
	if (what.rfind("coroutine", 0) == 0)
		use_coroutine(what == "coroutine");
	if (what == "placed")
		place();
	say_ok();
	return 0;
}
