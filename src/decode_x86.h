/* SPDX-License-Identifier: MIT
 *
 * Decode: which memory an x86-64 instruction touches: where, how many bytes, and whether it reads or writes.
 *
 * For fault reports, which know one address and want the whole access. Length, operands and effective addresses follow the processor's
 * manuals for general instructions, x87, MMX, SSE, AVX and AVX-512; what the system alone may execute is left out. Vectors of addresses
 * (gather, scatter) give the size of an element and no address.
 *
 * Pure functions over their arguments; async-signal-safe.
 */
#ifndef MD_DECODE_X86_H
#define MD_DECODE_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MD_X86_BYTES_MAX 15 /* of an instruction */
#define MD_X86_OPERANDS_MAX 2

/* Numbers of general registers as instructions have them. */
enum { MD_X86_RAX, MD_X86_RCX, MD_X86_RDX, MD_X86_RBX, MD_X86_RSP, MD_X86_RBP, MD_X86_RSI, MD_X86_RDI };

struct md_x86_registers {
	uint64_t general[16];
	uint64_t rip;
	uint64_t fs_base; /* gs has no use in programs, and counts as 0 */
};

struct md_x86_operand {
	uintptr_t addr;
	uint32_t bytes; /* 0: not known */
	bool placed;    /* addr is known */
	bool reads, writes;
};

struct md_x86_access {
	uint8_t length; /* of the instruction */
	uint8_t count;  /* of operands in memory */
	bool repeats;   /* a string instruction that goes on from the operands for as long as rcx says */
	struct md_x86_operand operands[MD_X86_OPERANDS_MAX];
};

/* Decodes the instruction at registers->rip, of which code_bytes are there. False if it is cut off, or none that is known. */
bool md_x86_decode(const unsigned char *code, size_t code_bytes, const struct md_x86_registers *registers, struct md_x86_access *access);

/* The operand that a fault at addr is about, or NULL if none is likely. writes: the fault was one of a write. */
const struct md_x86_operand *md_x86_find_operand(const struct md_x86_access *access, uintptr_t addr, bool writes);

/* The operand whose address is none that the processor can use, or NULL. */
const struct md_x86_operand *md_x86_find_noncanonical(const struct md_x86_access *access);

#endif
