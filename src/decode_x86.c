/* SPDX-License-Identifier: MIT */
#include "src/decode_x86.h"

#include <string.h>

#include "src/decode_x86_inside.h"

static unsigned take(struct md_x86_decoder *d)
{
	if (d->at >= d->end) {
		d->failed = true;
		return 0;
	}
	return d->code[d->at++];
}

static int64_t take_signed(struct md_x86_decoder *d, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)take(d) << 8 * i;
	return bytes == 8 ? (int64_t)value : (int64_t)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

/* --- prefixes ----------------------------------------------------------------- */

static void take_vex(struct md_x86_decoder *d, bool three)
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

static void take_evex(struct md_x86_decoder *d)
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

static void take_escape(struct md_x86_decoder *d)
{
	d->map = MAP_0F;
	d->opcode = (uint8_t)take(d);
	if (d->opcode == 0x38 || d->opcode == 0x3a) {
		d->map = d->opcode == 0x38 ? MAP_0F38 : MAP_0F3A;
		d->opcode = (uint8_t)take(d);
	}
	d->prefix = d->repne ? PREFIX_F2 : d->rep ? PREFIX_F3 : d->operand16 ? PREFIX_66 : PREFIX_NONE;
}

static void take_prefixes(struct md_x86_decoder *d)
{
	unsigned byte;

	for (;;) {
		byte = take(d);
		switch (byte) {
		case 0x66:
			d->operand16 = true;
			continue;
		case 0x67:
			d->address32 = true;
			continue;
		case 0xf2:
			d->repne = true;
			continue;
		case 0xf3:
			d->rep = true;
			continue;
		case 0x64:
			d->fs = true;
			d->gs = false;
			continue;
		case 0x65:
			d->gs = true;
			d->fs = false;
			continue;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0xf0:
			continue;
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

void md_x86_take_modrm(struct md_x86_decoder *d)
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

uintptr_t md_x86_with_segment(const struct md_x86_decoder *d, uint64_t addr)
{
	if (d->address32)
		addr = (uint32_t)addr;
	return addr + (d->fs ? d->registers->fs_base : 0);
}

void md_x86_add(struct md_x86_decoder *d, uintptr_t addr, uint32_t bytes, bool reads, bool writes, bool placed)
{
	if (d->access->count == MD_X86_OPERANDS_MAX)
		return;
	d->access->operands[d->access->count++] = (struct md_x86_operand){
		.addr = placed ? addr : 0, .bytes = bytes, .placed = placed, .reads = reads, .writes = writes
	};
}

/* What ModRM names; offset is added to its address, and rsp counts as moved by rsp_moved. */
void md_x86_add_modrm(struct md_x86_decoder *d, uint32_t bytes, bool reads, bool writes, int64_t offset, int64_t rsp_moved)
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
	md_x86_add(d, md_x86_with_segment(d, addr + (uint64_t)offset), bytes, reads, writes, !d->vector_index && !d->gs);
}

static void add_modrm(struct md_x86_decoder *d, uint32_t bytes, bool reads, bool writes)
{
	md_x86_add_modrm(d, bytes, reads, writes, 0, 0);
}

/* A push or a pop at rsp. */
void md_x86_add_push(struct md_x86_decoder *d)
{
	uint32_t bytes = d->operand16 ? 2 : 8;

	md_x86_add(d, d->registers->general[MD_X86_RSP] - bytes, bytes, false, true, true);
}

void md_x86_add_pop(struct md_x86_decoder *d)
{
	md_x86_add(d, d->registers->general[MD_X86_RSP], d->operand16 ? 2 : 8, true, false, true);
}

static void add_string(struct md_x86_decoder *d, int number, uint32_t bytes, bool writes)
{
	uint64_t addr = d->registers->general[number];

	d->access->repeats = d->rep || d->repne;
	if (number == MD_X86_RDI) /* always es: */
		addr = d->address32 ? (uint32_t)addr : addr;
	else
		addr = md_x86_with_segment(d, addr);
	md_x86_add(d, addr, bytes, !writes, writes, number == MD_X86_RDI || !d->gs);
}

static uint32_t size_z(const struct md_x86_decoder *d)
{
	return d->operand16 && !d->w ? 2 : 4;
}

/* --- one-byte opcodes ----------------------------------------------------------- */

static void decode_x87(struct md_x86_decoder *d)
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

	md_x86_take_modrm(d);
	size = sizes[d->opcode - 0xd8][d->reg];
	if (size & 0x7f)
		add_modrm(d, size & 0x7f, !(size & 0x80), size & 0x80);
}

static void decode_strings(struct md_x86_decoder *d)
{
	uint32_t bytes = d->opcode & 1 ? md_x86_size(d) : 1;

	switch (d->opcode & 0xfe) {
	case 0x6c:
		add_string(d, MD_X86_RDI, bytes == 8 ? 4 : bytes, true);
		break;
	case 0x6e:
		add_string(d, MD_X86_RSI, bytes == 8 ? 4 : bytes, false);
		break;
	case 0xa4:
		add_string(d, MD_X86_RSI, bytes, false);
		add_string(d, MD_X86_RDI, bytes, true);
		break;
	case 0xa6:
		add_string(d, MD_X86_RSI, bytes, false);
		add_string(d, MD_X86_RDI, bytes, false);
		break;
	case 0xaa:
		add_string(d, MD_X86_RDI, bytes, true);
		break;
	case 0xac:
		add_string(d, MD_X86_RSI, bytes, false);
		break;
	case 0xae:
		add_string(d, MD_X86_RDI, bytes, false);
		break;
	}
	if (d->access->repeats && !(d->address32 ? (uint32_t)d->registers->general[MD_X86_RCX] : d->registers->general[MD_X86_RCX]))
		d->access->count = 0;
}

/* One-byte opcodes with a ModRM byte. */
static void decode_one_modrm(struct md_x86_decoder *d)
{
	uint8_t op = d->opcode;
	uint32_t v = md_x86_size(d), size = op & 1 ? v : 1;

	md_x86_take_modrm(d);
	switch (op) {
	case 0x00 ... 0x3f: {
		bool compares = op >= 0x38, to_memory = !(op & 2);

		add_modrm(d, size, true, to_memory && !compares);
		break;
	}
	case 0x63:
		add_modrm(d, 4, true, false);
		break;
	case 0x69:
		d->immediate = size_z(d);
		add_modrm(d, v, true, false);
		break;
	case 0x6b:
		d->immediate = 1;
		add_modrm(d, v, true, false);
		break;
	case 0x80:
	case 0x81:
	case 0x83:
		d->immediate = op == 0x81 ? size_z(d) : 1;
		add_modrm(d, size, true, d->reg != 7);
		break;
	case 0x84:
	case 0x85:
		add_modrm(d, size, true, false);
		break;
	case 0x86:
	case 0x87:
		add_modrm(d, size, true, true);
		break;
	case 0x88:
	case 0x89:
		add_modrm(d, size, false, true);
		break;
	case 0x8a:
	case 0x8b:
		add_modrm(d, size, true, false);
		break;
	case 0x8c:
		add_modrm(d, 2, false, true);
		break;
	case 0x8e:
		add_modrm(d, 2, true, false);
		break;
	case 0x8d:
		break;
	case 0x8f:
		md_x86_add_pop(d);
		md_x86_add_modrm(d, d->operand16 ? 2 : 8, false, true, 0, d->operand16 ? 2 : 8);
		break;
	case 0xc0:
	case 0xc1:
		d->immediate = 1;
		add_modrm(d, size, true, true);
		break;
	case 0xd0 ... 0xd3:
		add_modrm(d, size, true, true);
		break;
	case 0xc6:
		d->immediate = 1;
		add_modrm(d, 1, false, true);
		break;
	case 0xc7:
		d->immediate = size_z(d);
		add_modrm(d, v, false, true);
		break;
	case 0xf6:
	case 0xf7:
		d->immediate = d->reg > 1 ? 0 : op == 0xf6 ? 1 : size_z(d);
		add_modrm(d, size, true, d->reg == 2 || d->reg == 3);
		break;
	case 0xfe:
		add_modrm(d, 1, true, true);
		break;
	default: /* 0xff */
		if (d->reg < 2)
			add_modrm(d, v, true, true);
		else if (d->reg == 2 || d->reg == 4 || d->reg == 6)
			add_modrm(d, d->reg == 6 && d->operand16 ? 2 : 8, true, false);
		else
			add_modrm(d, d->w ? 10 : d->operand16 ? 4 : 6, true, false);
		if (d->reg == 2 || d->reg == 6)
			md_x86_add_push(d);
	}
}

static void decode_one(struct md_x86_decoder *d)
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
	case 0x50 ... 0x57:
	case 0x9c:
		md_x86_add_push(d);
		break;
	case 0x58 ... 0x5f:
	case 0x9d:
	case 0xc3:
		md_x86_add_pop(d);
		break;
	case 0x63:
	case 0x69:
	case 0x6b:
	case 0x80:
	case 0x81:
	case 0x83 ... 0x8f:
	case 0xc0:
	case 0xc1:
	case 0xc6:
	case 0xc7:
	case 0xd0 ... 0xd3:
	case 0xf6:
	case 0xf7:
	case 0xfe:
	case 0xff:
		decode_one_modrm(d);
		break;
	case 0x68:
		d->immediate = size_z(d);
		md_x86_add_push(d);
		break;
	case 0x6a:
		d->immediate = 1;
		md_x86_add_push(d);
		break;
	case 0x6c ... 0x6f:
	case 0xa4 ... 0xa7:
	case 0xaa ... 0xaf:
		decode_strings(d);
		break;
	case 0x70 ... 0x7f:
	case 0xa8:
	case 0xb0 ... 0xb7:
	case 0xcd:
	case 0xe0 ... 0xe7:
	case 0xeb:
		d->immediate = 1;
		break;
	case 0x90 ... 0x99:
	case 0x9b:
	case 0x9e:
	case 0x9f:
	case 0xcc:
	case 0xec ... 0xef:
	case 0xf1:
	case 0xf4:
	case 0xf5:
	case 0xf8 ... 0xfd:
		break;
	case 0xa0 ... 0xa3: {
		uint64_t addr = (uint64_t)take_signed(d, d->address32 ? 4 : 8);

		md_x86_add(d, md_x86_with_segment(d, addr), op & 1 ? md_x86_size(d) : 1, op < 0xa2, op >= 0xa2, !d->gs);
		break;
	}
	case 0xa9:
		d->immediate = size_z(d);
		break;
	case 0xb8 ... 0xbf:
		d->immediate = d->w ? 8 : size_z(d);
		break;
	case 0xc2:
		d->immediate = 2;
		md_x86_add_pop(d);
		break;
	case 0xc8:
		d->immediate = 3;
		md_x86_add_push(d);
		break;
	case 0xc9:
		md_x86_add(d, general[MD_X86_RBP], d->operand16 ? 2 : 8, true, false, true);
		break;
	case 0xd7:
		md_x86_add(d, md_x86_with_segment(d, general[MD_X86_RBX] + (general[MD_X86_RAX] & 0xff)), 1, true, false, !d->gs);
		break;
	case 0xd8 ... 0xdf:
		decode_x87(d);
		break;
	case 0xe8:
		d->immediate = 4;
		md_x86_add(d, general[MD_X86_RSP] - 8, 8, false, true, true);
		break;
	case 0xe9:
		d->immediate = 4;
		break;
	default:
		d->failed = true;
	}
}

/* ------------------------------------------------------------------------------------ */

bool md_x86_decode(const unsigned char *code, size_t code_bytes, const struct md_x86_registers *registers, struct md_x86_access *access)
{
	struct md_x86_decoder d = { .code = code,
		.end = code_bytes < MD_X86_BYTES_MAX ? code_bytes : MD_X86_BYTES_MAX,
		.registers = registers,
		.access = access,
		.base = -1,
		.index = -1 };

	memset(access, 0, sizeof *access);
	take_prefixes(&d);
	if (d.failed)
		return false;
	if (d.map == MAP_ONE)
		decode_one(&d);
	else
		md_x86_decode_0f(&d);
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
