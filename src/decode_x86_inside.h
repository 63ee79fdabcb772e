/* SPDX-License-Identifier: MIT
 *
 * An instruction while it is taken apart: what decode_x86.c (prefixes, addresses, one-byte opcodes) and decode_x86_0f.c (all others) share.
 */
#ifndef MD_DECODE_X86_INSIDE_H
#define MD_DECODE_X86_INSIDE_H

#include "src/decode_x86.h"

enum { PREFIX_NONE, PREFIX_66, PREFIX_F3, PREFIX_F2 }; /* as VEX and EVEX number them */
enum { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A, MAP_4, MAP_FP16_A, MAP_FP16_B };

/* An instruction while it is taken apart. */
struct md_x86_decoder {
	const unsigned char *code;
	size_t at, end;
	const struct md_x86_registers *registers;
	struct md_x86_access *access;

	/* Prefixes */
	bool operand16, address32, rep, repne, fs, gs, vex, evex, broadcast, w;
	uint8_t r, x, b; /* what REX, VEX or EVEX add to register numbers: 0 or 8 */
	uint8_t prefix;  /* the one that selects among vector instructions */
	uint8_t map, opcode;
	uint32_t vector_bytes;

	/* ModRM */
	bool has_modrm, memory, rip_relative, vector_index;
	uint8_t mod, reg, rm;
	bool small_displacement; /* 8 bits, that EVEX counts in sizes of the operand */
	int64_t displacement;
	int base, index, scale; /* register numbers, or -1; shift */
	uint32_t immediate;     /* bytes */
	bool failed;
};

/* ModRM, and what follows it up to the displacement. */
void md_x86_take_modrm(struct md_x86_decoder *d);

/* Adds an operand. */
void md_x86_add(struct md_x86_decoder *d, uintptr_t addr, uint32_t bytes, bool reads, bool writes, bool placed);

/* Adds what ModRM names, if that is memory; offset is added to its address, and rsp counts as moved by rsp_moved. immediate has to be set
 * before. */
void md_x86_add_modrm(struct md_x86_decoder *d, uint32_t bytes, bool reads, bool writes, int64_t offset, int64_t rsp_moved);

/* A push or a pop at rsp. */
void md_x86_add_push(struct md_x86_decoder *d);
void md_x86_add_pop(struct md_x86_decoder *d);

/* An address with the segment's base. */
uintptr_t md_x86_with_segment(const struct md_x86_decoder *d, uint64_t addr);

/* Bytes of an operand of the general registers' size. */
static inline uint32_t md_x86_size(const struct md_x86_decoder *d)
{
	return d->w ? 8 : d->operand16 ? 2 : 4;
}

/* All maps but that of one-byte opcodes. */
void md_x86_decode_0f(struct md_x86_decoder *d);

#endif
