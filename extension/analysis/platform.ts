/** What a compiler for x86-64 Linux defines, and what it surely does not: enough to know which branches are foreign. */

const defined: Readonly<Record<string, number>> = {
  __GNUC__: 12,
  __GNUC_MINOR__: 2,
  __STDC__: 1,
  __STDC_HOSTED__: 1,
  __linux__: 1,
  __linux: 1,
  linux: 1,
  __unix__: 1,
  __unix: 1,
  unix: 1,
  __ELF__: 1,
  __x86_64__: 1,
  __x86_64: 1,
  __amd64__: 1,
  __amd64: 1,
  __LP64__: 1,
  _LP64: 1,
  __SIZEOF_POINTER__: 8,
  __SIZEOF_LONG__: 8,
  __SIZEOF_INT__: 4,
  __SIZEOF_SIZE_T__: 8,
  __SIZEOF_INT128__: 16,
  __CHAR_BIT__: 8,
  __BYTE_ORDER__: 1234,
  __ORDER_LITTLE_ENDIAN__: 1234,
  __ORDER_BIG_ENDIAN__: 4321,
  __ATOMIC_RELAXED: 0,
  __ATOMIC_SEQ_CST: 5,
  __GCC_ATOMIC_INT_LOCK_FREE: 2,
  __GCC_ATOMIC_POINTER_LOCK_FREE: 2,
  __GCC_HAVE_SYNC_COMPARE_AND_SWAP_4: 1,
  __GCC_HAVE_SYNC_COMPARE_AND_SWAP_8: 1,
  __SSE2__: 1,
  __GLIBC__: 2,
  __GLIBC_MINOR__: 36,
  __OPTIMIZE__: 1,
};

/** Names whose presence means another system, machine or compiler. */
const foreign =
  /^(_WIN\d*|WIN\d+|_WIN64|__CYGWIN__|__MINGW\w*|_MSC_\w+|_M_(IX86|X64|AMD64|ARM\w*|PPC)|__APPLE__|__MACH__|TARGET_OS_\w+|MAC_OS_\w+|__FreeBSD__|__FreeBSD_kernel__|__NetBSD__|__OpenBSD__|__DragonFly__|__sun|__sun__|__SVR4|__svr4__|__HAIKU__|__ANDROID__|__EMSCRIPTEN__|__wasi__|__wasm\w*|__Fuchsia__|__QNX__|__hpux|_AIX|__aarch64__|__arm64\w*|__arm__|__ARM_\w+|_ARM_\w*|__i386__|__i386|i386|__i486__|__i586__|__i686__|__ILP32__|__powerpc\w*|__ppc\w*|__PPC\w*|_ARCH_PPC\w*|__riscv\w*|__mips\w*|mips|_MIPS\w*|__sparc\w*|sparc|__s390\w*|__alpha\w*|__hppa\w*|__ia64\w*|__m68k\w*|__sh__|__loongarch\w*|__or1k__|__arc__|__csky__|__nios2__|__microblaze__|__tile\w*|__INTEL_COMPILER|__ICC|__SUNPRO_\w+|__xlC__|__IBMC\w*|__TINYC__|__clang\w*__|__DJGPP__|__CRTL_VER|__VMS|__OS400__|__MVS__|__ASSEMBLER__|__BIG_ENDIAN__|__SANITIZE_\w+|__native_client__|__ILP64__)$/;

/** 1-based answer for a platform name: its value, undefined-for-sure, or null when it is none of ours. */
export function platformValue(
  name: string,
  cpp: boolean,
): { readonly defined: boolean; readonly value: number } | null {
  if (name === '__cplusplus') return { defined: cpp, value: cpp ? 201703 : 0 };
  if (name === '__STDC_VERSION__') return { defined: !cpp, value: cpp ? 0 : 201112 };
  const value = defined[name];
  if (value !== undefined) return { defined: true, value };
  return foreign.test(name) ? { defined: false, value: 0 } : null;
}
