/* SPDX-License-Identifier: MIT
 *
 * Numbers of many digits, as programs for algebra use them: every result is a block of its own, of the length it needs, and lives until the
 * next step or two. Between two allocations there is the work of an addition or a division.
 *   bignum STEPS
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS_MAX = 1000 }; /* then it begins anew: up to 22 digits of 32 bits */

struct number {
	size_t digits;
	uint32_t digit[]; /* least first, base 2^32 */
};

static struct number *new_number(size_t digits)
{
	struct number *number = malloc(sizeof *number + digits * sizeof number->digit[0]);

	if (!number)
		abort();
	number->digits = digits;
	return number;
}

static struct number *add(const struct number *a, const struct number *b)
{
	size_t most = a->digits > b->digits ? a->digits : b->digits;
	struct number *sum = new_number(most + 1);
	uint64_t carry = 0;

	for (size_t i = 0; i <= most; i++) {
		carry += (i < a->digits ? a->digit[i] : 0ull) + (i < b->digits ? b->digit[i] : 0ull);
		sum->digit[i] = (uint32_t)carry;
		carry >>= 32;
	}
	sum->digits -= sum->digit[most] == 0;
	return sum;
}

static struct number *divide(const struct number *a, uint32_t by, uint32_t *rest)
{
	struct number *quotient = new_number(a->digits);
	uint64_t part = 0;

	for (size_t i = a->digits; i--;) {
		part = part << 32 | a->digit[i];
		quotient->digit[i] = (uint32_t)(part / by);
		part %= by;
	}
	while (quotient->digits > 1 && quotient->digit[quotient->digits - 1] == 0)
		quotient->digits--;
	*rest = (uint32_t)part;
	return quotient;
}

/* Fibonacci numbers, each tried with all small odd factors, one after the other. Returns the sum of the remainders. */
static uint64_t factor_all(long steps)
{
	struct number *a = new_number(1), *b = new_number(1);
	uint64_t sum = 0;

	a->digit[0] = 0;
	b->digit[0] = 1;
	for (long i = 0; i < steps; i++) {
		struct number *next = add(a, b), *part = next;

		free(a);
		a = b;
		b = next;
		for (uint32_t factor = 3; factor < 200; factor += 2) {
			uint32_t rest;
			struct number *quotient = divide(part, factor, &rest);

			sum += rest;
			if (part != b)
				free(part);
			part = quotient;
		}
		free(part);
	}
	free(a);
	free(b);
	return sum;
}

int main(int argc, char **argv)
{
	long steps = argc > 1 ? atol(argv[1]) : 60000;
	uint64_t sum = 0;

	for (; steps > 0; steps -= STEPS_MAX)
		sum += factor_all(steps < STEPS_MAX ? steps : STEPS_MAX);
	printf("%llu\n", (unsigned long long)sum);
	return 0;
}
