/* SPDX-License-Identifier: MIT
 *
 * Compressed debug sections, decompressed as far as they are read.
 *
 * libdw decompresses every section of a file whole when it opens it: 11 MB, 40 ms for the C library, of which a report needs the beginning.
 * Here libdw gets a picture of the file in memory, with its debug sections at full size and not yet readable; a SIGSEGV handler
 * decompresses a section up to where libdw has come. What cannot be decompressed reads as zeros.
 *
 * One thread only, and SIGSEGV belongs to this file from the first picture on: a fault elsewhere ends the process as before.
 */
#ifndef MD_SYMBOL_INFLATE_H
#define MD_SYMBOL_INFLATE_H

#include <elfutils/libdw.h>

/* The debug information of an ELF file that is open at fd (stays the caller's, may be closed afterwards). NULL if nothing would be gained
 * (no section is compressed) or this file cannot do it (other compressions, a second file of shared pieces, split units): libdw's own way
 * is then the right one. The result and its memory stay for the process's life. */
Dwarf *md_symbol_inflate(int fd);

#endif
