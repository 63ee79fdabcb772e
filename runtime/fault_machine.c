/* SPDX-License-Identifier: MIT */
#include "runtime/fault_machine.h"

#include <string.h>
#include <ucontext.h>

#include "runtime/restrict.h"
#include "src/decode_x86.h"
#include "src/os.h"

#define PAGE_MASK (MD_PAGE_BYTES - 1)

/* Says that the caller's stack may be anywhere: a debugger else takes one at a lower address for damage, and shows nothing beyond. */
#define MD_MAY_LEAD_ANYWHERE ".cfi_signal_frame\n"

#if defined(__x86_64__)

enum { TRAP_STACK = 12, TRAP_PROTECTION = 13, TRAP_PAGE = 14 };
#define ERROR_WRITE 2
#define ERROR_FETCH 16

/* In the order of the numbers that instructions have for them. */
static const int general_numbers[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10,
	REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

void md_fault_x86_registers(struct md_x86_registers *registers, const void *context)
{
	const ucontext_t *interrupted = context;

	for (int i = 0; i < 16; i++)
		registers->general[i] = (uint64_t)interrupted->uc_mcontext.gregs[general_numbers[i]];
	registers->rip = (uint64_t)interrupted->uc_mcontext.gregs[REG_RIP];
	registers->fs_base = (uint64_t)__builtin_thread_pointer();
}

/* The instruction is there, or it could not have been executed; the page behind it need not be. */
static size_t read_code(uintptr_t pc, unsigned char code[MD_X86_BYTES_MAX])
{
	size_t bytes = MD_X86_BYTES_MAX, here = MD_PAGE_BYTES - (pc & PAGE_MASK);

	if (!md_is_restricted())
		return md_os_read(pc, code, bytes);
	bytes = here < bytes ? here : bytes;
	memcpy(code, (const void *)pc, bytes);
	return bytes;
}

static bool is_noncanonical(uint64_t addr)
{
	return addr >> 47 != 0 && addr >> 47 != 0x1ffff;
}

/* Where a call or jump through a register, or a return, leads; 0 if the instruction is none of them. */
static uint64_t jump_target(const unsigned char *code, size_t bytes, const struct md_x86_registers *registers)
{
	unsigned high = 0;
	uint64_t target = 0;

	if (bytes && (code[0] & 0xf0) == 0x40) {
		high = code[0] & 1 ? 8 : 0;
		code++;
		bytes--;
	}
	if (bytes >= 2 && code[0] == 0xff && code[1] >> 6 == 3 && ((code[1] >> 3 & 7) == 2 || (code[1] >> 3 & 7) == 4))
		target = registers->general[(code[1] & 7) + high];
	else if (bytes && (code[0] == 0xc3 || code[0] == 0xc2))
		md_os_read(registers->general[MD_X86_RSP], &target, sizeof target);
	return target;
}

static void read_page_fault(struct md_fault *fault, const ucontext_t *context, const struct md_x86_access *decoded)
{
	uint64_t error = (uint64_t)context->uc_mcontext.gregs[REG_ERR];
	bool writes = error & ERROR_WRITE;
	const struct md_x86_operand *operand = md_x86_find_operand(decoded, fault->addr, writes);

	fault->known = true;
	fault->access.kind = error & ERROR_FETCH ? MD_ACCESS_EXECUTE : writes ? MD_ACCESS_WRITE : MD_ACCESS_READ;
	fault->access.addr = fault->addr;
	if (!operand || (error & ERROR_FETCH))
		return;
	fault->access.bytes = operand->bytes;
	/* A long copy has come this far. */
	if (operand->placed && operand->bytes && !decoded->repeats)
		fault->access.addr = operand->addr;
}

/* The processor does not say what was wrong, nor where. */
static void read_protection_fault(struct md_fault *fault, const struct md_x86_access *decoded, uint64_t target)
{
	const struct md_x86_operand *operand = md_x86_find_noncanonical(decoded);

	if (is_noncanonical(target)) {
		fault->access = (struct md_access){ .addr = target, .pc = fault->access.pc, .kind = MD_ACCESS_EXECUTE };
		fault->noncanonical = true;
	} else if (operand) {
		fault->access.addr = operand->addr;
		fault->access.bytes = operand->bytes;
		fault->access.kind = operand->writes ? MD_ACCESS_WRITE : MD_ACCESS_READ;
		fault->noncanonical = true;
	} else if (decoded->count && decoded->operands[0].placed && decoded->operands[0].bytes >= 16 &&
		decoded->operands[0].addr % decoded->operands[0].bytes) {
		fault->access.addr = decoded->operands[0].addr;
		fault->access.bytes = decoded->operands[0].bytes;
		fault->access.kind = decoded->operands[0].writes ? MD_ACCESS_WRITE : MD_ACCESS_READ;
		fault->misaligned = true;
	}
	fault->known = fault->noncanonical || fault->misaligned;
	fault->addr = fault->access.addr;
}

void md_fault_read(struct md_fault *fault, const siginfo_t *info, const void *context)
{
	const ucontext_t *interrupted = context;
	struct md_x86_registers registers;
	struct md_x86_access decoded = { 0 };
	unsigned char code[MD_X86_BYTES_MAX];
	long trap = (long)interrupted->uc_mcontext.gregs[REG_TRAPNO];

	memset(fault, 0, sizeof *fault);
	md_interrupted_registers(&fault->registers, context);
	fault->addr = (uintptr_t)info->si_addr;
	fault->access.pc = fault->registers.pc;
	if (!md_fault_is_synchronous(info) || trap < TRAP_STACK || trap > TRAP_PAGE)
		return;
	md_fault_x86_registers(&registers, context);
	bool fetch = trap == TRAP_PAGE && (interrupted->uc_mcontext.gregs[REG_ERR] & ERROR_FETCH);
	size_t bytes = fetch ? 0 : read_code(fault->registers.pc, code);

	if (bytes)
		md_x86_decode(code, bytes, &registers, &decoded);
	if (trap == TRAP_PAGE)
		read_page_fault(fault, interrupted, &decoded);
	else
		read_protection_fault(fault, &decoded, jump_target(code, bytes, &registers));
}

void md_fault_registers(struct md_crash *crash, const void *context)
{
	static const char *const names[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13",
		"r14", "r15", "rip" };
	static const int numbers[] = { REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8, REG_R9, REG_R10,
		REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };
	const ucontext_t *interrupted = context;

	crash->register_names = names;
	crash->register_count = sizeof numbers / sizeof numbers[0];
	for (size_t i = 0; i < crash->register_count; i++)
		crash->registers[i] = (uintptr_t)interrupted->uc_mcontext.gregs[numbers[i]];
	crash->pc = (uintptr_t)interrupted->uc_mcontext.gregs[REG_RIP];
	crash->sp = (uintptr_t)interrupted->uc_mcontext.gregs[REG_RSP];
}

__attribute__((noinline)) void md_fault_call_aside(void (*function)(void *), void *argument, uintptr_t top)
{
	top &= ~(uintptr_t)15;
	__asm__ volatile(MD_MAY_LEAD_ANYWHERE "movq %%rsp, %%rbx\n"
			 "movq %[top], %%rsp\n"
			 "callq *%[function]\n"
			 "movq %%rbx, %%rsp\n"
			 : "+D"(argument), [function] "+a"(function), [top] "+d"(top)
			 :
			 : "rbx", "rcx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
			 "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

#else

#define ESR_MAGIC 0x45535201u
#define ESR_WRITES (1u << 6)

/* What the kernel puts behind the registers: records of a magic number and a length. */
static uint64_t syndrome_of(const ucontext_t *context)
{
	const unsigned char *at = context->uc_mcontext.__reserved, *end = at + sizeof context->uc_mcontext.__reserved;
	uint32_t head[2];
	uint64_t syndrome = 0;

	for (; at + sizeof head + sizeof syndrome <= end; at += head[1]) {
		memcpy(head, at, sizeof head);
		if (head[0] == ESR_MAGIC)
			memcpy(&syndrome, at + sizeof head, sizeof syndrome);
		if (head[1] < sizeof head)
			break;
	}
	return syndrome;
}

void md_fault_read(struct md_fault *fault, const siginfo_t *info, const void *context)
{
	uint64_t syndrome = syndrome_of(context);
	unsigned class = syndrome >> 26 & 0x3f;

	memset(fault, 0, sizeof *fault);
	md_interrupted_registers(&fault->registers, context);
	fault->addr = fault->access.addr = (uintptr_t)info->si_addr;
	fault->access.pc = fault->registers.pc;
	if (!md_fault_is_synchronous(info))
		return;
	fault->known = class == 0x20 || class == 0x21 || class == 0x24 || class == 0x25;
	fault->access.kind = class == 0x20 || class == 0x21 ? MD_ACCESS_EXECUTE
		: !fault->known                             ? MD_ACCESS_UNKNOWN
		: syndrome & ESR_WRITES                     ? MD_ACCESS_WRITE
							    : MD_ACCESS_READ;
}

void md_fault_registers(struct md_crash *crash, const void *context)
{
	static const char *const names[] = { "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
		"x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "fp", "lr", "sp", "pc" };
	const ucontext_t *interrupted = context;

	crash->register_names = names;
	crash->register_count = sizeof names / sizeof names[0];
	for (size_t i = 0; i < 31; i++)
		crash->registers[i] = (uintptr_t)interrupted->uc_mcontext.regs[i];
	crash->registers[31] = crash->sp = (uintptr_t)interrupted->uc_mcontext.sp;
	crash->registers[32] = crash->pc = (uintptr_t)interrupted->uc_mcontext.pc;
}

__attribute__((noinline)) void md_fault_call_aside(void (*function)(void *), void *argument, uintptr_t top)
{
	register void *first __asm__("x0") = argument;

	__asm__ volatile(MD_MAY_LEAD_ANYWHERE "mov x19, sp\n"
			 "mov sp, %[top]\n"
			 "blr %[function]\n"
			 "mov sp, x19\n"
			 : "+r"(first)
			 : [function] "r"(function), [top] "r"(top & ~(uintptr_t)15)
			 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
			 "x18", "x19", "x30", "memory", "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19",
			 "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

#endif
