/* SPDX-License-Identifier: MIT */
#include "src/retrace_x86.h"

#include <string.h>

#define RCX 1

/* What matters of an instruction's form and is not in its operands. */
struct form {
	bool string, repeated;
	int pushed;   /* bytes by which it makes the stack longer: push and pop of memory */
	int loads_to; /* the general register that it loads, whole or its low part, if that is also part of the address; else -1 */
};

static bool is_prefix(unsigned char byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x66:
	case 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return true;
	default:
		return false;
	}
}

/* modrm is of a load whose destination is a general register. */
static int overwritten_base(const unsigned char *modrm, const unsigned char *end, unsigned rex)
{
	int destination = (modrm[0] >> 3 & 7) | (rex & 4 ? 8 : 0), rm = modrm[0] & 7, mod = modrm[0] >> 6;

	if (mod == 3)
		return -1;
	if (rm != 4)
		return (mod || rm != 5) && (rm | (rex & 1 ? 8 : 0)) == destination ? destination : -1;
	if (modrm + 1 >= end)
		return -1;
	int base = (modrm[1] & 7) | (rex & 1 ? 8 : 0), index = (modrm[1] >> 3 & 7) | (rex & 2 ? 8 : 0);
	bool has_base = mod || (modrm[1] & 7) != 5;

	return (has_base && base == destination) || (index != 4 && index == destination) ? destination : -1;
}

static struct form form_of(const unsigned char *code, size_t length)
{
	struct form form = { .loads_to = -1 };
	const unsigned char *end = code + length;
	unsigned rex = 0;
	bool narrow = false;

	for (; code < end && is_prefix(*code); code++) {
		form.repeated |= *code == 0xf2 || *code == 0xf3;
		narrow |= *code == 0x66;
	}
	if (code < end && (*code & 0xf0) == 0x40)
		rex = *code++;
	if (code == end)
		return form;
	form.string = (*code >= 0xa4 && *code <= 0xa7) || (*code >= 0xaa && *code <= 0xaf);
	form.repeated &= form.string;
	if (*code == 0x8f || (*code == 0xff && code + 1 < end && (code[1] >> 3 & 7) == 6))
		form.pushed = (*code == 0xff ? 1 : -1) * (narrow ? 2 : 8);
	if ((*code == 0x8b || *code == 0x63) && code + 1 < end)
		form.loads_to = overwritten_base(code + 1, end, rex);
	if (code[0] == 0x0f && code + 2 < end && (code[1] == 0xb6 || code[1] == 0xb7 || code[1] == 0xbe || code[1] == 0xbf))
		form.loads_to = overwritten_base(code + 2, end, rex);
	return form;
}

static bool touches(const struct md_retrace *retrace, uintptr_t addr, uint32_t bytes)
{
	return addr < retrace->watched + retrace->watched_bytes && addr + bytes > retrace->watched;
}

static bool is_outside(const struct md_retrace *retrace, const struct md_retraced *access)
{
	return access->addr >= retrace->outside_begin && access->addr <= retrace->outside_end &&
		retrace->outside_end - access->addr >= access->bytes;
}

/* The element that a string instruction accessed. One that is repeated may have gone on since: the last element that touches the watched
 * bytes is taken. */
static bool find_element(const struct md_retrace *retrace, const struct form *form, const struct md_x86_operand *operand, uintptr_t *addr)
{
	uintptr_t bytes = operand->bytes, last = retrace->backwards ? operand->addr + bytes : operand->addr - bytes;

	if (form->repeated && !retrace->backwards && last >= retrace->watched + retrace->watched_bytes)
		last -= (last - (retrace->watched + retrace->watched_bytes) + bytes) / bytes * bytes;
	if (form->repeated && retrace->backwards && last + bytes <= retrace->watched)
		last += (retrace->watched - (last + bytes) + bytes) / bytes * bytes;
	*addr = last;
	return touches(retrace, last, operand->bytes);
}

/* The place from which a load took the value that is in the register now. Of several the last one; all have to be outside. */
static bool find_by_value(const struct md_retrace *retrace, int number, const struct md_x86_operand *operand, struct md_retraced *access)
{
	uint64_t value = retrace->registers.general[number];
	bool found = false;

	if (!retrace->around || operand->bytes > MD_RETRACE_AROUND)
		return false;
	access->bytes = operand->bytes;
	for (uintptr_t addr = retrace->watched + 1 - operand->bytes; addr < retrace->watched + retrace->watched_bytes; addr++) {
		if (memcmp(retrace->around + (addr - (retrace->watched - MD_RETRACE_AROUND)), &value, operand->bytes))
			continue;
		access->addr = addr;
		if (!is_outside(retrace, access))
			return false;
		found = true;
	}
	return found;
}

enum verdict { NOT_THIS, INSIDE, OUTSIDE };

/* Whether the instruction at code[at] accessed the watched bytes. */
static enum verdict look_at(const struct md_retrace *retrace, size_t at, const struct md_x86_access *decoded, struct md_retraced *access)
{
	struct form form = form_of(retrace->code + at, decoded->length);

	for (unsigned i = 0; i < decoded->count; i++) {
		const struct md_x86_operand *operand = &decoded->operands[i];

		*access = (struct md_retraced){ .pc = retrace->registers.rip - retrace->before + at,
			.addr = operand->addr,
			.bytes = operand->bytes,
			.reads = operand->reads,
			.writes = operand->writes,
			.pushed = form.pushed };
		if (!operand->placed || !operand->bytes)
			continue;
		if (form.string ? find_element(retrace, &form, operand, &access->addr) : touches(retrace, operand->addr, operand->bytes))
			return is_outside(retrace, access) ? OUTSIDE : INSIDE;
		if (form.loads_to >= 0 && find_by_value(retrace, form.loads_to, operand, access))
			return OUTSIDE;
	}
	return NOT_THIS;
}

/* Decodes the instruction at code[at] with the registers as they were, as far as that is known. */
static bool decode_at(const struct md_retrace *retrace, size_t at, struct md_x86_access *decoded)
{
	struct md_x86_registers registers = retrace->registers;

	registers.rip += at - retrace->before;
	if (!registers.general[RCX])
		registers.general[RCX] = 1; /* a repeated instruction has counted it down */
	return md_x86_decode(retrace->code + at, retrace->before + retrace->after - at, &registers, decoded) && decoded->length;
}

/* Counts instructions from the begin of the function. False if none of them ends where the trap came. */
static bool find_last(const struct md_retrace *retrace, size_t *last)
{
	struct md_x86_access decoded;
	size_t at = 0;

	if (!retrace->from_begin)
		return false;
	while (at < retrace->before) {
		*last = at;
		if (!decode_at(retrace, at, &decoded))
			return false;
		at += decoded.length;
	}
	return at && at == retrace->before;
}

/* Every place from which one instruction leads to the trap. OUTSIDE only if that is what all say that touch the watched bytes; the
 * longest is taken. */
static enum verdict try_all(const struct md_retrace *retrace, struct md_retraced *access, bool *mixed)
{
	enum verdict verdict = NOT_THIS;

	*mixed = false;
	for (size_t length = 1; length <= MD_X86_BYTES_MAX && length <= retrace->before; length++) {
		struct md_x86_access decoded;
		struct md_retraced candidate;

		if (!decode_at(retrace, retrace->before - length, &decoded) || decoded.length != length)
			continue;
		enum verdict this = look_at(retrace, retrace->before - length, &decoded, &candidate);

		if (this == NOT_THIS)
			continue;
		*mixed |= verdict != NOT_THIS && verdict != this;
		verdict = verdict == INSIDE ? INSIDE : this;
		*access = candidate;
	}
	return verdict;
}

/* The instruction before the trap. */
static enum verdict look_before(const struct md_retrace *retrace, struct md_retraced *access)
{
	struct md_x86_access decoded;
	size_t last;
	bool mixed;
	/* Nearly all traps are of functions that read whole vectors, and end here without counting. */
	enum verdict verdict = try_all(retrace, access, &mixed);

	if (verdict != NOT_THIS && (verdict != INSIDE || mixed) && find_last(retrace, &last))
		return decode_at(retrace, last, &decoded) ? look_at(retrace, last, &decoded, access) : NOT_THIS;
	return verdict;
}

/* A repeated instruction where the trap came. The processor does not tell whether it has begun. */
static enum verdict look_here(const struct md_retrace *retrace, struct md_retraced *access)
{
	struct md_x86_access decoded;

	if (!retrace->after || !decode_at(retrace, retrace->before, &decoded) || !decoded.repeats)
		return NOT_THIS;
	return look_at(retrace, retrace->before, &decoded, access);
}

bool md_x86_retrace(const struct md_retrace *retrace, struct md_retraced *access)
{
	struct md_retraced here;
	enum verdict before = look_before(retrace, access), repeated = look_here(retrace, &here);

	if (before == NOT_THIS && repeated == OUTSIDE)
		*access = here;
	return (before == OUTSIDE || repeated == OUTSIDE) && before != INSIDE && repeated != INSIDE;
}
