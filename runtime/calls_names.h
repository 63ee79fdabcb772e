/* SPDX-License-Identifier: MIT
 *
 * Preprocessed only, by the Makefile: the names of all wrapped functions, each after the word MD_NAME. From these come what the library
 * exports, and the renaming that keeps its own code away from the wrappers.
 */
#define CALL(type, name, parameters, arguments, before, after) MD_NAME name;
#define CALL_VOID(name, parameters, arguments, before, after) MD_NAME name;
#define CALL_EARLY(type, name, parameters, arguments, before, after) MD_NAME name;
#define CALL_OWN(type, name, parameters) MD_NAME name;
#include "runtime/calls.def"
