/* SPDX-License-Identifier: MIT */
#include "src/cfi.h"

#include <stdbool.h>
#include <string.h>

/* Register numbers of the System V ABI for x86-64. */
#define REGISTER_FRAME_POINTER 6
#define REGISTER_STACK_POINTER 7
#define REGISTER_RETURN_ADDRESS 16

#define STATES_MAX 8 /* nested DW_CFA_remember_state; compilers use one */

/* Pointer encodings (LSB 5.0, 10.5.1). */
enum {
	ENC_ABSPTR = 0x00, ENC_ULEB128 = 0x01, ENC_UDATA2 = 0x02, ENC_UDATA4 = 0x03, ENC_UDATA8 = 0x04,
	ENC_SLEB128 = 0x09, ENC_SDATA2 = 0x0a, ENC_SDATA4 = 0x0b, ENC_SDATA8 = 0x0c,
	ENC_PCREL = 0x10, ENC_DATAREL = 0x30, ENC_INDIRECT = 0x80, ENC_OMIT = 0xff
};

/* A place in the module; reading past its end sets failed and gives zeroes. */
struct reader {
	uintptr_t at, end;
	bool failed;
};

static bool take(struct reader *reader, void *value, size_t bytes)
{
	if (reader->failed || reader->end - reader->at < bytes || reader->at > reader->end) {
		reader->failed = true;
		memset(value, 0, bytes);
		return false;
	}
	memcpy(value, (const void *)reader->at, bytes);
	reader->at += bytes;
	return true;
}

static uint8_t take_u8(struct reader *reader) { uint8_t v; take(reader, &v, sizeof v); return v; }
static uint16_t take_u16(struct reader *reader) { uint16_t v; take(reader, &v, sizeof v); return v; }
static uint32_t take_u32(struct reader *reader) { uint32_t v; take(reader, &v, sizeof v); return v; }
static uint64_t take_u64(struct reader *reader) { uint64_t v; take(reader, &v, sizeof v); return v; }

static uint64_t take_uleb(struct reader *reader)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = take_u8(reader);

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	return value;
}

static int64_t take_sleb(struct reader *reader)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64;) {
		uint8_t byte = take_u8(reader);

		value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (!(byte & 0x80)) {
			if (shift < 64 && (byte & 0x40))
				value |= ~(uint64_t)0 << shift;
			break;
		}
	}
	return (int64_t)value;
}

static uint64_t take_encoded(struct reader *reader, uint8_t encoding, uintptr_t data_base)
{
	uintptr_t place = reader->at;
	uint64_t value;

	switch (encoding & 0x0f) {
	case ENC_ABSPTR:
	case ENC_UDATA8:
	case ENC_SDATA8:
		value = take_u64(reader);
		break;
	case ENC_UDATA2: value = take_u16(reader); break;
	case ENC_SDATA2: value = (uint64_t)(int64_t)(int16_t)take_u16(reader); break;
	case ENC_UDATA4: value = take_u32(reader); break;
	case ENC_SDATA4: value = (uint64_t)(int64_t)(int32_t)take_u32(reader); break;
	case ENC_ULEB128: value = take_uleb(reader); break;
	case ENC_SLEB128: value = (uint64_t)take_sleb(reader); break;
	default:
		reader->failed = true;
		return 0;
	}
	switch (encoding & 0x70) {
	case 0: break;
	case ENC_PCREL: value += place; break;
	case ENC_DATAREL: value += data_base; break;
	default: reader->failed = true;
	}
	if (encoding & ENC_INDIRECT)
		reader->failed = true; /* only personalities are; we never need one */
	return value;
}

/* A column of the header's table; in a damaged header it may lie at any address. */
static int32_t table_value(uintptr_t table, uint64_t entry, unsigned column)
{
	int32_t value;

	memcpy(&value, (const void *)(table + entry * 8 + column * sizeof value), sizeof value);
	return value;
}

/* The FDE whose code range begins last at or before pc, by binary search in the header's table; 0 if there is none. */
static uintptr_t find_fde(uintptr_t pc, uintptr_t hdr, uintptr_t begin, uintptr_t end)
{
	struct reader reader = { .at = hdr, .end = end, .failed = hdr < begin || hdr >= end };
	uint8_t version = take_u8(&reader), frame_encoding = take_u8(&reader), count_encoding = take_u8(&reader), table_encoding = take_u8(&reader);

	if (version != 1 || count_encoding == ENC_OMIT || table_encoding != (ENC_DATAREL | ENC_SDATA4))
		return 0;
	take_encoded(&reader, frame_encoding, hdr);
	uint64_t count = take_encoded(&reader, count_encoding, hdr);

	if (reader.failed || !count || count > (end - reader.at) / 8)
		return 0;
	uint64_t low = 0, high = count;

	while (low < high) { /* first entry that begins after pc */
		uint64_t middle = low + (high - low) / 2;

		if (hdr + (uintptr_t)table_value(reader.at, middle, 0) <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? hdr + (uintptr_t)table_value(reader.at, low - 1, 1) : 0;
}

struct cie {
	uint64_t code_align;
	int64_t data_align;
	uint8_t fde_encoding;
	bool augmented; /* FDEs carry the length of their augmentation data */
	bool signal;
	uintptr_t code, code_end; /* initial instructions */
};

/* Length of an entry; its end goes to reader->end. */
static bool take_length(struct reader *reader, uintptr_t end)
{
	uint32_t length = take_u32(reader);

	if (reader->failed || !length || length == 0xffffffffu || length > end - reader->at)
		return false;
	reader->end = reader->at + length;
	return true;
}

static bool read_cie(uintptr_t addr, uintptr_t begin, uintptr_t end, struct cie *cie)
{
	struct reader reader = { .at = addr, .end = end, .failed = addr < begin || addr >= end };
	char augmentation[8];
	unsigned length = 0;

	if (reader.failed || !take_length(&reader, end) || take_u32(&reader) != 0)
		return false;
	uint8_t version = take_u8(&reader);

	while (length < sizeof augmentation && (augmentation[length] = (char)take_u8(&reader)))
		length++;
	if (reader.failed || length == sizeof augmentation || (version != 1 && version != 3))
		return false;
	*cie = (struct cie){ .code_align = take_uleb(&reader), .data_align = take_sleb(&reader), .fde_encoding = ENC_ABSPTR };
	if ((version == 1 ? take_u8(&reader) : take_uleb(&reader)) != REGISTER_RETURN_ADDRESS)
		return false;
	if (augmentation[0] == 'z') {
		uint64_t bytes = take_uleb(&reader);
		uintptr_t after = reader.at + bytes;

		if (reader.failed || bytes > reader.end - reader.at)
			return false;
		cie->augmented = true;
		for (unsigned i = 1; i < length; i++) {
			if (augmentation[i] == 'R') {
				cie->fde_encoding = take_u8(&reader);
			} else if (augmentation[i] == 'P') {
				uint8_t encoding = take_u8(&reader);

				take_encoded(&reader, encoding & 0x7f, 0);
			} else if (augmentation[i] == 'L') {
				take_u8(&reader);
			} else if (augmentation[i] == 'S') {
				cie->signal = true;
			} else {
				return false;
			}
		}
		reader.at = after;
	} else if (length) {
		return false;
	}
	cie->code = reader.at;
	cie->code_end = reader.end;
	return !reader.failed;
}

enum rule_kind { RULE_UNCHANGED, RULE_SAVED, RULE_UNDEFINED, RULE_OTHER };

struct rule {
	enum rule_kind kind;
	int64_t offset; /* RULE_SAVED: from the frame's base */
};

struct state {
	uint64_t base_register;
	int64_t base_offset;
	bool base_expression;
	struct rule frame_pointer, return_address;
};

static void set_rule(struct state *state, uint64_t number, struct rule rule)
{
	if (number == REGISTER_FRAME_POINTER)
		state->frame_pointer = rule;
	else if (number == REGISTER_RETURN_ADDRESS)
		state->return_address = rule;
}

static void restore_rule(struct state *state, const struct state *initial, uint64_t number)
{
	set_rule(state, number, number == REGISTER_FRAME_POINTER ? initial->frame_pointer : initial->return_address);
}

/* An offset in units of the CIE. In damaged tables the product may overflow, which is no harm: nobody believes it. */
static int64_t scale(uint64_t value, const struct cie *cie)
{
	return (int64_t)(value * (uint64_t)cie->data_align);
}

static void skip_block(struct reader *reader)
{
	uint64_t bytes = take_uleb(reader);

	if (bytes > reader->end - reader->at)
		reader->failed = true;
	else
		reader->at += bytes;
}

/* Runs instructions until the row for pc is complete. initial is NULL for the CIE's own. False where they make no sense to us. */
static bool run(struct reader reader, const struct cie *cie, uintptr_t location, uintptr_t pc, const struct state *initial, struct state *state)
{
	struct state saved[STATES_MAX];
	unsigned depth = 0;

	while (!reader.failed && reader.at < reader.end) {
		uint8_t op = take_u8(&reader);
		uint64_t number, delta;

		switch (op >> 6) {
		case 1: /* advance_loc */
			location += (op & 0x3f) * cie->code_align;
			if (location > pc)
				return true;
			continue;
		case 2: /* offset */
			set_rule(state, op & 0x3f, (struct rule){ RULE_SAVED, scale(take_uleb(&reader), cie) });
			continue;
		case 3: /* restore */
			if (!initial)
				return false;
			restore_rule(state, initial, op & 0x3f);
			continue;
		}
		switch (op) {
		case 0x00: /* nop */
			break;
		case 0x01: /* set_loc */
			location = take_encoded(&reader, cie->fde_encoding, 0);
			if (location > pc)
				return true;
			break;
		case 0x02: /* advance_loc1, 2, 4 */
		case 0x03:
		case 0x04:
			delta = op == 0x02 ? take_u8(&reader) : op == 0x03 ? take_u16(&reader) : take_u32(&reader);
			location += delta * cie->code_align;
			if (location > pc)
				return true;
			break;
		case 0x05: /* offset_extended */
			number = take_uleb(&reader);
			set_rule(state, number, (struct rule){ RULE_SAVED, scale(take_uleb(&reader), cie) });
			break;
		case 0x06: /* restore_extended */
			if (!initial)
				return false;
			restore_rule(state, initial, take_uleb(&reader));
			break;
		case 0x07: /* undefined */
			set_rule(state, take_uleb(&reader), (struct rule){ .kind = RULE_UNDEFINED });
			break;
		case 0x08: /* same_value */
			set_rule(state, take_uleb(&reader), (struct rule){ .kind = RULE_UNCHANGED });
			break;
		case 0x09: /* register */
			number = take_uleb(&reader);
			take_uleb(&reader);
			set_rule(state, number, (struct rule){ .kind = RULE_OTHER });
			break;
		case 0x0a: /* remember_state */
			if (depth == STATES_MAX)
				return false;
			saved[depth++] = *state;
			break;
		case 0x0b: /* restore_state */
			if (!depth)
				return false;
			*state = saved[--depth];
			break;
		case 0x0c: /* def_cfa */
			state->base_register = take_uleb(&reader);
			state->base_offset = (int64_t)take_uleb(&reader);
			state->base_expression = false;
			break;
		case 0x0d: /* def_cfa_register */
			state->base_register = take_uleb(&reader);
			break;
		case 0x0e: /* def_cfa_offset */
			state->base_offset = (int64_t)take_uleb(&reader);
			break;
		case 0x0f: /* def_cfa_expression */
			skip_block(&reader);
			state->base_expression = true;
			break;
		case 0x10: /* expression */
		case 0x16: /* val_expression */
			number = take_uleb(&reader);
			skip_block(&reader);
			set_rule(state, number, (struct rule){ .kind = RULE_OTHER });
			break;
		case 0x11: /* offset_extended_sf */
			number = take_uleb(&reader);
			set_rule(state, number, (struct rule){ RULE_SAVED, scale((uint64_t)take_sleb(&reader), cie) });
			break;
		case 0x12: /* def_cfa_sf */
			state->base_register = take_uleb(&reader);
			state->base_offset = scale((uint64_t)take_sleb(&reader), cie);
			state->base_expression = false;
			break;
		case 0x13: /* def_cfa_offset_sf */
			state->base_offset = scale((uint64_t)take_sleb(&reader), cie);
			break;
		case 0x14: /* val_offset, val_offset_sf */
		case 0x15:
			number = take_uleb(&reader);
			take_uleb(&reader);
			set_rule(state, number, (struct rule){ .kind = RULE_OTHER });
			break;
		case 0x2e: /* GNU_args_size */
			take_uleb(&reader);
			break;
		case 0x2f: /* GNU_negative_offset_extended */
			number = take_uleb(&reader);
			set_rule(state, number, (struct rule){ RULE_SAVED, scale(-take_uleb(&reader), cie) });
			break;
		default:
			return false;
		}
	}
	return !reader.failed;
}

static struct md_cfi_row row_of(const struct state *state)
{
	struct md_cfi_row row = { .kind = MD_CFI_COMPLEX };

	if (state->return_address.kind == RULE_UNDEFINED) {
		row.kind = MD_CFI_END;
		return row;
	}
	if (state->base_expression || state->return_address.kind != RULE_SAVED || state->return_address.offset != -8)
		return row;
	if (state->base_register != REGISTER_STACK_POINTER && state->base_register != REGISTER_FRAME_POINTER)
		return row;
	/* An rbp that is undefined here has no value that the caller could use: as good as unchanged. */
	if (state->frame_pointer.kind == RULE_OTHER || (state->frame_pointer.kind == RULE_SAVED && state->frame_pointer.offset >= 0))
		return row;
	row.kind = MD_CFI_SIMPLE;
	row.from_frame_pointer = state->base_register == REGISTER_FRAME_POINTER;
	row.base_offset = state->base_offset;
	row.saved_offset = state->frame_pointer.kind == RULE_SAVED ? state->frame_pointer.offset : 0;
	return row;
}

/* The entry for one function, as far as it could be read. */
struct fde {
	uintptr_t first, bytes;      /* its code */
	struct cie cie;
	struct reader instructions;
};

/* MD_CFI_SIMPLE when there is an entry for pc that can be read, whatever it says. */
static enum md_cfi_kind read_fde(uintptr_t pc, uintptr_t hdr, uintptr_t begin, uintptr_t end, struct fde *fde)
{
	uintptr_t place = find_fde(pc, hdr, begin, end);
	struct reader reader = { .at = place, .end = end, .failed = place < begin || place >= end };

	if (!place)
		return MD_CFI_MISSING;
	if (reader.failed || !take_length(&reader, end))
		return MD_CFI_COMPLEX;
	uintptr_t cie_place = reader.at;
	uint32_t cie_distance = take_u32(&reader);

	if (!cie_distance || !read_cie(cie_place - cie_distance, begin, end, &fde->cie))
		return MD_CFI_COMPLEX;
	fde->first = take_encoded(&reader, fde->cie.fde_encoding, 0);
	fde->bytes = take_encoded(&reader, fde->cie.fde_encoding & 0x0f, 0);
	if (reader.failed)
		return MD_CFI_COMPLEX;
	if (pc < fde->first || pc - fde->first >= fde->bytes)
		return MD_CFI_MISSING;
	if (fde->cie.augmented)
		skip_block(&reader);
	fde->instructions = reader;
	return reader.failed ? MD_CFI_COMPLEX : MD_CFI_SIMPLE;
}

struct md_cfi_row md_cfi_find(uintptr_t pc, uintptr_t hdr, uintptr_t begin, uintptr_t end)
{
	struct md_cfi_row complex = { .kind = MD_CFI_COMPLEX };
	struct state initial = { 0 };
	struct fde fde;
	enum md_cfi_kind found = read_fde(pc, hdr, begin, end, &fde);

	if (found != MD_CFI_SIMPLE)
		return (struct md_cfi_row){ .kind = found };
	if (fde.cie.signal || !run((struct reader){ .at = fde.cie.code, .end = fde.cie.code_end }, &fde.cie, fde.first, UINTPTR_MAX, NULL, &initial))
		return complex;
	struct state state = initial;

	if (!run(fde.instructions, &fde.cie, fde.first, pc, &initial, &state))
		return complex;
	return row_of(&state);
}

bool md_cfi_function(uintptr_t pc, uintptr_t hdr, uintptr_t begin, uintptr_t end, uintptr_t *first, uintptr_t *last)
{
	struct fde fde;

	if (read_fde(pc, hdr, begin, end, &fde) != MD_CFI_SIMPLE)
		return false;
	*first = fde.first;
	*last = fde.first + fde.bytes;
	return true;
}
