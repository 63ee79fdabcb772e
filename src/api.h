/* SPDX-License-Identifier: MIT
 *
 * The calls a program makes of us: which interface, and which family its blocks belong to.
 */
#ifndef MD_API_H
#define MD_API_H

enum md_api {
#define MD_API(name, text, family) MD_API_##name,
#include "src/api.def"
#undef MD_API
	MD_API_COUNT,
	MD_API_USABLE_SIZE = MD_API_COUNT, /* calls that neither allocate nor free */
	MD_API_CHECK,
	MD_API_EXIT,
	MD_API_NONE
};

#define MD_API_FIRST_FREE MD_API_FREE /* rows from here on free */

/* What must free a block: a block of one family freed by another is an alloc-dealloc-mismatch. */
enum md_family { MD_FAMILY_MALLOC, MD_FAMILY_NEW, MD_FAMILY_NEW_ARRAY };

/* The interface as a user writes it ("operator new[]"); never NULL. */
const char *md_api_name(enum md_api api);

/* Family of an allocating or freeing interface; MD_FAMILY_MALLOC for the others. */
enum md_family md_api_family(enum md_api api);

#endif
