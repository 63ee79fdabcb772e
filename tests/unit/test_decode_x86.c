/* SPDX-License-Identifier: MIT
 *
 * The decoder against the processor: each instruction is executed on memory that ends at a page that cannot be touched, and what was
 * decoded is compared with what the processor reports. An operand that ends exactly at that page must not fault, one that reaches a byte
 * into it must, which pins its size.
 */
#include "src/decode_x86.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)

/* One instruction that names its memory by (%rax), and what surrounds it. Behind it all registers may have any values but rbx, rbp, r12 and
 * rsp. */
struct instruction {
	const unsigned char *begin, *code, *end;
	const char *text;
};

/* Flags, in front of the text: A wants its operand aligned, S needs AVX, T AVX-512; K: takes the stack pointer from rax, and rbx keeps it.
 * */
#define INSTRUCTION(flags, text) INSTRUCTION_WITH(flags, "", text, "")
#define INSTRUCTION_WITH(flags, before, text, after) \
	__asm__(".pushsection .text\n" \
		"1: " before "\n" \
		"2: " text "\n" \
		"3: " after "\n" \
		"ret\n" \
		".popsection\n" \
		".pushsection .rodata\n" \
		"4: .string \"" flags " " text "\"\n" \
		".popsection\n" \
		".pushsection instructions, \"aw\"\n" \
		".quad 1b, 2b, 3b, 4b\n" \
		".popsection\n");
#define ON_STACK(text) INSTRUCTION_WITH("K", "movq %rsp, %rbx\nmovq %rax, %rsp", text, "movq %rbx, %rsp")

INSTRUCTION("-", "movb (%rax), %cl")
INSTRUCTION("-", "movw (%rax), %cx")
INSTRUCTION("-", "movl (%rax), %ecx")
INSTRUCTION("-", "movq (%rax), %rcx")
INSTRUCTION("-", "movq %rcx, (%rax)")
INSTRUCTION("-", "movb %cl, (%rax)")
INSTRUCTION("-", "movl $7, (%rax)")
INSTRUCTION("-", "movw $7, (%rax)")
INSTRUCTION("-", "movq $7, (%rax)")
INSTRUCTION("-", "movb $7, (%rax)")
INSTRUCTION("-", "movzbl (%rax), %ecx")
INSTRUCTION("-", "movzwl (%rax), %ecx")
INSTRUCTION("-", "movsbq (%rax), %rcx")
INSTRUCTION("-", "movswq (%rax), %rcx")
INSTRUCTION("-", "movslq (%rax), %rcx")
INSTRUCTION("-", "addl $1000, (%rax)")
INSTRUCTION("-", "addq $1, (%rax)")
INSTRUCTION("-", "addw $1000, (%rax)")
INSTRUCTION("-", "addl %ecx, (%rax)")
INSTRUCTION("-", "addq (%rax), %rcx")
INSTRUCTION("-", "cmpb $3, (%rax)")
INSTRUCTION("-", "cmpq %rcx, (%rax)")
INSTRUCTION("-", "cmpl (%rax), %ecx")
INSTRUCTION("-", "testb $1, (%rax)")
INSTRUCTION("-", "testl $100000, (%rax)")
INSTRUCTION("-", "testq %rcx, (%rax)")
INSTRUCTION("-", "notl (%rax)")
INSTRUCTION("-", "negq (%rax)")
INSTRUCTION("-", "incl (%rax)")
INSTRUCTION("-", "decb (%rax)")
INSTRUCTION("-", "mull (%rax)")
INSTRUCTION("-", "imulq (%rax), %rcx")
INSTRUCTION("-", "imull $1000, (%rax), %ecx")
INSTRUCTION("-", "imulq $5, (%rax), %rcx")
INSTRUCTION("-", "shll $3, (%rax)")
INSTRUCTION("-", "sarq (%rax)")
INSTRUCTION("-", "rolw %cl, (%rax)")
INSTRUCTION("-", "xchgl %ecx, (%rax)")
INSTRUCTION("-", "lock xaddq %rcx, (%rax)")
INSTRUCTION("-", "lock cmpxchgl %ecx, (%rax)")
INSTRUCTION("-", "cmpxchg8b (%rax)")
INSTRUCTION("A", "cmpxchg16b (%rax)")
INSTRUCTION("-", "btl $5, (%rax)")
INSTRUCTION("-", "btsq $5, (%rax)")
INSTRUCTION("-", "shldl $3, %ecx, (%rax)")
INSTRUCTION("-", "setne (%rax)")
INSTRUCTION("-", "cmovel (%rax), %ecx")
INSTRUCTION("-", "cmovneq (%rax), %rcx")
INSTRUCTION("-", "popcntl (%rax), %ecx")
INSTRUCTION("-", "tzcntq (%rax), %rcx")
INSTRUCTION("-", "movbel (%rax), %ecx")
INSTRUCTION("-", "movbeq %rcx, (%rax)")
INSTRUCTION("-", "crc32b (%rax), %ecx")
INSTRUCTION("-", "crc32q (%rax), %rcx")
INSTRUCTION("-", "movntil %ecx, (%rax)")
INSTRUCTION("-", "stmxcsr (%rax)")
INSTRUCTION("-", "fnstcw (%rax)")
INSTRUCTION("-", "fldcw (%rax)")
INSTRUCTION("-", "flds (%rax)")
INSTRUCTION("-", "fldl (%rax)")
INSTRUCTION("-", "fldt (%rax)")
INSTRUCTION("-", "fstps (%rax)")
INSTRUCTION("-", "fstpl (%rax)")
INSTRUCTION("-", "fstpt (%rax)")
INSTRUCTION("-", "filds (%rax)")
INSTRUCTION("-", "fildll (%rax)")
INSTRUCTION("-", "fistpl (%rax)")
INSTRUCTION("-", "faddl (%rax)")
INSTRUCTION("-", "fnstenv (%rax)")
INSTRUCTION("-", "fnsave (%rax)")
INSTRUCTION("A", "fxsave (%rax)")
INSTRUCTION("-", "movd (%rax), %mm0")
INSTRUCTION("-", "paddb (%rax), %mm0")
INSTRUCTION("-", "punpcklbw (%rax), %mm0")
INSTRUCTION("-", "movq %mm0, (%rax)")
INSTRUCTION("-", "movups (%rax), %xmm0")
INSTRUCTION("-", "movupd %xmm0, (%rax)")
INSTRUCTION("A", "movaps (%rax), %xmm0")
INSTRUCTION("A", "movdqa %xmm0, (%rax)")
INSTRUCTION("-", "movdqu (%rax), %xmm0")
INSTRUCTION("-", "movdqu %xmm0, (%rax)")
INSTRUCTION("-", "movss (%rax), %xmm0")
INSTRUCTION("-", "movsd %xmm0, (%rax)")
INSTRUCTION("-", "movlps (%rax), %xmm0")
INSTRUCTION("-", "movhpd %xmm0, (%rax)")
INSTRUCTION("-", "movhps (%rax), %xmm0")
INSTRUCTION("-", "movd (%rax), %xmm0")
INSTRUCTION("-", "movq (%rax), %xmm0")
INSTRUCTION("-", "movd %xmm0, (%rax)")
INSTRUCTION("-", "movq %xmm0, (%rax)")
INSTRUCTION("-", "movddup (%rax), %xmm0")
INSTRUCTION("A", "movntdq %xmm0, (%rax)")
INSTRUCTION("-", "addss (%rax), %xmm0")
INSTRUCTION("-", "mulsd (%rax), %xmm0")
INSTRUCTION("A", "addps (%rax), %xmm0")
INSTRUCTION("-", "sqrtss (%rax), %xmm0")
INSTRUCTION("-", "ucomisd (%rax), %xmm0")
INSTRUCTION("-", "cvtsi2sdl (%rax), %xmm0")
INSTRUCTION("-", "cvtsi2sdq (%rax), %xmm0")
INSTRUCTION("-", "cvttsd2si (%rax), %rcx")
INSTRUCTION("-", "cvtss2sd (%rax), %xmm0")
INSTRUCTION("-", "cvtps2pd (%rax), %xmm0")
INSTRUCTION("-", "cvtdq2pd (%rax), %xmm0")
INSTRUCTION("A", "cvtdq2ps (%rax), %xmm0")
INSTRUCTION("-", "cmpsd $1, (%rax), %xmm0")
INSTRUCTION("-", "pinsrw $1, (%rax), %xmm0")
INSTRUCTION("-", "pinsrb $1, (%rax), %xmm0")
INSTRUCTION("-", "pinsrq $1, (%rax), %xmm0")
INSTRUCTION("-", "pextrb $1, %xmm0, (%rax)")
INSTRUCTION("-", "pextrw $1, %xmm0, (%rax)")
INSTRUCTION("-", "pextrd $1, %xmm0, (%rax)")
INSTRUCTION("-", "extractps $1, %xmm0, (%rax)")
INSTRUCTION("-", "insertps $1, (%rax), %xmm0")
INSTRUCTION("-", "pmovzxbw (%rax), %xmm0")
INSTRUCTION("-", "pmovzxbd (%rax), %xmm0")
INSTRUCTION("-", "pmovsxbq (%rax), %xmm0")
INSTRUCTION("-", "pmovsxdq (%rax), %xmm0")
INSTRUCTION("A", "pshufd $1, (%rax), %xmm0")
INSTRUCTION("A", "pcmpeqb (%rax), %xmm0")
INSTRUCTION("A", "psllw (%rax), %xmm0")
INSTRUCTION("-", "pcmpistri $1, (%rax), %xmm0")
INSTRUCTION("-", "lddqu (%rax), %xmm0")
INSTRUCTION("A", "pshufb (%rax), %xmm0")
INSTRUCTION("-", "roundss $1, (%rax), %xmm0")
INSTRUCTION("A", "palignr $1, (%rax), %xmm0")
INSTRUCTION("S", "vmovdqu (%rax), %ymm0")
INSTRUCTION("S", "vmovdqu %ymm0, (%rax)")
INSTRUCTION("AS", "vmovdqa (%rax), %ymm0")
INSTRUCTION("S", "vaddps (%rax), %ymm1, %ymm0")
INSTRUCTION("S", "vaddsd (%rax), %xmm1, %xmm0")
INSTRUCTION("S", "vpcmpeqb (%rax), %ymm1, %ymm0")
INSTRUCTION("S", "vbroadcastss (%rax), %ymm0")
INSTRUCTION("S", "vbroadcastf128 (%rax), %ymm0")
INSTRUCTION("S", "vpbroadcastb (%rax), %ymm0")
INSTRUCTION("S", "vpbroadcastw (%rax), %xmm0")
INSTRUCTION("S", "vpbroadcastq (%rax), %ymm0")
INSTRUCTION("S", "vpmovzxbw (%rax), %ymm0")
INSTRUCTION("S", "vpmovzxbd (%rax), %ymm0")
INSTRUCTION("S", "vinsertf128 $1, (%rax), %ymm1, %ymm0")
INSTRUCTION("S", "vextracti128 $1, %ymm0, (%rax)")
INSTRUCTION("S", "vmovss (%rax), %xmm0")
INSTRUCTION("S", "vmovddup (%rax), %ymm0")
INSTRUCTION("S", "vpsllw (%rax), %ymm1, %ymm0")
INSTRUCTION("S", "vcvtps2pd (%rax), %ymm0")
INSTRUCTION("S", "vfmadd231ps (%rax), %ymm1, %ymm0")
INSTRUCTION("S", "vfmadd231sd (%rax), %xmm1, %xmm0")
INSTRUCTION("S", "vcvtph2ps (%rax), %ymm0")
INSTRUCTION("S", "vcvtps2ph $1, %ymm0, (%rax)")
INSTRUCTION("S", "andnl (%rax), %ecx, %edx")
INSTRUCTION("S", "mulxq (%rax), %rcx, %rdx")
INSTRUCTION("S", "rorxq $1, (%rax), %rcx")
INSTRUCTION("T", "vmovdqu8 (%rax), %zmm0")
INSTRUCTION("T", "vmovdqu64 %zmm0, (%rax)")
INSTRUCTION("T", "vmovdqu64 64(%rax), %zmm0")
INSTRUCTION("T", "vmovups -32(%rax), %ymm16")
INSTRUCTION("T", "vaddps (%rax), %zmm1, %zmm0")
INSTRUCTION("T", "vaddps (%rax){1to16}, %zmm1, %zmm0")
INSTRUCTION("T", "vaddpd 8(%rax){1to8}, %zmm1, %zmm0")
INSTRUCTION("T", "vaddsd 8(%rax), %xmm16, %xmm0")
INSTRUCTION("T", "vpcmpeqb (%rax), %zmm0, %k1")
INSTRUCTION("T", "vpminub 64(%rax), %zmm1, %zmm0")
INSTRUCTION("T", "vpternlogd $1, (%rax), %zmm1, %zmm0")
INSTRUCTION("T", "vpmovwb %zmm0, (%rax)")
INSTRUCTION("T", "vpmovqb %zmm0, (%rax)")
INSTRUCTION("T", "vpmovzxbd 16(%rax), %zmm0")
INSTRUCTION("T", "vbroadcasti64x4 32(%rax), %zmm0")
INSTRUCTION("T", "vextracti32x4 $1, %zmm0, 16(%rax)")
INSTRUCTION("T", "kmovw %k1, (%rax)")
INSTRUCTION("T", "kmovq (%rax), %k1")
INSTRUCTION_WITH("-", "movq %rax, %rdi\nmovl $1, %ecx", "rep stosb", "")
INSTRUCTION_WITH("-", "movq %rax, %rdi\nmovl $1, %ecx", "rep stosq", "")
INSTRUCTION_WITH("-", "movq %rax, %rsi\nleaq -200(%rsp), %rdi\nmovl $1, %ecx", "rep movsl", "")
INSTRUCTION_WITH("-", "movq %rax, %rdi\nleaq -200(%rsp), %rsi\nmovl $1, %ecx", "rep movsq", "")
INSTRUCTION_WITH("-", "movq %rax, %rsi", "lodsw", "")
INSTRUCTION_WITH("-", "movq %rax, %rdi\nmovl $1, %ecx", "repne scasb", "")
INSTRUCTION_WITH("-", "movq %rax, %rsi\nleaq -200(%rsp), %rdi\nmovl $1, %ecx", "repe cmpsb", "")
INSTRUCTION_WITH("-", "movq %rax, %r13\nmovl $6, %r9d", "movl -24(%r13,%r9,4), %ecx", "")
INSTRUCTION_WITH("-", "movq %rax, %r12\nmovq $-1, %r10", "movw %cx, 8(%r12,%r10,8)", "")
INSTRUCTION_WITH("-", "movq %rax, %r8\nmovl $67, %edx", "btq %rdx, -8(%r8)", "")
INSTRUCTION_WITH("-", "movq %rax, %r8\nmovl $-1, %edx", "btsl %edx, 4(%r8)", "")
INSTRUCTION_WITH("-", "leaq -3(%rax), %rbx\nmovl $3, %eax", "xlat", "")
ON_STACK("popq %rcx")
ON_STACK("popfq")
INSTRUCTION_WITH("K", "movq %rsp, %rbx\nleaq 8(%rax), %rsp", "pushq %rcx", "movq %rbx, %rsp")
INSTRUCTION_WITH("K", "movq %rsp, %rbx\nleaq 8(%rax), %rsp", "pushq $1000", "movq %rbx, %rsp")
INSTRUCTION_WITH("K", "movq %rsp, %rbx\nleaq 8(%rax), %rsp", "pushfq", "movq %rbx, %rsp")
INSTRUCTION_WITH("K", "movq %rsp, %rbx\nmovq %rbp, %r12\nmovq %rax, %rbp", "leave", "movq %rbx, %rsp\nmovq %r12, %rbp")

extern const struct instruction __start_instructions[], __stop_instructions[];

static char *memory; /* two pages; the second cannot be touched */
static size_t page;
static const struct instruction *at; /* that is being executed */
static struct md_x86_access decoded;
static struct md_x86_operand operand; /* that was found */
static volatile int faulted, right_place, right_length, has_operand;
static uintptr_t fault_addr;
static bool fault_writes, protection;

static void on_fault(int number, siginfo_t *info, void *context)
{
	static const int numbers[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12,
		REG_R13, REG_R14, REG_R15 };
	greg_t *general = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct md_x86_registers registers = { .rip = (uint64_t)general[REG_RIP] };
	const struct md_x86_operand *found;

	(void)number;
	faulted++;
	for (int i = 0; i < 16; i++)
		registers.general[i] = (uint64_t)general[numbers[i]];
	fault_addr = (uintptr_t)info->si_addr;
	protection = info->si_code == SI_KERNEL;
	fault_writes = general[REG_ERR] & 2;
	right_place = (const unsigned char *)general[REG_RIP] == at->code;
	right_length = md_x86_decode(at->code, MD_X86_BYTES_MAX, &registers, &decoded) && at->code + decoded.length == at->end;
	found = md_x86_find_operand(&decoded, fault_addr, fault_writes);
	has_operand = found != NULL;
	if (found)
		operand = *found;
	general[REG_RIP] = (greg_t)(uintptr_t)at->end;
}

/* The instruction with that address in rax. True if it faulted. */
static bool execute(const struct instruction *instruction, char *addr)
{
	void *rax = addr;

	at = instruction;
	faulted = 0;
	__asm__ volatile("pushq %%rbp\n"
			 "pushq %%rbx\n"
			 "subq $512, %%rsp\n"
			 "callq *%[code]\n"
			 "addq $512, %%rsp\n"
			 "popq %%rbx\n"
			 "popq %%rbp\n"
			 "cld\n"
			 "fninit\n"
			 : "+a"(rax)
			 : [code] "d"(instruction->begin)
			 : "rcx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc", "xmm0", "xmm1");
	return faulted;
}

static bool has(const struct instruction *instruction, char flag)
{
	return memchr(instruction->text, flag, (size_t)(strchr(instruction->text, ' ') - instruction->text)) != NULL;
}

static bool is_supported(const struct instruction *instruction)
{
	if (has(instruction, 'T'))
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
	return !has(instruction, 'S') || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"));
}

static void begin(void)
{
	static char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	page = (size_t)sysconf(_SC_PAGESIZE);
	memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert(memory != MAP_FAILED && mprotect(memory + page, page, PROT_NONE) == 0);
	cr_assert(sigaltstack(&alternate, NULL) == 0 && sigaction(SIGSEGV, &action, NULL) == 0);
}

/* The stack pointer would not be one that the processor could go on with, were the operand's address any other. */
Test(decode_x86, agrees_with_the_processor, .init = begin)
{
	char *inside = memory + page + 1024; /* so that a displacement stays in the page */
	size_t left_out = 0, count = 0;

	for (const struct instruction *instruction = __start_instructions; instruction < __stop_instructions; instruction++) {
		const char *text = instruction->text;

		if (!is_supported(instruction)) {
			left_out++;
			continue;
		}
		count++;
		/* A displacement moves the operand: the first fault tells where it begins and how long it is. */
		memset(memory, 0, page);
		cr_assert(execute(instruction, inside), "%s: no fault in the page", text);
		cr_expect(right_place && right_length, "%s: length %u, not %td", text, decoded.length, instruction->end - instruction->code);
		cr_expect(!protection && has_operand && operand.placed && operand.bytes, "%s: no operand", text);
		if (!has_operand || !operand.bytes)
			continue;
		cr_expect(fault_writes ? operand.writes : operand.reads, "%s: %s, which was not decoded", text, fault_writes ? "write" : "read");
		cr_expect(!operand.reads || !operand.writes || fault_writes, "%s: decoded as read and write, and was a read", text);
		uintptr_t offset = operand.addr - (uintptr_t)inside;
		uint32_t bytes = operand.bytes;

		memset(memory, 0, page);
		cr_expect(!execute(instruction, memory + page - offset - bytes), "%s: faults within its %u bytes", text, bytes);
		if (has(instruction, 'A'))
			continue;
		memset(memory, 0, page);
		bool reaches = execute(instruction, memory + page - offset - bytes + 1);

		cr_expect(reaches && has_operand && fault_addr == (uintptr_t)memory + page, "%s: its last of %u bytes is not touched", text, bytes);
		cr_expect(operand.addr == (uintptr_t)memory + page - bytes + 1 && operand.bytes == bytes, "%s: another operand there", text);
	}
	if (left_out)
		cr_log_warn("%zu instructions are not checked: this processor does not know them\n", left_out);
	cr_expect(count > 150);
}

Test(decode_x86, finds_addresses_that_are_none)
{
	static const unsigned char load[] = { 0x48, 0x8b, 0x43, 0x10 }; /* movq 16(%rbx), %rax */
	struct md_x86_registers registers = { .general = { [MD_X86_RBX] = 0xdfdfdfdfdfdfdfdf } };
	const struct md_x86_operand *found;

	cr_assert(md_x86_decode(load, sizeof load, &registers, &decoded));
	found = md_x86_find_noncanonical(&decoded);
	cr_assert(found && found->addr == 0xdfdfdfdfdfdfdfef && found->bytes == 8 && found->reads && !found->writes);
	registers.general[MD_X86_RBX] = 0x7f0000000000;
	cr_assert(md_x86_decode(load, sizeof load, &registers, &decoded));
	cr_expect(!md_x86_find_noncanonical(&decoded));
}

Test(decode_x86, counts_from_the_end_of_the_instruction)
{
	static const unsigned char compare[] = { 0x81, 0x3d, 0x10, 0, 0, 0, 1, 2, 3, 4 }; /* cmpl $0x4030201, 16(%rip) */
	struct md_x86_registers registers = { .rip = 0x1000 };

	cr_assert(md_x86_decode(compare, sizeof compare, &registers, &decoded));
	cr_expect(decoded.length == 10 && decoded.operands[0].addr == 0x1000 + 10 + 16);
}

Test(decode_x86, adds_the_base_of_thread_local_storage)
{
	static const unsigned char load[] = { 0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0 }; /* movq %fs:40, %rax */
	struct md_x86_registers registers = { .fs_base = 0x7000 };

	cr_assert(md_x86_decode(load, sizeof load, &registers, &decoded));
	cr_expect(decoded.count == 1 && decoded.operands[0].addr == 0x7000 + 40);
}

/* A jump or an address computation touches nothing. */
Test(decode_x86, finds_no_operand_where_there_is_none)
{
	static const unsigned char codes[][8] = { { 0x48, 0x8d, 0x43, 0x10 }, { 0x0f, 0x1f, 0x40, 0 }, { 0xff, 0xe0 }, { 0x0f, 0x18, 0x08 }, { 0x90 } };
	struct md_x86_registers registers = { 0 };

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		cr_expect(md_x86_decode(codes[i], sizeof codes[i], &registers, &decoded), "%zu", i);
		cr_expect(decoded.count == 0, "%zu", i);
	}
}

/* Any bytes, any length: never more is read than is there, and what is cut off is refused. */
Test(decode_x86, survives_any_bytes, .init = begin)
{
	struct md_x86_registers registers = { 0 };
	struct md_x86_access shorter;
	uint64_t state = 88172645463325252u;

	for (int i = 0; i < 2000000; i++) {
		unsigned char *code;
		size_t bytes = 1 + (size_t)i % MD_X86_BYTES_MAX;

		code = (unsigned char *)memory + page - bytes;
		for (size_t j = 0; j < bytes; j++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			code[j] = j == 0 && i % 3 == 0 ? (unsigned char)"\x0f\xc4\xc5\x62\x66\xf3"[state % 6] : (unsigned char)(state >> 20);
		}
		if (!md_x86_decode(code, bytes, &registers, &decoded))
			continue;
		cr_assert(decoded.length > 0 && decoded.length <= bytes && decoded.count <= MD_X86_OPERANDS_MAX);
		cr_assert(!md_x86_decode(code, decoded.length - 1u, &registers, &shorter));
	}
}

#else

Test(decode_x86, is_for_another_processor)
{
	cr_log_warn("not checked: this is no x86-64 processor\n");
}

#endif
