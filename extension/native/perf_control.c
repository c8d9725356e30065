// perf_control.c - tells the perf that runs this program when to record: its `--control=fifo:commands,answers`.
#include "harness.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int commands = -1, answers = -1;

static int end_of(const char* name) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", parameters.control, name) >= (int)sizeof path) die(2, "control: too long");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) die(2, "control: no FIFO %s", name);
    return fd;
}

void perf_control(int on) {
    if (!parameters.control) return;
    if (commands < 0) {
        commands = end_of("commands");
        answers = end_of("answers");
    }
    const char* command = on ? "enable\n" : "disable\n";
    const size_t length = strlen(command);
    if (write(commands, command, length) != (ssize_t)length) die(3, "perf does not listen");
    // Perf answers `ack` and a line end, in some versions with the zero behind it.
    for (char c = 0; c != '\n';) {
        ssize_t n = read(answers, &c, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n != 1) die(3, "perf does not answer");
    }
}
