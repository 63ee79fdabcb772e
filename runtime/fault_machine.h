/* SPDX-License-Identifier: MIT
 *
 * Fault: what the processor says about an access that it refused, from the arguments of a signal handler: read or write, address, size.
 *
 * x86-64 gives the address and the direction of a page fault; the size comes from the instruction (src/decode_x86.h), as does the address
 * where the processor gives none, because it is none that it can use. AArch64 gives address and direction.
 *
 * Allocation and signal safety   none, and async-signal-safe. Code is read by the kernel for us.
 */
#ifndef MD_FAULT_MACHINE_H
#define MD_FAULT_MACHINE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/interrupted.h"
#include "src/crash.h"
#include "src/finding.h"

struct md_fault {
	bool known;              /* access says what was done */
	struct md_access access; /* addr: first byte; bytes: 0 if not known */
	uintptr_t addr;          /* byte that was refused */
	bool noncanonical, misaligned;
	struct md_registers registers;
};

/* True if the signal was raised by an instruction, and not sent by somebody. */
static inline bool md_fault_is_synchronous(const siginfo_t *info)
{
	return info->si_code > 0 && info->si_code != SI_TIMER;
}

void md_fault_read(struct md_fault *fault, const siginfo_t *info, const void *context);

#if defined(__x86_64__)
struct md_x86_registers;

/* The registers as instructions name them. */
void md_fault_x86_registers(struct md_x86_registers *registers, const void *context);
#endif

/* Copies the registers and says how they are called; crash->pc and ->sp, too. */
void md_fault_registers(struct md_crash *crash, const void *context);

/* Calls function(argument) on another stack, whose upper end is top. */
void md_fault_call_aside(void (*function)(void *), void *argument, uintptr_t top);

#endif
