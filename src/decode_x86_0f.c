/* SPDX-License-Identifier: MIT */
#include "src/decode_x86_inside.h"

static void add_modrm(struct md_x86_decoder *d, uint32_t bytes, bool reads, bool writes)
{
	md_x86_add_modrm(d, bytes, reads, writes, 0, 0);
}

/* --- 0F ------------------------------------------------------------------------- */

/* Bytes of a vector operand: packed, or a single float or double. */
static uint32_t size_packed(const struct md_x86_decoder *d)
{
	return d->prefix == PREFIX_F3 ? 4 : d->prefix == PREFIX_F2 ? 8 : d->vector_bytes;
}

/* Bytes of an operand that is an MMX register without a prefix. */
static uint32_t size_mmx(const struct md_x86_decoder *d)
{
	return d->vex || d->prefix != PREFIX_NONE ? d->vector_bytes : 8;
}

static void load(struct md_x86_decoder *d, uint32_t bytes)
{
	if (d->broadcast)
		bytes = d->map >= MAP_FP16_A ? 2 : d->w ? 8 : 4;
	add_modrm(d, bytes, true, false);
}

static void store(struct md_x86_decoder *d, uint32_t bytes)
{
	add_modrm(d, bytes, false, true);
}

/* bt, bts, btr, btc with the bit's number in a register: it may lie far from the operand. */
static void decode_bits(struct md_x86_decoder *d, bool writes)
{
	uint32_t bytes = md_x86_size(d);
	int64_t bit = (int64_t)d->registers->general[d->reg + d->r];

	if (bytes == 4)
		bit = (int32_t)bit;
	else if (bytes == 2)
		bit = (int16_t)bit;
	md_x86_add_modrm(d, bytes, true, writes, (bit >> (bytes == 8 ? 6 : bytes == 4 ? 5 : 4)) * (int64_t)bytes, 0);
}

static void decode_0f_moves(struct md_x86_decoder *d)
{
	uint32_t all = d->vector_bytes;

	switch (d->opcode) {
	case 0x10:
		load(d, size_packed(d));
		break;
	case 0x11:
		store(d, size_packed(d));
		break;
	case 0x12:
		load(d, d->prefix == PREFIX_F3 || (d->prefix == PREFIX_F2 && all > 16) ? all : 8);
		break;
	case 0x16:
		load(d, d->prefix == PREFIX_F3 ? all : 8);
		break;
	case 0x13:
	case 0x17:
		store(d, 8);
		break;
	case 0x28:
	case 0x14:
	case 0x15:
		load(d, all);
		break;
	case 0x29:
	case 0x2b:
		store(d, d->opcode == 0x2b && d->prefix > PREFIX_66 ? size_packed(d) : all);
		break;
	case 0x2a:
		load(d, d->prefix >= PREFIX_F3 ? (d->w ? 8 : 4) : 8);
		break;
	case 0x2c:
	case 0x2d:
		load(d, d->prefix == PREFIX_F3 ? 4 : d->prefix == PREFIX_66 ? 16 : 8);
		break;
	default:
		load(d, d->prefix == PREFIX_66 ? 8 : 4); /* 2e, 2f */
	}
}

static void decode_0f_state(struct md_x86_decoder *d)
{
	switch (d->reg) {
	case 0:
		store(d, 512);
		break;
	case 1:
		load(d, 512);
		break;
	case 2:
		load(d, 4);
		break;
	case 3:
		store(d, 4);
		break;
	case 5:
		load(d, 0);
		break;
	case 4:
	case 6:
		store(d, 0);
		break;
	}
}

/* Mask registers: moves from and to memory. */
static void decode_0f_masks(struct md_x86_decoder *d)
{
	uint32_t bytes = d->w ? (d->prefix == PREFIX_66 ? 4 : 8) : d->prefix == PREFIX_66 ? 1 : 2;

	if (d->opcode == 0x91)
		store(d, bytes);
	else
		load(d, bytes);
}

static void decode_0f_general(struct md_x86_decoder *d)
{
	uint8_t op = d->opcode;
	uint32_t v = md_x86_size(d);

	switch (op) {
	case 0x00:
		load(d, 2);
		break;
	case 0x01:
		if (d->reg == 4)
			store(d, 2);
		else
			load(d, d->reg == 6 ? 2 : d->reg == 7 ? 0 : 10);
		break;
	case 0x40 ... 0x4f:
		load(d, v);
		break;
	case 0x90 ... 0x9f:
		store(d, 1);
		break;
	case 0xa3:
		decode_bits(d, false);
		break;
	case 0xab:
	case 0xb3:
	case 0xbb:
		decode_bits(d, true);
		break;
	case 0xa4:
	case 0xac:
		d->immediate = 1;
		add_modrm(d, v, true, true);
		break;
	case 0xa5:
	case 0xad:
		add_modrm(d, v, true, true);
		break;
	case 0xae:
		decode_0f_state(d);
		break;
	case 0xaf:
	case 0xb8:
	case 0xbc:
	case 0xbd:
		load(d, v);
		break;
	case 0xb0:
	case 0xb1:
	case 0xc0:
	case 0xc1:
		add_modrm(d, op & 1 ? v : 1, true, true);
		break;
	case 0xb2:
	case 0xb4:
	case 0xb5:
		load(d, d->w ? 10 : d->operand16 ? 4 : 6);
		break;
	case 0xb6:
	case 0xbe:
		load(d, 1);
		break;
	case 0xb7:
	case 0xbf:
		load(d, 2);
		break;
	case 0xba:
		d->immediate = 1;
		add_modrm(d, v, true, d->reg > 4);
		break;
	case 0xc3:
		store(d, d->w ? 8 : 4);
		break;
	case 0xc7:
		if (d->reg == 1)
			add_modrm(d, d->w ? 16 : 8, true, true);
		else if (d->reg == 3)
			load(d, 0);
		else
			store(d, d->reg < 6 ? 0 : 8);
		break;
	case 0x02:
	case 0x03:
		load(d, 2);
		break;
	default:
		break; /* prefetches, hints, control registers */
	}
}

static void decode_0f_vectors(struct md_x86_decoder *d)
{
	uint8_t op = d->opcode;
	uint32_t all = d->vector_bytes;

	switch (op) {
	case 0x10 ... 0x17:
	case 0x28 ... 0x2f:
		decode_0f_moves(d);
		break;
	case 0x5a:
		load(d, d->prefix == PREFIX_NONE ? all / 2 : size_packed(d));
		break;
	case 0x5b:
		load(d, all);
		break;
	case 0x50:
		break;
	case 0x51 ... 0x59:
	case 0x5c ... 0x5f:
		load(d, size_packed(d));
		break;
	case 0x60 ... 0x62:
		load(d, d->prefix == PREFIX_NONE && !d->vex ? 4 : all);
		break;
	case 0x6e:
		load(d, d->w ? 8 : 4);
		break;
	case 0x70:
		d->immediate = 1;
		load(d, size_mmx(d));
		break;
	case 0x71 ... 0x73:
		d->immediate = 1;
		load(d, size_mmx(d));
		break;
	case 0x78 ... 0x7b: /* conversions of AVX-512 */
		load(d,
			d->prefix == PREFIX_F3 && op != 0x7a                                  ? 4
				: d->prefix == PREFIX_F2 && op != 0x7a                        ? (op == 0x7b && !d->w ? 4 : 8)
				: d->prefix == PREFIX_F3 || (d->prefix == PREFIX_66 && !d->w) ? all / 2
											      : all);
		break;
	case 0x7e:
		if (d->prefix == PREFIX_F3)
			load(d, 8);
		else
			store(d, d->w ? 8 : 4);
		break;
	case 0x7f:
		store(d, size_mmx(d));
		break;
	case 0xc2:
		d->immediate = 1;
		load(d, size_packed(d));
		break;
	case 0xc4:
		d->immediate = 1;
		load(d, 2);
		break;
	case 0xc5:
		d->immediate = 1;
		break;
	case 0xc6:
		d->immediate = 1;
		load(d, all);
		break;
	case 0xd1 ... 0xd3:
	case 0xe1:
	case 0xe2:
	case 0xf1 ... 0xf3:
		load(d, d->prefix == PREFIX_NONE && !d->vex ? 8 : 16);
		break;
	case 0xd6:
		store(d, 8);
		break;
	case 0xd7:
		break;
	case 0xe6:
		load(d, d->prefix == PREFIX_F3 ? all / 2 : all);
		break;
	case 0xe7:
		store(d, size_mmx(d));
		break;
	case 0xf7:
		md_x86_add(d, md_x86_with_segment(d, d->registers->general[MD_X86_RDI]), size_mmx(d), false, true, !d->gs);
		break;
	default:
		load(d, size_mmx(d)); /* 63 to 6f, 74 to 7d, d0 to fe */
	}
}

static void decode_0f(struct md_x86_decoder *d)
{
	uint8_t op = d->opcode;

	switch (op) {
	case 0x05:
	case 0x06:
	case 0x08:
	case 0x09:
	case 0x0b:
	case 0x30 ... 0x37:
	case 0x77:
	case 0xa2:
	case 0xaa:
	case 0xc8 ... 0xcf:
		return;
	case 0x80 ... 0x8f:
		d->immediate = d->vex ? 0 : 4;
		d->failed |= d->vex;
		return;
	case 0xa0:
	case 0xa8:
		md_x86_add_push(d);
		return;
	case 0xa1:
	case 0xa9:
		md_x86_add_pop(d);
		return;
	}
	md_x86_take_modrm(d);
	if (d->vex && (op == 0x90 || op == 0x91))
		decode_0f_masks(d);
	else if (d->vex && ((op >= 0x41 && op <= 0x4b) || (op >= 0x92 && op <= 0x9f)))
		d->failed |= d->memory; /* mask registers among themselves */
	else if ((op >= 0x10 && op <= 0x17) || (op >= 0x28 && op <= 0x2f) || (op >= 0x50 && op <= 0x7f) || op == 0xc2 ||
		(op >= 0xc4 && op <= 0xc6) || (op >= 0xd0 && op <= 0xfe))
		decode_0f_vectors(d);
	else
		decode_0f_general(d);
}

/* --- 0F38 and 0F3A ---------------------------------------------------------------- */

/* Parts of a vector that an instruction widens or narrows to a whole one, by the low bits of the opcode: b to w, d, q; w to d, q; d to q.
 * */
static uint32_t size_part(const struct md_x86_decoder *d)
{
	static const uint8_t shifts[8] = { 1, 2, 3, 1, 2, 1, 0, 0 };

	return d->vector_bytes >> shifts[d->opcode & 7];
}

static bool is_fma(uint8_t op)
{
	return (op >= 0x96 && op <= 0x9f) || (op >= 0xa6 && op <= 0xaf) || (op >= 0xb6 && op <= 0xbf);
}

static void decode_0f38_general(struct md_x86_decoder *d)
{
	uint32_t v = md_x86_size(d);

	switch (d->opcode) {
	case 0xf0:
		load(d, d->prefix == PREFIX_F2 ? 1 : v);
		break;
	case 0xf1:
		if (d->prefix == PREFIX_F2)
			load(d, v);
		else
			store(d, v);
		break;
	case 0xf6:
		load(d, d->w ? 8 : 4);
		break;
	case 0xf8:
		load(d, 64);
		break;
	case 0xf9:
		store(d, d->w ? 8 : 4);
		break;
	default:
		load(d, d->w ? 8 : 4);
	}
}

static void decode_0f38(struct md_x86_decoder *d)
{
	uint8_t op = d->opcode;
	uint32_t all = d->vector_bytes, element = d->w ? 8 : 4;

	d->vector_index = d->vex && ((op >= 0x90 && op <= 0x93) || (d->evex && ((op >= 0xa0 && op <= 0xa3) || op == 0xc6 || op == 0xc7)));
	md_x86_take_modrm(d);
	switch (op) {
	case 0x10 ... 0x15:
	case 0x20 ... 0x25:
	case 0x30 ... 0x35:
		if (d->evex && d->prefix == PREFIX_F3)
			store(d, size_part(d));
		else if (op == 0x13)
			load(d, all / 2);
		else
			load(d, op >= 0x20 ? size_part(d) : size_mmx(d));
		break;
	case 0x18:
	case 0x58:
		load(d, 4);
		break;
	case 0x19:
	case 0x59:
		load(d, 8);
		break;
	case 0x1a:
	case 0x5a:
		load(d, 16);
		break;
	case 0x1b:
	case 0x5b:
		load(d, 32);
		break;
	case 0x2d:
		if (d->evex)
			load(d, element);
		else
			load(d, all);
		break;
	case 0x2e:
	case 0x2f:
	case 0x8e:
		store(d, all);
		break;
	case 0x41:
		load(d, 16);
		break;
	case 0x43:
	case 0x4d:
	case 0x4f:
	case 0xcb:
	case 0xcd:
		load(d, d->evex ? element : 16);
		break;
	case 0x62:
	case 0x88:
	case 0x89:
		load(d, all);
		break;
	case 0x63:
	case 0x8a:
	case 0x8b:
		store(d, all);
		break;
	case 0x78:
		load(d, 1);
		break;
	case 0x79:
		load(d, 2);
		break;
	case 0x90 ... 0x93:
		add_modrm(d, element, true, false);
		break;
	case 0xa0 ... 0xa3:
		add_modrm(d, element, false, true);
		break;
	case 0xc6:
	case 0xc7:
		break; /* prefetches */
	case 0xc8 ... 0xca:
	case 0xcc:
		load(d, d->evex ? all : 16);
		break;
	case 0xf0 ... 0xff:
		decode_0f38_general(d);
		break;
	default:
		if (d->evex && (op == 0xa2 || op == 0xa3))
			break;
		if (is_fma(op) && (op & 15) >= 9 && (op & 1))
			load(d, element);
		else
			load(d, size_mmx(d));
	}
}

static void decode_0f3a(struct md_x86_decoder *d)
{
	uint32_t all = d->vector_bytes, element = d->w ? 8 : 4;

	md_x86_take_modrm(d);
	d->immediate = 1;
	switch (d->opcode) {
	case 0x0a:
		load(d, 4);
		break;
	case 0x0b:
		load(d, 8);
		break;
	case 0x0f:
		load(d, size_mmx(d));
		break;
	case 0x14:
		store(d, 1);
		break;
	case 0x15:
		store(d, 2);
		break;
	case 0x16:
		store(d, element);
		break;
	case 0x17:
		store(d, 4);
		break;
	case 0x18:
	case 0x38:
		load(d, 16);
		break;
	case 0x19:
	case 0x39:
		store(d, 16);
		break;
	case 0x1a:
	case 0x3a:
		load(d, 32);
		break;
	case 0x1b:
	case 0x3b:
		store(d, 32);
		break;
	case 0x1d:
		store(d, all / 2);
		break;
	case 0x20:
		load(d, 1);
		break;
	case 0x21:
		load(d, 4);
		break;
	case 0x22:
	case 0xf0:
		load(d, element);
		break;
	case 0x27:
	case 0x51:
	case 0x55:
	case 0x57:
	case 0x67:
		load(d, d->evex ? element : all);
		break;
	case 0xcc:
	case 0xdf:
		load(d, 16);
		break;
	default:
		load(d, all);
	}
}

/* Half precision: the maps repeat what 0F and 0F38 have, with elements of two bytes. */
static void decode_fp16(struct md_x86_decoder *d)
{
	bool scalar = d->prefix == PREFIX_F3 ||
		(d->map == MAP_FP16_B &&
			(d->opcode == 0x43 || d->opcode == 0x4d || d->opcode == 0x4f ||
				(is_fma(d->opcode) && (d->opcode & 15) >= 9 && (d->opcode & 1))));

	md_x86_take_modrm(d);
	if (d->map == MAP_FP16_A && (d->opcode == 0x11 || d->opcode == 0x7e))
		store(d, 2);
	else if (d->map == MAP_FP16_A && d->opcode == 0x2a)
		load(d, d->w ? 8 : 4);
	else
		load(d, scalar || (d->map == MAP_FP16_A && d->opcode == 0x6e) ? 2 : d->vector_bytes);
}

void md_x86_decode_0f(struct md_x86_decoder *d)
{
	switch (d->map) {
	case MAP_0F:
		decode_0f(d);
		break;
	case MAP_0F38:
		decode_0f38(d);
		break;
	case MAP_0F3A:
		decode_0f3a(d);
		break;
	default:
		decode_fp16(d);
	}
}
