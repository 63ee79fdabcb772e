/* SPDX-License-Identifier: MIT
 *
 * Destructors of thread-local objects and of thread-specific keys that allocate and free, in several rounds, when threads end.
 */
#include <cstring>
#include <pthread.h>
#include <string>
#include <thread>
#include <vector>

#include "tests/programs/ok.h"

static pthread_key_t key;

static void destroy_value(void *value)
{
	char *text = static_cast<char *>(value);
	size_t length = strlen(text);

	free(text);
	if (length > 1) { // one byte shorter in each round
		text = static_cast<char *>(malloc(length));
		memset(text, 'x', length - 1);
		text[length - 1] = 0;
		pthread_setspecific(key, text);
	}
}

struct holder {
	std::vector<std::string> words;
	~holder()
	{
		words.push_back("one more while the thread ends, long enough for the heap");
		std::string copy = words.front() + words.back();
		words.clear();
	}
};

static thread_local holder local;

int main()
{
	CHECK(pthread_key_create(&key, destroy_value) == 0);
	for (int i = 0; i < 50; i++) {
		std::vector<std::thread> threads;
		for (int t = 0; t < 4; t++)
			threads.emplace_back([t] {
				local.words.push_back("a thread's own word, long enough for the heap " + std::to_string(t));
				pthread_setspecific(key, strdup("xxx"));
			});
		for (auto &thread : threads)
			thread.join();
	}
	local.words.push_back("of the main thread, long enough for the heap");
	puts("ok");
	return 0;
}
