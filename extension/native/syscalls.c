// syscalls.c - runs a program and counts the memory-management system calls that it makes between two marks.
//
//   syscalls COMMAND [ARGUMENT]...
//
// The harness marks the beginning and the end of its timed passes with a prctl that no kernel knows. All threads and
// children are followed (ptrace). Prints one line of JSON as its last on stdout:
//   {"mmap":N,"munmap":N,"mremap":N,"madvise":N,"mprotect":N,"brk":N,"marked":0|1}
// Exit status: the program's own, 3 when it cannot be traced.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

#include "mark.h"

static const struct {
    const char* name;
    long number;
} calls[] = {
    {"mmap", SYS_mmap},       {"munmap", SYS_munmap},     {"mremap", SYS_mremap},
    {"madvise", SYS_madvise}, {"mprotect", SYS_mprotect}, {"brk", SYS_brk},
};
enum { CALLS = sizeof calls / sizeof calls[0] };

static unsigned long counts[CALLS];
static int counting, marked;

static void fail(const char* what) {
    fprintf(stderr, "syscalls: %s: %s\n", what, strerror(errno));
    exit(3);
}

static void entered(const struct __ptrace_syscall_info* info) {
    const long number = (long)info->entry.nr;
    if (number == SYS_prctl && info->entry.args[0] == MARK_OPTION) {
        counting = info->entry.args[1] == MARK_BEGIN;
        if (counting) marked = 1;
        return;
    }
    if (!counting) return;
    for (int i = 0; i < CALLS; i++) {
        if (calls[i].number == number) counts[i]++;
    }
}

int main(int argc, char** argv) {
    if (argc < 2) {
        fprintf(stderr, "syscalls: which program?\n");
        return 2;
    }
    const pid_t first = fork();
    if (first < 0) fail("fork");
    if (first == 0) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) _exit(126);
        raise(SIGSTOP);
        // What is to be preloaded must not be preloaded into the counter.
        const char* preload = getenv("ALLOC_LENS_PRELOAD");
        if (preload) setenv("LD_PRELOAD", preload, 1);
        unsetenv("ALLOC_LENS_PRELOAD");
        execv(argv[1], argv + 1);
        _exit(127);
    }
    int status;
    if (waitpid(first, &status, 0) != first || !WIFSTOPPED(status)) {
        errno = EPERM;
        fail("ptrace is not allowed here");
    }
    const long options =
        PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, first, 0, options) != 0) fail("ptrace");
    if (ptrace(PTRACE_SYSCALL, first, 0, 0) != 0) fail("ptrace");
    int result = 3;
    for (;;) {
        const pid_t who = waitpid(-1, &status, __WALL);
        if (who < 0) {
            if (errno == EINTR) continue;
            break;
        }
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (who == first) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        if (!WIFSTOPPED(status)) continue;
        long deliver = 0;
        const int signal = WSTOPSIG(status);
        if (signal == (SIGTRAP | 0x80)) {
            struct __ptrace_syscall_info info;
            if (ptrace(PTRACE_GET_SYSCALL_INFO, who, (void*)sizeof info, &info) > 0) {
                if (info.op == PTRACE_SYSCALL_INFO_ENTRY) entered(&info);
            } else if (errno != ESRCH) {
                fail("this kernel does not tell system calls (5.3 or later does)");
            }
        } else if (signal != SIGTRAP && signal != SIGSTOP) {
            deliver = signal;
        }
        ptrace(PTRACE_SYSCALL, who, 0, deliver);
    }
    printf("{");
    for (int i = 0; i < CALLS; i++) printf("\"%s\":%lu,", calls[i].name, counts[i]);
    printf("\"marked\":%d}\n", marked);
    return result;
}
