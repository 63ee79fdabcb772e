/* SPDX-License-Identifier: MIT
 *
 * Plugin of ok_plugin_throw.c.
 */
// build: -shared -fPIC
#include <cstring>
#include <stdexcept>
#include <string>

static void throw_number(int number)
{
	throw std::runtime_error(std::to_string(number));
}

extern "C" int sum_by_exceptions(int count)
{
	int sum = 0;

	for (int i = 1; i <= count; i++) {
		try {
			throw_number(i);
		} catch (const std::exception &exception) {
			sum += std::stoi(exception.what());
		}
	}
	return sum;
}

extern "C" char *make_text()
{
	std::string text = "text of ";

	text += "a plugin";
	return strdup(text.c_str());
}
