/* SPDX-License-Identifier: MIT */
#include "src/known_stacks.h"

#include <string.h>

#include "src/arena.h"

#define CAPACITY_FIRST 128
#define CAPACITY_LAST 2048
#define CAPACITY_FACTOR 4
#define GUESSES_PER_BLOCK 8
#define UNITS_PER_BLOCK (sizeof(struct md_known_stack) / MD_KNOWN_UNIT)

_Static_assert(sizeof(struct md_known_stack) == 7 * MD_KNOWN_UNIT, "a block is 7 cache lines");
_Static_assert(CAPACITY_LAST * UNITS_PER_BLOCK <= UINT16_MAX, "a place has 16 bits");

#define GUESSES_MAX 4 /* for one stack */
/* A program that has more stacks than there are blocks would write each of them down for nothing: then only one of so many is, those that
 * come often sooner than the others. */
#define FULL_TURNS 4

static struct md_known_stack *block_at(const struct md_known_stacks *all, unsigned i)
{
	return (struct md_known_stack *)all->blocks + i;
}

static uint64_t context_of(uint64_t id, uint64_t value)
{
	return id * 0xd1342543de82ef95ull ^ value * 0xff51afd7ed558ccdull;
}

/* Makes room for so many blocks, all empty; what was known is given up. */
static bool make_room(struct md_known_stacks *all, unsigned capacity)
{
	size_t guesses = capacity * GUESSES_PER_BLOCK;
	char *blocks = md_arena_take(all->arena, capacity * sizeof(struct md_known_stack) + guesses * sizeof *all->guesses, MD_KNOWN_UNIT);

	if (!blocks)
		return false;
	all->blocks = blocks;
	all->guesses = (struct md_stack_guess *)(blocks + capacity * sizeof(struct md_known_stack));
	all->shift = 64 - (unsigned)__builtin_ctzl(guesses);
	all->capacity = capacity;
	all->used = all->next = 0;
	all->context = 0;
	return true;
}

bool md_known_stacks_init(struct md_known_stacks *all, struct md_arena *arena, _Atomic unsigned *spare)
{
	all->arena = arena;
	all->spare = spare;
	return make_room(all, CAPACITY_FIRST);
}

void md_known_stacks_forget(struct md_known_stacks *all)
{
	for (unsigned i = 0; i < all->used; i++)
		block_at(all, i)->pc = 0;
	all->used = all->next = 0;
	all->context = 0;
	all->full = false;
}

static bool make_more_room(struct md_known_stacks *all)
{
	unsigned wanted = all->capacity * CAPACITY_FACTOR, spare = atomic_load_explicit(all->spare, memory_order_relaxed);

	if (wanted > CAPACITY_LAST)
		return false;
	do {
		if (spare < wanted)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(all->spare, &spare, spare - wanted, memory_order_relaxed, memory_order_relaxed));
	return make_room(all, wanted);
}

/* So many blocks in a row that are nobody's now. */
static struct md_known_stack *take_blocks(struct md_known_stacks *all, unsigned count)
{
	if (all->next + count > all->capacity) {
		all->full = !make_more_room(all);
		for (unsigned i = all->next; i < all->used; i++) /* they are the oldest */
			block_at(all, i)->pc = 0;
		all->next = 0;
	}
	struct md_known_stack *first = block_at(all, all->next);

	all->next += count;
	if (all->used < all->next)
		all->used = all->next;
	for (unsigned i = 0; i < count; i++)
		first[i].pc = 0;
	return first;
}

static bool can_be_kept(uintptr_t sp, const struct md_stack_link *links, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (links[i].slot - sp > UINT32_MAX)
			return false;
	return count <= MD_KNOWN_LINKS_MAX;
}

static void fill(struct md_known_stack *block, uintptr_t sp, const struct md_stack_link *links, size_t count)
{
	unsigned rounded = ((unsigned)count + 3) & ~3u;

	for (unsigned i = 0; i < rounded; i++) {
		const struct md_stack_link *link = &links[i < count ? i : count - 1];

		block->offsets[i] = (uint32_t)(link->slot - sp);
		block->values[i] = link->value;
	}
	block->count = (uint16_t)rounded;
}

enum fit { FITS, DIFFERS, IS_OTHER };

/* DIFFERS: the stacks go different ways, and *value is what the innermost place holds at which they do. */
static enum fit compare(const struct md_known_stack *known, uintptr_t pc, uintptr_t sp, uintptr_t fp, uintptr_t *value)
{
	if (known->pc != pc || known->sp != sp || ((known->fp ^ fp) & known->fp_mask))
		return IS_OTHER;
	for (unsigned more = known->more;; more--, known++) {
		for (unsigned i = 0; i < known->count; i++) {
			*value = *(const uintptr_t *)(sp + known->offsets[i]);
			if (*value != known->values[i])
				return DIFFERS;
		}
		if (!more)
			return FITS;
	}
}

static struct md_stack_guess *neighbour(const struct md_known_stacks *all, struct md_stack_guess *guess)
{
	return &all->guesses[(size_t)(guess - all->guesses) ^ 1];
}

/* The guess for that hash, moved to where it is looked for first; NULL if there is none. */
static struct md_stack_guess *find_guess(const struct md_known_stacks *all, uint64_t hash)
{
	struct md_stack_guess *guess = md_stack_guess_at(all, hash), *other = neighbour(all, guess), was = *guess;

	if (guess->tag == md_stack_guess_tag(hash))
		return guess;
	if (other->tag != md_stack_guess_tag(hash))
		return NULL;
	*guess = *other;
	*other = was;
	return guess;
}

/* From now on that is guessed for that hash; the guess that was there makes way. */
static void set_guess(const struct md_known_stacks *all, uint64_t hash, uint16_t place)
{
	struct md_stack_guess *guess = find_guess(all, hash);

	if (!guess) {
		guess = md_stack_guess_at(all, hash);
		*neighbour(all, guess) = *guess;
	}
	*guess = (struct md_stack_guess){ .place = place, .tag = md_stack_guess_tag(hash) };
}

const struct md_known_stack *md_known_stacks_search(struct md_known_stacks *all, uintptr_t pc, uintptr_t sp, uintptr_t fp)
{
	const uint64_t first = md_stack_guess_hash(pc, sp, all->context);
	uint64_t hash = first;

	for (unsigned tries = 0; tries < GUESSES_MAX; tries++) {
		const struct md_stack_guess *guess = find_guess(all, hash);

		if (!guess)
			break;
		const struct md_known_stack *known = md_known_stack_at(all, guess->place);
		uintptr_t value;
		enum fit fit = compare(known, pc, sp, fp, &value);

		if (fit == FITS) {
			if (hash != first)
				set_guess(all, first, guess->place); /* what comes next time is more often what came this time */
			all->context = known->context;
			return known;
		}
		if (fit == IS_OTHER)
			break;
		hash = md_stack_guess_hash(pc, sp, context_of(known->id.value, value));
	}
	all->failed = hash;
	return NULL;
}

/* The guess by which a stack is found whatever came before it. */
static uint64_t own_hash(uintptr_t pc, uintptr_t sp, md_stack_id id)
{
	return md_stack_guess_hash(pc, sp, ~context_of(id.value, 0));
}

bool md_known_stacks_meet(struct md_known_stacks *all, uintptr_t pc, uintptr_t sp, uintptr_t fp, md_stack_id id)
{
	const struct md_stack_guess *guess = find_guess(all, own_hash(pc, sp, id));
	uintptr_t value;

	all->context = context_of(id.value, 0);
	if (guess && md_known_stack_at(all, guess->place)->id.value == id.value &&
		compare(md_known_stack_at(all, guess->place), pc, sp, fp, &value) == FITS) {
		set_guess(all, all->failed, guess->place); /* another one was expected */
		return false;
	}
	return !all->full || all->met++ % FULL_TURNS == 0;
}

void md_known_stacks_put(struct md_known_stacks *all, const struct md_known_stack *begin, const struct md_stack_link *links, size_t count)
{
	if (!can_be_kept(begin->sp, links, count))
		return;
	unsigned more = count > MD_KNOWN_LINKS ? (unsigned)((count - 1) / MD_KNOWN_LINKS) : 0;
	struct md_known_stack *first = take_blocks(all, more + 1);

	for (unsigned i = 0; i <= more; i++) {
		size_t left = count - i * MD_KNOWN_LINKS;

		fill(&first[i], begin->sp, links + i * MD_KNOWN_LINKS, left < MD_KNOWN_LINKS ? left : MD_KNOWN_LINKS);
	}
	uint16_t place = (uint16_t)((size_t)(first - block_at(all, 0)) * UNITS_PER_BLOCK);

	first->sp = begin->sp;
	first->fp = begin->fp;
	first->fp_mask = begin->fp_mask;
	first->id = begin->id;
	first->context = context_of(begin->id.value, 0);
	first->more = (uint16_t)more;
	first->pc = begin->pc;
	set_guess(all, all->failed, place);
	set_guess(all, own_hash(begin->pc, begin->sp, begin->id), place);
	all->context = first->context;
}
