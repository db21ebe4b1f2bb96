/* SPDX-License-Identifier: Apache-2.0 */
/* vgpuctl self-test local: starts the process and shows its hops. */
#include "ctl/self_test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "ctl/command.h"
#include "ctl/escape.h"
#include "ctl/human.h"
#include "ctl/json.h"
#include "ctl/self_test_vm.h"

#define PATH_TEXT   512
#define PATIENCE_NS (60 * VGPU_NS_PER_S)

/* The library that was installed, or built, together with this program. */
static void find_library(const struct ct_options *options, char path[static PATH_TEXT])
{
    static const char *const places[] = {"../" VGPU_LIBRARY_DIR, "../lib/vgpu", "../guest/libcuda"};
    char self[PATH_TEXT - 128] = "";
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    if (options->library != NULL) {
        (void)snprintf(path, PATH_TEXT, "%.480s/libcuda.so.1", options->library);
        return;
    }
    self[len > 0 ? len : 0] = '\0';
    slash = strrchr(self, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        (void)snprintf(path, PATH_TEXT, "%s/%s/libcuda.so.1", self, places[i]);
        if (access(path, R_OK) == 0) {
            return;
        }
    }
    (void)snprintf(path, PATH_TEXT, "/usr/%s/libcuda.so.1", VGPU_LIBRARY_DIR);
}

static _Noreturn void become(const struct ct_options *options, char *library, int report)
{
    char name[] = CT_SELF_TEST_NAME;
    char socket_path[PATH_TEXT];
    char number[16];
    char *argv[] = {name, socket_path, library, number, NULL};

    (void)snprintf(socket_path, sizeof(socket_path), "%s", options->socket);
    (void)snprintf(number, sizeof(number), "%d", report);
    (void)setenv("VGPU_SOCKET", options->socket, 1);
    (void)execv("/proc/self/exe", argv);
    _exit(127);
}

/* The next hop, or what became of the process instead. */
static bool read_hop(int fd, struct ct_hop *hop, uint64_t start_ns)
{
    size_t at = 0;

    memset(hop, 0, sizeof(*hop));
    while (at < sizeof(*hop)) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        ssize_t got;

        if (vgpu_clock_ns() - start_ns > PATIENCE_NS) {
            return false;
        }
        if (poll(&poll_fd, 1, 1000) <= 0) {
            continue;
        }
        got = read(fd, (char *)hop + at, sizeof(*hop) - at);
        if (got <= 0) {
            return false;
        }
        at += (size_t)got;
    }
    return true;
}

static void show(json_t *array, const struct ct_hop *hop, const char *text)
{
    char time[CT_HUMAN];

    if (array != NULL) {
        json_t *entry = json_object();

        ct_json_text(entry, "name", hop->name);
        ct_json_number(entry, "ns", hop->ns);
        ct_json_bool(entry, "passed", hop->failed == 0);
        ct_json_text(entry, "text", text);
        (void)json_array_append_new(array, entry);
        return;
    }
    printf("%-8s %10s  %s%s\n", hop->name, ct_nanoseconds(time, hop->ns),
           hop->failed != 0 ? "FAILED: " : "", text);
    (void)fflush(stdout);
}

/* Shows all hops; 0 when the last one came. */
static int follow(int fd, json_t *array, struct ct_error *error)
{
    uint64_t start_ns = vgpu_clock_ns();
    struct ct_hop hop;
    char last[sizeof(hop.name) + 1] = "the start";
    char text[2 * CT_HOP_TEXT];

    while (read_hop(fd, &hop, start_ns)) {
        hop.name[sizeof(hop.name) - 1] = '\0';
        hop.text[sizeof(hop.text) - 1] = '\0';
        (void)ct_escape(text, sizeof(text), hop.text);
        show(array, &hop, text);
        (void)snprintf(last, sizeof(last), "%s", hop.name);
        if (hop.failed != 0) {
            ct_error_set(error, CT_FAILED, "self-test: %s failed: %.600s", hop.name, text);
            return -EIO;
        }
    }
    if (strcmp(last, "close") != 0) {
        ct_error_set(
            error, CT_FAILED,
            "self-test: nothing came behind %s: the process ended, or hangs: vgpuctl doctor; "
            "journalctl -u vgpu-broker",
            last);
        return -ETIMEDOUT;
    }
    return 0;
}

static int run(const struct ct_options *options, json_t *array, struct ct_error *error)
{
    char library[PATH_TEXT];
    int fds[2];
    pid_t child;
    int rc;

    find_library(options, library);
    if (pipe(fds) != 0) {
        ct_error_set(error, CT_FAILED, "self-test: %s", strerror(errno));
        return -errno;
    }
    child = fork();
    if (child == 0) {
        (void)close(fds[0]);
        become(options, library, fds[1]);
    }
    (void)close(fds[1]);
    rc = follow(fds[0], array, error);
    (void)close(fds[0]);
    if (child > 0) {
        if (rc == -ETIMEDOUT) {
            (void)kill(child, SIGKILL);
        }
        (void)waitpid(child, NULL, 0);
    }
    return rc;
}

static enum ct_status test_local(const struct ct_options *options)
{
    json_t *array = options->json ? json_array() : NULL;
    struct ct_error error = {.text = ""};
    uint64_t start_ns = vgpu_clock_ns();
    char time[CT_HUMAN];
    int rc = run(options, array, &error);

    if (array != NULL) {
        json_t *object = json_object();

        ct_json_text(object, "target", "local");
        ct_json_bool(object, "passed", rc == 0);
        ct_json_text(object, "error", error.text);
        ct_json_put(object, "hops", array);
        ct_json_print(object);
    } else if (rc == 0) {
        printf("passed in %s\n", ct_nanoseconds(time, vgpu_clock_ns() - start_ns));
    }
    if (rc < 0) {
        (void)fflush(stdout);
        (void)fprintf(stderr, "vgpuctl: %s\n", error.text);
    }
    return rc < 0 ? CT_FAILED : CT_OK;
}

enum ct_status ct_run_self_test(const struct ct_options *options)
{
    const char *target = options->argument_count > 0 ? options->arguments[0] : "local";

    return strcmp(target, "local") == 0 ? test_local(options) : ct_self_test_vm(options, target);
}
