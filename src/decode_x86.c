/* SPDX-License-Identifier: MIT */
#include "src/decode_x86.h"

#include <string.h>

enum { PREFIX_NONE, PREFIX_66, PREFIX_F3, PREFIX_F2 }; /* as VEX and EVEX number them */
enum { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A, MAP_4, MAP_FP16_A, MAP_FP16_B };

/* An instruction while it is taken apart. */
struct decoder {
	const unsigned char *code;
	size_t at, end;
	const struct md_x86_registers *registers;
	struct md_x86_access *access;

	/* Prefixes */
	bool operand16, address32, rep, repne, fs, gs, vex, evex, broadcast, w;
	uint8_t r, x, b;      /* what REX, VEX or EVEX add to register numbers: 0 or 8 */
	uint8_t prefix;       /* the one that selects among vector instructions */
	uint8_t map, opcode;
	uint32_t vector_bytes;

	/* ModRM */
	bool has_modrm, memory, rip_relative, vector_index;
	uint8_t mod, reg, rm;
	bool small_displacement; /* 8 bits, that EVEX counts in sizes of the operand */
	int64_t displacement;
	int base, index, scale;  /* register numbers, or -1; shift */
	uint32_t immediate;      /* bytes */
	bool failed;
};

static unsigned take(struct decoder *d)
{
	if (d->at >= d->end) {
		d->failed = true;
		return 0;
	}
	return d->code[d->at++];
}

static int64_t take_signed(struct decoder *d, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)take(d) << 8 * i;
	return bytes == 8 ? (int64_t)value : (int64_t)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

/* --- prefixes ----------------------------------------------------------------- */

static void take_vex(struct decoder *d, bool three)
{
	unsigned first = take(d), second = first;

	d->vex = true;
	d->r = first & 0x80 ? 0 : 8;
	d->map = MAP_0F;
	if (three) {
		second = take(d);
		d->x = first & 0x40 ? 0 : 8;
		d->b = first & 0x20 ? 0 : 8;
		d->map = first & 0x1f;
		d->w = second & 0x80;
	}
	d->prefix = second & 3;
	d->vector_bytes = second & 4 ? 32 : 16;
	d->failed |= d->map < MAP_0F || d->map > MAP_0F3A;
}

static void take_evex(struct decoder *d)
{
	unsigned first = take(d), second = take(d), third = take(d);

	d->vex = d->evex = true;
	d->r = first & 0x80 ? 0 : 8;
	d->x = first & 0x40 ? 0 : 8;
	d->b = first & 0x20 ? 0 : 8;
	d->map = first & 7;
	d->w = second & 0x80;
	d->prefix = second & 3;
	d->broadcast = third & 0x10;
	d->vector_bytes = 16u << (third >> 5 & 3);
	d->failed |= d->map == MAP_ONE || d->map == MAP_4 || (third >> 5 & 3) == 3;
}

static void take_escape(struct decoder *d)
{
	d->map = MAP_0F;
	d->opcode = (uint8_t)take(d);
	if (d->opcode == 0x38 || d->opcode == 0x3a) {
		d->map = d->opcode == 0x38 ? MAP_0F38 : MAP_0F3A;
		d->opcode = (uint8_t)take(d);
	}
	d->prefix = d->repne ? PREFIX_F2 : d->rep ? PREFIX_F3 : d->operand16 ? PREFIX_66 : PREFIX_NONE;
}

static void take_prefixes(struct decoder *d)
{
	unsigned byte;

	for (;;) {
		byte = take(d);
		switch (byte) {
		case 0x66: d->operand16 = true; continue;
		case 0x67: d->address32 = true; continue;
		case 0xf2: d->repne = true; continue;
		case 0xf3: d->rep = true; continue;
		case 0x64: d->fs = true; d->gs = false; continue;
		case 0x65: d->gs = true; d->fs = false; continue;
		case 0x26: case 0x2e: case 0x36: case 0x3e: case 0xf0: continue;
		}
		break;
	}
	if ((byte & 0xf0) == 0x40 && !d->failed) {
		d->w = byte & 8;
		d->r = byte & 4 ? 8 : 0;
		d->x = byte & 2 ? 8 : 0;
		d->b = byte & 1 ? 8 : 0;
		byte = take(d);
	}
	d->vector_bytes = 16;
	d->opcode = (uint8_t)byte;
	if (byte == 0xc4 || byte == 0xc5)
		take_vex(d, byte == 0xc4);
	else if (byte == 0x62)
		take_evex(d);
	else if (byte == 0x0f)
		take_escape(d);
	if (d->vex)
		d->opcode = (uint8_t)take(d);
}

/* --- addresses ---------------------------------------------------------------- */

static void take_modrm(struct decoder *d)
{
	unsigned byte = take(d);

	d->has_modrm = true;
	d->mod = byte >> 6;
	d->reg = byte >> 3 & 7;
	d->rm = byte & 7;
	d->memory = d->mod != 3;
	d->base = d->index = -1;
	if (!d->memory)
		return;
	unsigned displacement = d->mod == 1 ? 1 : d->mod == 2 ? 4 : 0;

	if (d->rm == 4) {
		unsigned sib = take(d);

		d->scale = (int)(sib >> 6);
		d->index = (int)(sib >> 3 & 7) + d->x;
		if (d->index == MD_X86_RSP && !d->vector_index)
			d->index = -1;
		d->base = (int)(sib & 7) + d->b;
		if ((sib & 7) == 5 && d->mod == 0) {
			d->base = -1;
			displacement = 4;
		}
	} else if (d->rm == 5 && d->mod == 0) {
		d->rip_relative = true;
		displacement = 4;
	} else {
		d->base = d->rm + d->b;
	}
	d->small_displacement = displacement == 1;
	if (displacement)
		d->displacement = take_signed(d, displacement);
}

static uintptr_t with_segment(const struct decoder *d, uint64_t addr)
{
	if (d->address32)
		addr = (uint32_t)addr;
	return addr + (d->fs ? d->registers->fs_base : 0);
}

static void add(struct decoder *d, uintptr_t addr, uint32_t bytes, bool reads, bool writes, bool placed)
{
	if (d->access->count == MD_X86_OPERANDS_MAX)
		return;
	d->access->operands[d->access->count++] =
		(struct md_x86_operand){ .addr = placed ? addr : 0, .bytes = bytes, .placed = placed, .reads = reads, .writes = writes };
}

/* What ModRM names; offset is added to its address, and rsp counts as moved by rsp_moved. */
static void add_modrm_at(struct decoder *d, uint32_t bytes, bool reads, bool writes, int64_t offset, int64_t rsp_moved)
{
	if (!d->memory)
		return;
	uint64_t addr = (uint64_t)d->displacement;

	if (d->evex && d->small_displacement)
		addr *= bytes;
	if (d->rip_relative)
		addr += d->registers->rip + d->at + d->immediate;
	if (d->base >= 0)
		addr += d->registers->general[d->base] + (d->base == MD_X86_RSP ? (uint64_t)rsp_moved : 0);
	if (d->index >= 0 && !d->vector_index)
		addr += d->registers->general[d->index] << d->scale;
	add(d, with_segment(d, addr + (uint64_t)offset), bytes, reads, writes, !d->vector_index && !d->gs);
}

static void add_modrm(struct decoder *d, uint32_t bytes, bool reads, bool writes)
{
	add_modrm_at(d, bytes, reads, writes, 0, 0);
}

/* A push or a pop at rsp. */
static void add_push(struct decoder *d)
{
	uint32_t bytes = d->operand16 ? 2 : 8;

	add(d, d->registers->general[MD_X86_RSP] - bytes, bytes, false, true, true);
}

static void add_pop(struct decoder *d)
{
	add(d, d->registers->general[MD_X86_RSP], d->operand16 ? 2 : 8, true, false, true);
}

static void add_string(struct decoder *d, int number, uint32_t bytes, bool writes)
{
	uint64_t addr = d->registers->general[number];

	d->access->repeats = d->rep || d->repne;
	if (number == MD_X86_RDI) /* always es: */
		addr = d->address32 ? (uint32_t)addr : addr;
	else
		addr = with_segment(d, addr);
	add(d, addr, bytes, !writes, writes, number == MD_X86_RDI || !d->gs);
}

/* Bytes of an operand of the general registers' size. */
static uint32_t size_v(const struct decoder *d)
{
	return d->w ? 8 : d->operand16 ? 2 : 4;
}

static uint32_t size_z(const struct decoder *d)
{
	return d->operand16 && !d->w ? 2 : 4;
}

/* --- one-byte opcodes ----------------------------------------------------------- */

static void decode_x87(struct decoder *d)
{
	/* by opcode less 0xd8 and reg; 0x80: stores */
	static const uint8_t sizes[8][8] = {
		{ 4, 4, 4, 4, 4, 4, 4, 4 },
		{ 4, 0, 0x84, 0x84, 28, 2, 0x80 | 28, 0x82 },
		{ 4, 4, 4, 4, 4, 4, 4, 4 },
		{ 4, 0x84, 0x84, 0x84, 0, 10, 0, 0x80 | 10 },
		{ 8, 8, 8, 8, 8, 8, 8, 8 },
		{ 8, 0x88, 0x88, 0x88, 108, 0, 0x80 | 108, 0x82 },
		{ 2, 2, 2, 2, 2, 2, 2, 2 },
		{ 2, 0x82, 0x82, 0x82, 10, 8, 0x80 | 10, 0x88 },
	};
	uint8_t size;

	take_modrm(d);
	size = sizes[d->opcode - 0xd8][d->reg];
	if (size & 0x7f)
		add_modrm(d, size & 0x7f, !(size & 0x80), size & 0x80);
}

static void decode_strings(struct decoder *d)
{
	uint32_t bytes = d->opcode & 1 ? size_v(d) : 1;

	switch (d->opcode & 0xfe) {
	case 0x6c: add_string(d, MD_X86_RDI, bytes == 8 ? 4 : bytes, true); break;
	case 0x6e: add_string(d, MD_X86_RSI, bytes == 8 ? 4 : bytes, false); break;
	case 0xa4: add_string(d, MD_X86_RSI, bytes, false); add_string(d, MD_X86_RDI, bytes, true); break;
	case 0xa6: add_string(d, MD_X86_RSI, bytes, false); add_string(d, MD_X86_RDI, bytes, false); break;
	case 0xaa: add_string(d, MD_X86_RDI, bytes, true); break;
	case 0xac: add_string(d, MD_X86_RSI, bytes, false); break;
	case 0xae: add_string(d, MD_X86_RDI, bytes, false); break;
	}
	if (d->access->repeats && !(d->address32 ? (uint32_t)d->registers->general[MD_X86_RCX] : d->registers->general[MD_X86_RCX]))
		d->access->count = 0;
}

/* One-byte opcodes with a ModRM byte. */
static void decode_one_modrm(struct decoder *d)
{
	uint8_t op = d->opcode;
	uint32_t v = size_v(d), size = op & 1 ? v : 1;

	take_modrm(d);
	switch (op) {
	case 0x00 ... 0x3f: {
		bool compares = op >= 0x38, to_memory = !(op & 2);

		add_modrm(d, size, true, to_memory && !compares);
		break;
	}
	case 0x63: add_modrm(d, 4, true, false); break;
	case 0x69: d->immediate = size_z(d); add_modrm(d, v, true, false); break;
	case 0x6b: d->immediate = 1; add_modrm(d, v, true, false); break;
	case 0x80: case 0x81: case 0x83:
		d->immediate = op == 0x81 ? size_z(d) : 1;
		add_modrm(d, size, true, d->reg != 7);
		break;
	case 0x84: case 0x85: add_modrm(d, size, true, false); break;
	case 0x86: case 0x87: add_modrm(d, size, true, true); break;
	case 0x88: case 0x89: add_modrm(d, size, false, true); break;
	case 0x8a: case 0x8b: add_modrm(d, size, true, false); break;
	case 0x8c: add_modrm(d, 2, false, true); break;
	case 0x8e: add_modrm(d, 2, true, false); break;
	case 0x8d: break;
	case 0x8f:
		add_pop(d);
		add_modrm_at(d, d->operand16 ? 2 : 8, false, true, 0, d->operand16 ? 2 : 8);
		break;
	case 0xc0: case 0xc1: d->immediate = 1; add_modrm(d, size, true, true); break;
	case 0xd0 ... 0xd3: add_modrm(d, size, true, true); break;
	case 0xc6: d->immediate = 1; add_modrm(d, 1, false, true); break;
	case 0xc7: d->immediate = size_z(d); add_modrm(d, v, false, true); break;
	case 0xf6: case 0xf7:
		d->immediate = d->reg > 1 ? 0 : op == 0xf6 ? 1 : size_z(d);
		add_modrm(d, size, true, d->reg == 2 || d->reg == 3);
		break;
	case 0xfe: add_modrm(d, 1, true, true); break;
	default: /* 0xff */
		if (d->reg < 2)
			add_modrm(d, v, true, true);
		else if (d->reg == 2 || d->reg == 4 || d->reg == 6)
			add_modrm(d, d->reg == 6 && d->operand16 ? 2 : 8, true, false);
		else
			add_modrm(d, d->w ? 10 : d->operand16 ? 4 : 6, true, false);
		if (d->reg == 2 || d->reg == 6)
			add_push(d);
	}
}

static void decode_one(struct decoder *d)
{
	uint8_t op = d->opcode;
	const uint64_t *general = d->registers->general;

	switch (op) {
	case 0x00 ... 0x3f:
		if ((op & 7) < 4)
			decode_one_modrm(d);
		else if ((op & 7) < 6)
			d->immediate = op & 1 ? size_z(d) : 1;
		else
			d->failed = true;
		break;
	case 0x50 ... 0x57: case 0x9c: add_push(d); break;
	case 0x58 ... 0x5f: case 0x9d: case 0xc3: add_pop(d); break;
	case 0x63: case 0x69: case 0x6b: case 0x80: case 0x81: case 0x83 ... 0x8f: case 0xc0: case 0xc1: case 0xc6: case 0xc7: case 0xd0 ... 0xd3:
	case 0xf6: case 0xf7: case 0xfe: case 0xff: decode_one_modrm(d); break;
	case 0x68: d->immediate = size_z(d); add_push(d); break;
	case 0x6a: d->immediate = 1; add_push(d); break;
	case 0x6c ... 0x6f: case 0xa4 ... 0xa7: case 0xaa ... 0xaf: decode_strings(d); break;
	case 0x70 ... 0x7f: case 0xa8: case 0xb0 ... 0xb7: case 0xcd: case 0xe0 ... 0xe7: case 0xeb: d->immediate = 1; break;
	case 0x90 ... 0x99: case 0x9b: case 0x9e: case 0x9f: case 0xcc: case 0xec ... 0xef: case 0xf1: case 0xf4: case 0xf5: case 0xf8 ... 0xfd: break;
	case 0xa0 ... 0xa3: {
		uint64_t addr = (uint64_t)take_signed(d, d->address32 ? 4 : 8);

		add(d, with_segment(d, addr), op & 1 ? size_v(d) : 1, op < 0xa2, op >= 0xa2, !d->gs);
		break;
	}
	case 0xa9: d->immediate = size_z(d); break;
	case 0xb8 ... 0xbf: d->immediate = d->w ? 8 : size_z(d); break;
	case 0xc2: d->immediate = 2; add_pop(d); break;
	case 0xc8: d->immediate = 3; add_push(d); break;
	case 0xc9: add(d, general[MD_X86_RBP], d->operand16 ? 2 : 8, true, false, true); break;
	case 0xd7: add(d, with_segment(d, general[MD_X86_RBX] + (general[MD_X86_RAX] & 0xff)), 1, true, false, !d->gs); break;
	case 0xd8 ... 0xdf: decode_x87(d); break;
	case 0xe8: d->immediate = 4; add(d, general[MD_X86_RSP] - 8, 8, false, true, true); break;
	case 0xe9: d->immediate = 4; break;
	default: d->failed = true;
	}
}

/* --- 0F ------------------------------------------------------------------------- */

/* Bytes of a vector operand: packed, or a single float or double. */
static uint32_t size_packed(const struct decoder *d)
{
	return d->prefix == PREFIX_F3 ? 4 : d->prefix == PREFIX_F2 ? 8 : d->vector_bytes;
}

/* Bytes of an operand that is an MMX register without a prefix. */
static uint32_t size_mmx(const struct decoder *d)
{
	return d->vex || d->prefix != PREFIX_NONE ? d->vector_bytes : 8;
}

static void load(struct decoder *d, uint32_t bytes)
{
	if (d->broadcast)
		bytes = d->map >= MAP_FP16_A ? 2 : d->w ? 8 : 4;
	add_modrm(d, bytes, true, false);
}

static void store(struct decoder *d, uint32_t bytes)
{
	add_modrm(d, bytes, false, true);
}

/* bt, bts, btr, btc with the bit's number in a register: it may lie far from the operand. */
static void decode_bits(struct decoder *d, bool writes)
{
	uint32_t bytes = size_v(d);
	int64_t bit = (int64_t)d->registers->general[d->reg + d->r];

	if (bytes == 4)
		bit = (int32_t)bit;
	else if (bytes == 2)
		bit = (int16_t)bit;
	add_modrm_at(d, bytes, true, writes, (bit >> (bytes == 8 ? 6 : bytes == 4 ? 5 : 4)) * (int64_t)bytes, 0);
}

static void decode_0f_moves(struct decoder *d)
{
	uint32_t all = d->vector_bytes;

	switch (d->opcode) {
	case 0x10: load(d, size_packed(d)); break;
	case 0x11: store(d, size_packed(d)); break;
	case 0x12: load(d, d->prefix == PREFIX_F3 || (d->prefix == PREFIX_F2 && all > 16) ? all : 8); break;
	case 0x16: load(d, d->prefix == PREFIX_F3 ? all : 8); break;
	case 0x13: case 0x17: store(d, 8); break;
	case 0x28: case 0x14: case 0x15: load(d, all); break;
	case 0x29: case 0x2b: store(d, d->opcode == 0x2b && d->prefix > PREFIX_66 ? size_packed(d) : all); break;
	case 0x2a: load(d, d->prefix >= PREFIX_F3 ? (d->w ? 8 : 4) : 8); break;
	case 0x2c: case 0x2d: load(d, d->prefix == PREFIX_F3 ? 4 : d->prefix == PREFIX_66 ? 16 : 8); break;
	default: load(d, d->prefix == PREFIX_66 ? 8 : 4); /* 2e, 2f */
	}
}

static void decode_0f_state(struct decoder *d)
{
	switch (d->reg) {
	case 0: store(d, 512); break;
	case 1: load(d, 512); break;
	case 2: load(d, 4); break;
	case 3: store(d, 4); break;
	case 5: load(d, 0); break;
	case 4: case 6: store(d, 0); break;
	}
}

/* Mask registers: moves from and to memory. */
static void decode_0f_masks(struct decoder *d)
{
	uint32_t bytes = d->w ? (d->prefix == PREFIX_66 ? 4 : 8) : d->prefix == PREFIX_66 ? 1 : 2;

	if (d->opcode == 0x91)
		store(d, bytes);
	else
		load(d, bytes);
}

static void decode_0f_general(struct decoder *d)
{
	uint8_t op = d->opcode;
	uint32_t v = size_v(d);

	switch (op) {
	case 0x00: load(d, 2); break;
	case 0x01: if (d->reg == 4) store(d, 2); else load(d, d->reg == 6 ? 2 : d->reg == 7 ? 0 : 10); break;
	case 0x40 ... 0x4f: load(d, v); break;
	case 0x90 ... 0x9f: store(d, 1); break;
	case 0xa3: decode_bits(d, false); break;
	case 0xab: case 0xb3: case 0xbb: decode_bits(d, true); break;
	case 0xa4: case 0xac: d->immediate = 1; add_modrm(d, v, true, true); break;
	case 0xa5: case 0xad: add_modrm(d, v, true, true); break;
	case 0xae: decode_0f_state(d); break;
	case 0xaf: case 0xb8: case 0xbc: case 0xbd: load(d, v); break;
	case 0xb0: case 0xb1: case 0xc0: case 0xc1: add_modrm(d, op & 1 ? v : 1, true, true); break;
	case 0xb2: case 0xb4: case 0xb5: load(d, d->w ? 10 : d->operand16 ? 4 : 6); break;
	case 0xb6: case 0xbe: load(d, 1); break;
	case 0xb7: case 0xbf: load(d, 2); break;
	case 0xba: d->immediate = 1; add_modrm(d, v, true, d->reg > 4); break;
	case 0xc3: store(d, d->w ? 8 : 4); break;
	case 0xc7: if (d->reg == 1) add_modrm(d, d->w ? 16 : 8, true, true); else if (d->reg == 3) load(d, 0); else store(d, d->reg < 6 ? 0 : 8); break;
	case 0x02: case 0x03: load(d, 2); break;
	default: break; /* prefetches, hints, control registers */
	}
}

static void decode_0f_vectors(struct decoder *d)
{
	uint8_t op = d->opcode;
	uint32_t all = d->vector_bytes;

	switch (op) {
	case 0x10 ... 0x17: case 0x28 ... 0x2f: decode_0f_moves(d); break;
	case 0x5a: load(d, d->prefix == PREFIX_NONE ? all / 2 : size_packed(d)); break;
	case 0x5b: load(d, all); break;
	case 0x50: break;
	case 0x51 ... 0x59: case 0x5c ... 0x5f: load(d, size_packed(d)); break;
	case 0x60 ... 0x62: load(d, d->prefix == PREFIX_NONE && !d->vex ? 4 : all); break;
	case 0x6e: load(d, d->w ? 8 : 4); break;
	case 0x70: d->immediate = 1; load(d, size_mmx(d)); break;
	case 0x71 ... 0x73: d->immediate = 1; load(d, size_mmx(d)); break;
	case 0x78 ... 0x7b: /* conversions of AVX-512 */
		load(d, d->prefix == PREFIX_F3 && op != 0x7a ? 4 : d->prefix == PREFIX_F2 && op != 0x7a ? (op == 0x7b && !d->w ? 4 : 8) :
			d->prefix == PREFIX_F3 || (d->prefix == PREFIX_66 && !d->w) ? all / 2 : all);
		break;
	case 0x7e:
		if (d->prefix == PREFIX_F3)
			load(d, 8);
		else
			store(d, d->w ? 8 : 4);
		break;
	case 0x7f: store(d, size_mmx(d)); break;
	case 0xc2: d->immediate = 1; load(d, size_packed(d)); break;
	case 0xc4: d->immediate = 1; load(d, 2); break;
	case 0xc5: d->immediate = 1; break;
	case 0xc6: d->immediate = 1; load(d, all); break;
	case 0xd1 ... 0xd3: case 0xe1: case 0xe2: case 0xf1 ... 0xf3: load(d, d->prefix == PREFIX_NONE && !d->vex ? 8 : 16); break;
	case 0xd6: store(d, 8); break;
	case 0xd7: break;
	case 0xe6: load(d, d->prefix == PREFIX_F3 ? all / 2 : all); break;
	case 0xe7: store(d, size_mmx(d)); break;
	case 0xf7: add(d, with_segment(d, d->registers->general[MD_X86_RDI]), size_mmx(d), false, true, !d->gs); break;
	default: load(d, size_mmx(d)); /* 63 to 6f, 74 to 7d, d0 to fe */
	}
}

static void decode_0f(struct decoder *d)
{
	uint8_t op = d->opcode;

	switch (op) {
	case 0x05: case 0x06: case 0x08: case 0x09: case 0x0b: case 0x30 ... 0x37: case 0x77: case 0xa2: case 0xaa: case 0xc8 ... 0xcf: return;
	case 0x80 ... 0x8f: d->immediate = d->vex ? 0 : 4; d->failed |= d->vex; return;
	case 0xa0: case 0xa8: add_push(d); return;
	case 0xa1: case 0xa9: add_pop(d); return;
	}
	take_modrm(d);
	if (d->vex && (op == 0x90 || op == 0x91))
		decode_0f_masks(d);
	else if (d->vex && ((op >= 0x41 && op <= 0x4b) || (op >= 0x92 && op <= 0x9f)))
		d->failed |= d->memory; /* mask registers among themselves */
	else if ((op >= 0x10 && op <= 0x17) || (op >= 0x28 && op <= 0x2f) || (op >= 0x50 && op <= 0x7f) || op == 0xc2 || (op >= 0xc4 && op <= 0xc6) ||
		(op >= 0xd0 && op <= 0xfe))
		decode_0f_vectors(d);
	else
		decode_0f_general(d);
}

/* --- 0F38 and 0F3A ---------------------------------------------------------------- */

/* Parts of a vector that an instruction widens or narrows to a whole one, by the low bits of the opcode: b to w, d, q; w to d, q; d to q. */
static uint32_t size_part(const struct decoder *d)
{
	static const uint8_t shifts[8] = { 1, 2, 3, 1, 2, 1, 0, 0 };

	return d->vector_bytes >> shifts[d->opcode & 7];
}

static bool is_fma(uint8_t op)
{
	return (op >= 0x96 && op <= 0x9f) || (op >= 0xa6 && op <= 0xaf) || (op >= 0xb6 && op <= 0xbf);
}

static void decode_0f38_general(struct decoder *d)
{
	uint32_t v = size_v(d);

	switch (d->opcode) {
	case 0xf0: load(d, d->prefix == PREFIX_F2 ? 1 : v); break;
	case 0xf1: if (d->prefix == PREFIX_F2) load(d, v); else store(d, v); break;
	case 0xf6: load(d, d->w ? 8 : 4); break;
	case 0xf8: load(d, 64); break;
	case 0xf9: store(d, d->w ? 8 : 4); break;
	default: load(d, d->w ? 8 : 4);
	}
}

static void decode_0f38(struct decoder *d)
{
	uint8_t op = d->opcode;
	uint32_t all = d->vector_bytes, element = d->w ? 8 : 4;

	d->vector_index = d->vex && ((op >= 0x90 && op <= 0x93) || (d->evex && ((op >= 0xa0 && op <= 0xa3) || op == 0xc6 || op == 0xc7)));
	take_modrm(d);
	switch (op) {
	case 0x10 ... 0x15: case 0x20 ... 0x25: case 0x30 ... 0x35:
		if (d->evex && d->prefix == PREFIX_F3)
			store(d, size_part(d));
		else if (op == 0x13)
			load(d, all / 2);
		else
			load(d, op >= 0x20 ? size_part(d) : size_mmx(d));
		break;
	case 0x18: case 0x58: load(d, 4); break;
	case 0x19: case 0x59: load(d, 8); break;
	case 0x1a: case 0x5a: load(d, 16); break;
	case 0x1b: case 0x5b: load(d, 32); break;
	case 0x2d: if (d->evex) load(d, element); else load(d, all); break;
	case 0x2e: case 0x2f: case 0x8e: store(d, all); break;
	case 0x41: load(d, 16); break;
	case 0x43: case 0x4d: case 0x4f: case 0xcb: case 0xcd: load(d, d->evex ? element : 16); break;
	case 0x62: case 0x88: case 0x89: load(d, all); break;
	case 0x63: case 0x8a: case 0x8b: store(d, all); break;
	case 0x78: load(d, 1); break;
	case 0x79: load(d, 2); break;
	case 0x90 ... 0x93: add_modrm(d, element, true, false); break;
	case 0xa0 ... 0xa3: add_modrm(d, element, false, true); break;
	case 0xc6: case 0xc7: break; /* prefetches */
	case 0xc8 ... 0xca: case 0xcc: load(d, d->evex ? all : 16); break;
	case 0xf0 ... 0xff: decode_0f38_general(d); break;
	default:
		if (d->evex && (op == 0xa2 || op == 0xa3))
			break;
		if (is_fma(op) && (op & 15) >= 9 && (op & 1))
			load(d, element);
		else
			load(d, size_mmx(d));
	}
}

static void decode_0f3a(struct decoder *d)
{
	uint32_t all = d->vector_bytes, element = d->w ? 8 : 4;

	take_modrm(d);
	d->immediate = 1;
	switch (d->opcode) {
	case 0x0a: load(d, 4); break;
	case 0x0b: load(d, 8); break;
	case 0x0f: load(d, size_mmx(d)); break;
	case 0x14: store(d, 1); break;
	case 0x15: store(d, 2); break;
	case 0x16: store(d, element); break;
	case 0x17: store(d, 4); break;
	case 0x18: case 0x38: load(d, 16); break;
	case 0x19: case 0x39: store(d, 16); break;
	case 0x1a: case 0x3a: load(d, 32); break;
	case 0x1b: case 0x3b: store(d, 32); break;
	case 0x1d: store(d, all / 2); break;
	case 0x20: load(d, 1); break;
	case 0x21: load(d, 4); break;
	case 0x22: case 0xf0: load(d, element); break;
	case 0x27: case 0x51: case 0x55: case 0x57: case 0x67: load(d, d->evex ? element : all); break;
	case 0xcc: case 0xdf: load(d, 16); break;
	default: load(d, all);
	}
}

/* Half precision: the maps repeat what 0F and 0F38 have, with elements of two bytes. */
static void decode_fp16(struct decoder *d)
{
	bool scalar = d->prefix == PREFIX_F3 || (d->map == MAP_FP16_B && (d->opcode == 0x43 || d->opcode == 0x4d || d->opcode == 0x4f ||
		(is_fma(d->opcode) && (d->opcode & 15) >= 9 && (d->opcode & 1))));

	take_modrm(d);
	if (d->map == MAP_FP16_A && (d->opcode == 0x11 || d->opcode == 0x7e))
		store(d, 2);
	else if (d->map == MAP_FP16_A && d->opcode == 0x2a)
		load(d, d->w ? 8 : 4);
	else
		load(d, scalar || (d->map == MAP_FP16_A && d->opcode == 0x6e) ? 2 : d->vector_bytes);
}

/* ------------------------------------------------------------------------------------ */

bool md_x86_decode(const unsigned char *code, size_t code_bytes, const struct md_x86_registers *registers, struct md_x86_access *access)
{
	struct decoder d = { .code = code, .end = code_bytes < MD_X86_BYTES_MAX ? code_bytes : MD_X86_BYTES_MAX, .registers = registers, .access = access,
		.base = -1, .index = -1 };

	memset(access, 0, sizeof *access);
	take_prefixes(&d);
	if (d.failed)
		return false;
	switch (d.map) {
	case MAP_ONE: decode_one(&d); break;
	case MAP_0F: decode_0f(&d); break;
	case MAP_0F38: decode_0f38(&d); break;
	case MAP_0F3A: decode_0f3a(&d); break;
	default: decode_fp16(&d);
	}
	if (d.failed || d.at + d.immediate > d.end) {
		memset(access, 0, sizeof *access);
		return false;
	}
	access->length = (uint8_t)(d.at + d.immediate);
	return true;
}

const struct md_x86_operand *md_x86_find_operand(const struct md_x86_access *access, uintptr_t addr, bool writes)
{
	const struct md_x86_operand *best = NULL;

	for (unsigned i = 0; i < access->count; i++) {
		const struct md_x86_operand *operand = &access->operands[i];
		bool fits = !operand->placed || addr - operand->addr < (operand->bytes ? operand->bytes : 4096);

		if (fits && (writes ? operand->writes : operand->reads || !best) && (!best || (writes ? !best->writes : !best->reads)))
			best = operand;
	}
	return best;
}

const struct md_x86_operand *md_x86_find_noncanonical(const struct md_x86_access *access)
{
	for (unsigned i = 0; i < access->count; i++) {
		uint64_t top = access->operands[i].addr >> 47;

		if (access->operands[i].placed && top != 0 && top != 0x1ffff)
			return &access->operands[i];
	}
	return NULL;
}
