/* SPDX-License-Identifier: MIT
 *
 * Plugin of ok_hidden_new.cc: operators that others see, and that are bound to inside the module whatever else there is.
 */
// build: -shared -fPIC -Wl,-Bsymbolic
#define PLUGIN_VISIBLE
#include "tests/programs/plugin_hidden_new.cc"
