/* SPDX-License-Identifier: MIT */
#include "runtime/unwind_generic.h"

#include <dlfcn.h>
#include <string.h>

#define UNW_REMOTE_ONLY
#include <libunwind.h>

#include "runtime/modules.h"
#include "runtime/restrict.h"
#include "runtime/interrupted.h"
#include "src/os.h"

#if defined(__x86_64__)
#define UNW_NAME(name) "_Ux86_64_" name
#elif defined(__aarch64__)
#define UNW_NAME(name) "_Uaarch64_" name
#endif

/* Registers as libunwind numbers them, for the ones we can know. */
#define REGISTERS 32

struct context {
	uintptr_t registers[REGISTERS];
	uint32_t known; /* bit per register */
	uintptr_t low, high; /* stack that may be read without asking */
};

/* libunwind's functions, found at start; the library is loaded for ourselves only, or its _Unwind_ functions would become the program's. */
static struct {
	unw_addr_space_t space;
	unw_addr_space_t (*create_addr_space)(unw_accessors_t *, int);
	int (*init_remote)(unw_cursor_t *, unw_addr_space_t, void *);
	int (*step)(unw_cursor_t *);
	int (*get_reg)(unw_cursor_t *, unw_regnum_t, unw_word_t *);
	int (*set_caching_policy)(unw_addr_space_t, unw_caching_policy_t);
	void (*flush_cache)(unw_addr_space_t, unw_word_t, unw_word_t);
	int (*search_table)(unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *, int, void *);
} unw;

static struct md_lock unw_lock = { .rank = MD_LOCK_UNWIND };
static unw_cursor_t unw_cursor; /* under unw_lock: a kilobyte that small stacks do not have */
static struct context unw_context;

struct md_lock *md_unwind_generic_lock(void)
{
	return &unw_lock;
}

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info, int need_unwind_info, void *arg)
{
	struct md_object object;

	if (!md_object_find(ip, &object) || !object.hdr)
		return -UNW_ENOINFO;
	const unsigned char *hdr = (const unsigned char *)object.hdr;

	if (hdr[0] != 1 || hdr[2] != 0x03 /* udata4 */ || hdr[3] != 0x3b /* datarel sdata4 */)
		return -UNW_ENOINFO;
	uint32_t count;

	memcpy(&count, hdr + 8, sizeof count);
	unw_dyn_info_t table = { .start_ip = object.begin, .end_ip = object.end, .format = UNW_INFO_FORMAT_REMOTE_TABLE };

	table.u.rti.segbase = object.hdr;
	table.u.rti.table_data = object.hdr + 12;
	table.u.rti.table_len = count * 8ul / sizeof(unw_word_t);
	return unw.search_table(space, ip, &table, info, need_unwind_info, arg);
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *arg)
{
	(void)space;
	(void)info;
	(void)arg;
}

static int get_dyn_info_list_addr(unw_addr_space_t space, unw_word_t *list, void *arg)
{
	(void)space;
	(void)list;
	(void)arg;
	return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t space, unw_word_t addr, unw_word_t *value, int write, void *arg)
{
	const struct context *context = arg;
	struct md_object object;

	(void)space;
	if (write)
		return -UNW_EINVAL;
	if ((addr >= context->low && addr + sizeof *value <= context->high) ||
		(md_object_find(addr, &object) && addr + sizeof *value <= object.end)) {
		memcpy(value, (const void *)addr, sizeof *value);
		return 0;
	}
	return md_os_read(addr, value, sizeof *value) == sizeof *value ? 0 : -UNW_EINVAL;
}

static int access_reg(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write, void *arg)
{
	const struct context *context = arg;

	(void)space;
	if (write || number < 0 || number >= REGISTERS || !(context->known >> number & 1))
		return -UNW_EBADREG;
	*value = context->registers[number];
	return 0;
}

static int access_fpreg(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write, void *arg)
{
	(void)space;
	(void)number;
	(void)value;
	(void)write;
	(void)arg;
	return -UNW_EBADREG;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *arg)
{
	(void)space;
	(void)cursor;
	(void)arg;
	return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t space, unw_word_t addr, char *name, size_t bytes, unw_word_t *offset, void *arg)
{
	(void)space;
	(void)addr;
	(void)name;
	(void)bytes;
	(void)offset;
	(void)arg;
	return -UNW_ENOINFO;
}

static void set_register(struct context *context, int number, uintptr_t value)
{
	context->registers[number] = value;
	context->known |= 1u << number;
}

/* Registers of this function; the frames between here and the entry point restore what their callers had. */
static inline __attribute__((always_inline)) void capture_registers(struct context *context)
{
#if defined(__x86_64__)
	uintptr_t values[8];

	__asm__ volatile("leaq 0f(%%rip), %%rax\n"
			 "0: movq %%rax, 0(%0)\n"
			 "movq %%rsp, 8(%0)\n"
			 "movq %%rbp, 16(%0)\n"
			 "movq %%rbx, 24(%0)\n"
			 "movq %%r12, 32(%0)\n"
			 "movq %%r13, 40(%0)\n"
			 "movq %%r14, 48(%0)\n"
			 "movq %%r15, 56(%0)\n"
			 :
			 : "r"(values)
			 : "rax", "memory");
	static const int numbers[8] = { UNW_X86_64_RIP, UNW_X86_64_RSP, UNW_X86_64_RBP, UNW_X86_64_RBX, UNW_X86_64_R12, UNW_X86_64_R13,
		UNW_X86_64_R14, UNW_X86_64_R15 };
	for (int i = 0; i < 8; i++)
		set_register(context, numbers[i], values[i]);
#elif defined(__aarch64__)
	uintptr_t values[14];

	__asm__ volatile("adr x9, 0f\n"
			 "0: mov x10, sp\n"
			 "stp x9, x10, [%0, #0]\n"
			 "stp x29, x30, [%0, #16]\n"
			 "stp x19, x20, [%0, #32]\n"
			 "stp x21, x22, [%0, #48]\n"
			 "stp x23, x24, [%0, #64]\n"
			 "stp x25, x26, [%0, #80]\n"
			 "stp x27, x28, [%0, #96]\n"
			 :
			 : "r"(values)
			 : "x9", "x10", "memory");
	set_register(context, UNW_AARCH64_PC, values[0]);
	set_register(context, UNW_AARCH64_SP, values[1]);
	set_register(context, UNW_AARCH64_X29, values[2]);
	set_register(context, UNW_AARCH64_X30, values[3]);
	for (int i = 0; i < 10; i++)
		set_register(context, UNW_AARCH64_X19 + i, values[4 + i]);
#endif
}

/* Frames inside the library are left out by their stack addresses, which lie below the caller's. */
__attribute__((noinline)) int md_unwind_generic(uintptr_t low, uintptr_t high, uintptr_t caller_pc, uintptr_t caller_sp, uintptr_t *pcs, int pcs_max)
{
	int count = 0;

	if (!unw.space || md_is_restricted()) { /* libunwind blocks signals at each step */
		pcs[0] = caller_pc;
		return 1;
	}
	md_lock_take(&unw_lock);
	unw_context.known = 0;
	unw_context.low = low;
	unw_context.high = high;
	capture_registers(&unw_context);
	if (!low) { /* an unknown stack: what lies between here and our caller is mapped all the same */
		unw_context.low = (uintptr_t)__builtin_frame_address(0) - 4096;
		unw_context.high = caller_sp;
	}
	if (unw.init_remote(&unw_cursor, unw.space, &unw_context) == 0) {
		while (count < pcs_max && unw.step(&unw_cursor) > 0) {
			unw_word_t pc, sp;

			if (unw.get_reg(&unw_cursor, UNW_REG_IP, &pc) || unw.get_reg(&unw_cursor, UNW_REG_SP, &sp) || !pc)
				break;
			if (sp < caller_sp)
				continue;
			pcs[count++] = pc;
		}
	}
	md_lock_release(&unw_lock);
	if (!count)
		pcs[count++] = caller_pc;
	return count;
}

static void set_interrupted(struct context *context, const struct md_registers *registers)
{
#if defined(__x86_64__)
	static const int numbers[MD_REGISTERS_GENERAL] = { UNW_X86_64_RAX, UNW_X86_64_RBX, UNW_X86_64_RCX, UNW_X86_64_RDX, UNW_X86_64_RSI, UNW_X86_64_RDI,
		UNW_X86_64_RBP, UNW_X86_64_R8, UNW_X86_64_R9, UNW_X86_64_R10, UNW_X86_64_R11, UNW_X86_64_R12, UNW_X86_64_R13, UNW_X86_64_R14, UNW_X86_64_R15 };

	for (int i = 0; i < MD_REGISTERS_GENERAL; i++)
		set_register(context, numbers[i], registers->general[i]);
#elif defined(__aarch64__)
	for (int i = 0; i < MD_REGISTERS_GENERAL; i++)
		set_register(context, UNW_AARCH64_X0 + i, registers->general[i]);
#endif
}

int md_unwind_generic_at(const struct md_registers *registers, uintptr_t pc, uintptr_t sp, uintptr_t *pcs, int pcs_max)
{
	int count = 0;

	pcs[count++] = pc;
	if (!unw.space || md_is_restricted())
		return count;
	md_lock_take(&unw_lock);
	unw_context.known = 0;
	unw_context.low = unw_context.high = 0;
	set_interrupted(&unw_context, registers);
#if defined(__x86_64__)
	set_register(&unw_context, UNW_X86_64_RIP, pc - 1); /* libunwind takes the first one as it is */
	set_register(&unw_context, UNW_X86_64_RSP, sp);
#elif defined(__aarch64__)
	set_register(&unw_context, UNW_AARCH64_PC, pc - 1);
	set_register(&unw_context, UNW_AARCH64_SP, sp);
#endif
	if (unw.init_remote(&unw_cursor, unw.space, &unw_context) == 0) {
		while (count < pcs_max && unw.step(&unw_cursor) > 0) {
			unw_word_t next;

			if (unw.get_reg(&unw_cursor, UNW_REG_IP, &next) || !next)
				break;
			pcs[count++] = next;
		}
	}
	md_lock_release(&unw_lock);
	return count;
}

bool md_unwind_generic_ready(void)
{
	return unw.space != NULL;
}

void md_unwind_generic_forget(uintptr_t begin, uintptr_t end)
{
	if (!unw.space)
		return;
	md_lock_take(&unw_lock);
	unw.flush_cache(unw.space, begin, end);
	md_lock_release(&unw_lock);
}

bool md_unwind_generic_init(const char **why)
{
	static unw_accessors_t accessors = {
		.find_proc_info = find_proc_info,
		.put_unwind_info = put_unwind_info,
		.get_dyn_info_list_addr = get_dyn_info_list_addr,
		.access_mem = access_mem,
		.access_reg = access_reg,
		.access_fpreg = access_fpreg,
		.resume = resume,
		.get_proc_name = get_proc_name,
	};
#if defined(__x86_64__)
	void *library = dlopen("libunwind-x86_64.so.8", RTLD_NOW | RTLD_LOCAL);
#else
	void *library = dlopen("libunwind-aarch64.so.8", RTLD_NOW | RTLD_LOCAL);
#endif

	*why = "libunwind (package libunwind8) is not installed: stacks end where rules alone cannot go on";
	if (!library)
		return false;
	unw.create_addr_space = (unw_addr_space_t(*)(unw_accessors_t *, int))dlsym(library, UNW_NAME("create_addr_space"));
	unw.init_remote = (int (*)(unw_cursor_t *, unw_addr_space_t, void *))dlsym(library, UNW_NAME("init_remote"));
	unw.step = (int (*)(unw_cursor_t *))dlsym(library, UNW_NAME("step"));
	unw.get_reg = (int (*)(unw_cursor_t *, unw_regnum_t, unw_word_t *))dlsym(library, UNW_NAME("get_reg"));
	unw.set_caching_policy = (int (*)(unw_addr_space_t, unw_caching_policy_t))dlsym(library, UNW_NAME("set_caching_policy"));
	unw.flush_cache = (void (*)(unw_addr_space_t, unw_word_t, unw_word_t))dlsym(library, UNW_NAME("flush_cache"));
	unw.search_table = (int (*)(unw_addr_space_t, unw_word_t, unw_dyn_info_t *, unw_proc_info_t *, int, void *))dlsym(library,
		UNW_NAME("dwarf_search_unwind_table"));
	if (!unw.create_addr_space || !unw.init_remote || !unw.step || !unw.get_reg || !unw.set_caching_policy || !unw.flush_cache || !unw.search_table)
		return false;
	unw_addr_space_t space = unw.create_addr_space(&accessors, 0);

	if (!space)
		return false;
	unw.set_caching_policy(space, UNW_CACHE_GLOBAL);
	unw.space = space;
	*why = NULL;
	return true;
}
