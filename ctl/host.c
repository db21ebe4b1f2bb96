/* SPDX-License-Identifier: Apache-2.0 */
/* How the doctor looks at the host: files below a root, and programs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/io.h"
#include "ctl/doctor.h"
#include "ctl/escape.h"

#define RUN_NS (20 * VGPU_NS_PER_S)

void ct_host_path(const struct ct_host *host, const char *path, char out[static CT_PATH])
{
    (void)snprintf(out, CT_PATH, "%s%s", host->options->root, path);
}

int ct_host_stat(const struct ct_host *host, const char *path, struct stat *what)
{
    char full[CT_PATH];

    ct_host_path(host, path, full);
    return stat(full, what) == 0 ? 0 : -errno;
}

static int read_text(const char *path, char *text, size_t cap)
{
    VGPU_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t len;

    if (fd < 0) {
        return -errno;
    }
    len = vgpu_read_full(fd, text, cap - 1);
    text[len > 0 ? len : 0] = '\0';
    return (int)len;
}

int ct_host_read(const struct ct_host *host, const char *path, char *text, size_t cap)
{
    char full[CT_PATH];

    ct_host_path(host, path, full);
    return read_text(full, text, cap);
}

void ct_host_driver(const struct ct_host *host, char driver[static CT_PATH])
{
    char path[CT_PATH];
    char line[CT_PATH];
    VGPU_CLEANUP_FILE FILE *file = NULL;
    bool ours = false;

    (void)snprintf(driver, CT_PATH, "cuda");
    ct_host_path(host, "/etc/vgpu/vgpu.conf", path);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (line[0] == '[') {
            ours = strncmp(line, "[executor]", 10) == 0;
        } else if (ours) {
            (void)sscanf(line, " driver = %255s", driver);
        }
    }
}

/* The same file: by its path, or as vgpu-hostd binds what lies in a folder of somebody else's. */
static bool is_path(const char *bound, const char *path)
{
    static const char held[] = "/proc/self/fd/";
    const char *name = strrchr(path, '/');

    if (strncmp(bound, held, sizeof(held) - 1) == 0 && name != NULL) {
        bound += sizeof(held) - 1;
        bound += strspn(bound, "0123456789");
        return strcmp(bound, name) == 0;
    }
    return strcmp(bound, path) == 0;
}

/* A line of /proc/net/unix ends with the path; its flags say that somebody listens. */
static bool is_listener(const char *line, const char *path)
{
    unsigned long flags = 0;
    const char *at = strrchr(line, ' ');

    return sscanf(line, "%*s %*s %*s %lx", &flags) == 1 && (flags & 0x10000) != 0 && at != NULL &&
           is_path(at + 1, path);
}

static bool is_in_table(const struct ct_host *host, const char *name, const char *path)
{
    char table[CT_PATH];
    char line[CT_PATH];
    VGPU_CLEANUP_FILE FILE *file = NULL;
    bool found = false;

    ct_host_path(host, name, table);
    file = fopen(table, "re");
    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        found = is_listener(line, path);
    }
    return found;
}

bool ct_host_listens(const struct ct_host *host, const char *path)
{
    const ProtobufCMessage *broker = ct_view_broker(&host->view);
    char name[64];

    if (is_in_table(host, "/proc/net/unix", path)) {
        return true;
    }
    if (broker == NULL) {
        return false;
    }
    /* What the broker has bound itself is in the table of its own network namespace. */
    (void)snprintf(name, sizeof(name), "/proc/%u/net/unix",
                   (unsigned int)ct_row_number(broker, "pid"));
    return is_in_table(host, name, path);
}

int ct_host_connect(const struct ct_host *host, const char *path, int type)
{
    VGPU_CLEANUP_FD int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char full[CT_PATH];

    ct_host_path(host, path, full);
    if (strlen(full) >= sizeof(address.sun_path)) {
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, full, strlen(full) + 1);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return -errno;
    }
    return vgpu_steal_fd(&fd);
}

/* The connection says nothing: the broker takes it for a guest that left. */
int ct_host_listener(const struct ct_host *host, const char *path, struct ucred *peer,
                     char program[static 64])
{
    VGPU_CLEANUP_FD int fd = ct_host_connect(host, path, SOCK_STREAM);
    socklen_t len = sizeof(*peer);
    char full[64];
    char comm[64] = "";

    if (fd < 0) {
        return fd;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &len) != 0) {
        return -errno;
    }
    (void)snprintf(full, sizeof(full), "/proc/%d/comm", (int)peer->pid);
    (void)read_text(full, comm, sizeof(comm));
    comm[strcspn(comm, "\n")] = '\0';
    (void)ct_escape(program, 64, comm[0] != '\0' ? comm : "it has ended");
    return 0;
}

/* Reads to the end or to the time limit. */
static void drain(int fd, char *text, size_t cap)
{
    uint64_t start_ns = vgpu_clock_ns();
    size_t at = 0;

    text[0] = '\0';
    while (vgpu_clock_ns() - start_ns < RUN_NS) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        char spare[512];
        ssize_t got;

        if (poll(&poll_fd, 1, 1000) <= 0) {
            continue;
        }
        got = read(fd, spare, sizeof(spare));
        if (got <= 0) {
            return;
        }
        if ((size_t)got > cap - 1 - at) {
            got = (ssize_t)(cap - 1 - at);
        }
        memcpy(text + at, spare, (size_t)got);
        at += (size_t)got;
        text[at] = '\0';
    }
}

static _Noreturn void become(char *const argv[], int out)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)dup2(null, STDIN_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(out, STDERR_FILENO);
    (void)execv(argv[0], argv);
    _exit(127);
}

int ct_host_run(char *const argv[], char *text, size_t cap)
{
    char said[CT_ERROR_TEXT];
    int pipe_fds[2];
    int status = 0;
    pid_t child;

    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        return -errno;
    }
    child = fork();
    if (child == 0) {
        become(argv, pipe_fds[1]);
    }
    (void)close(pipe_fds[1]);
    if (child < 0) {
        (void)close(pipe_fds[0]);
        return -EAGAIN;
    }
    drain(pipe_fds[0], said, sizeof(said));
    (void)close(pipe_fds[0]);
    (void)kill(child, SIGKILL);
    if (waitpid(child, &status, 0) != child) {
        return -errno;
    }
    (void)ct_escape(text, cap, said);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -ETIMEDOUT;
}
