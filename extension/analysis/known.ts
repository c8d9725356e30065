/** What functions of languages, compilers and systems do with what they get. No project's own names. */

export const printing =
  /^(_IO_)?(_*v?f?printf(_chk)?|_*v?s?n?printf(_chk)?|_*v?dprintf|_*v?asprintf|fputs|fputs_unlocked|puts|putc|fputc|putchar|fwrite|fwrite_unlocked|perror|syslog|vsyslog|fflush|write|writev|strftime|cout|cerr|OutputDebugString\w*)$/;

/** Prints into memory: its first argument receives the text. */
export const formatting = /^(_IO_)?_*(v?sn?printf(_chk)?|v?asprintf|strftime)$/;

/** Hands its argument, or something computed from it alone, on as its result. */
export const passing =
  /^(abs|labs|llabs|fabs|floor|ceil|round|log|log2|log10|sqrt|pow|exp|__builtin_(clz|ctz|ffs|popcount|expect|expect_with_probability|bswap|assume_aligned|constant_p)\w*|min|max|std::min|std::max|htonl|ntohl|static_cast|u?int\d*(_t)?|size_t|double|float|strdup)$/;

export const asserting = /assert/i;

/** Sizes, addresses and times of the system: what they get decides what is done. */
export const sizing =
  /^(mmap|mmap64|munmap|madvise|mprotect|mremap|sbrk|brk|malloc|calloc|realloc|aligned_alloc|posix_memalign|memalign|memset|memcpy|memmove|nanosleep|usleep|sleep|sched_yield|syscall|futex|pthread_\w+|VirtualAlloc|VirtualFree)$/;

/** Reads text or memory and answers with a value. */
export const reading =
  /^(strlen|strnlen|str(n?case)?n?cmp|memcmp|strchr|strrchr|strstr|memchr|ato\w+|strto\w+)$/;

/** Copies from its second argument to its first. */
export const copying =
  /^_*(builtin_+)?(memcpy|memmove|strn?cpy|strn?cat|strlcpy|strlcat|mempcpy|stpcpy)(_chk)?$/;

/** Fills the memory that its first argument points to. */
export const filling = /^_*(builtin_+)?(memset|bzero|explicit_bzero)(_chk)?$/;

/** Leaves memory alone that it gets by address, or writes what has nothing to do with what was there. */
export const indifferent =
  /^(memset|bzero|sscanf|strto\w+|gettimeofday|clock_gettime|getrusage|va_\w+|free|sizeof|fclose|localtime\w*|gmtime\w*)$/;

/** Changes nothing that anybody could notice: computes, reads clocks, opens or closes what is printed to. */
export const harmless =
  /^(__builtin_(?!trap|unreachable|longjmp)|__sync_synchronize$|_mm_pause$|_mm_lfence$|_mm_[sm]fence$|YieldProcessor$|rdtsc|__rdtscp?$|clock$|clock_gettime$|gettimeofday$|time$|localtime|gmtime|times$|getrusage$|getpid$|gettid$|pthread_self$|pthread_equal$|thrd_current$|GetCurrent\w+$|QueryPerformance\w+$|GetTickCount\w*$|backtrace(_symbols(_fd)?)?$|strlen$|strnlen$|strn?cmp$|strn?casecmp$|memcmp$|strr?chr$|strstr$|memchr$|ato(i|l|ll|f)$|strto\w+$|isdigit$|isspace$|isalpha$|toupper$|tolower$|isatty$|fileno$|fopen(64)?$|fclose$|setvbuf$|strerror(_r)?$|SetLastError$|__errno_location$|_errno$|getenv$|secure_getenv$|sizeof$|alignof$|va_(start|end|copy|arg)$|static_cast$|reinterpret_cast$|const_cast$|dynamic_cast$)/;

/** Classes of the C++ library that text is written to. */
export const streams =
  /^(basic_)?([io]?stringstream|ostringstream|ostream|ofstream|fstream|stringstream|strstream|ostrstream|osyncstream)$/;

/** Methods of strings and streams that hand their text on. */
export const textMethods = /^(str|c_str|data|view|rdbuf|substr|append|to_string)$/;

/** Methods of strings that answer about their text. */
export const textQueries = /^(length|size|find|rfind|compare|empty|at|front|back)$/;

/** Files of tests, benchmarks and examples, by the folders and names that everyone uses for them. */
const testFolders =
  /(^|\/)(tests?|unit_?tests?|testing|test-suite|testsuite|benchmarks?|bench|examples?|fuzz|fuzzing)\//i;
const testNames = /(^|[/_.-])(unit_?)?(tests?|benchmark|bench)\.\w+$|(^|\/)(test|tst)[-_]\w*\.\w+$/i;
export const isTestFile = (file: string): boolean => testFolders.test(file) || testNames.test(file);

/** Ends the program where it should never have come. */
export const stopping = /^(abort|__builtin_(unreachable|trap)|__assert_fail|__assert)$/;

/** The mark of C23 and of compilers for what never runs, under whatever prefix. */
export const unreachable = /(^|_)unreachable$/i;

/** The error number is the thread's own and every print may change it. */
export const errorNumber = /^_*errno(_location)?$/;

/** Inline assembly that only computes: no memory behind its back, no system call. */
export function computes(template: string, clobbers: string): boolean {
  return !/memory/.test(clobbers) && !/\b(lock|syscall|sysenter|int|svc|call|hlt|ud2)\b/i.test(template);
}
