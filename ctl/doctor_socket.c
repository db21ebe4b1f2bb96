/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: there, ours, not for everybody, and somebody listens. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/doctor.h"
#include "ctl/escape.h"

#define FOLDER    "/run/vgpu"
#define EXECUTORS "/run/vgpu/executor.sock"
#define OLD_LINK  "/var/vgpu/mediator.sock"

static bool is_account(uid_t owner, const char *name)
{
    const struct passwd *account = getpwnam(name);

    return account != NULL && account->pw_uid == owner;
}

/* Accounts that a socket may belong to: root, vgpu, and the broker's own; the supervisors' is
 * theirs where systemd makes it. */
static bool is_ours(const struct ct_host *host, const char *name, uid_t owner)
{
    const ProtobufCMessage *broker = ct_view_broker(&host->view);
    char path[64];
    struct stat what;

    if (owner == 0 || is_account(owner, "vgpu") ||
        (strcmp(name, EXECUTORS) == 0 && is_account(owner, "vgpu-executor"))) {
        return true;
    }
    if (broker == NULL) {
        return false;
    }
    (void)snprintf(path, sizeof(path), "/proc/%u", (unsigned int)ct_row_number(broker, "pid"));
    return stat(path, &what) == 0 && what.st_uid == owner;
}

static void check_mode(const struct ct_host *host, const char *name, const struct stat *what,
                       struct ct_finding *finding)
{
    char cure[CT_PATH];

    if (!S_ISSOCK(what->st_mode)) {
        (void)snprintf(cure, sizeof(cure), "rm %s; systemctl restart vgpu-broker", name);
        ct_find(finding, CT_RED_LIGHT, cure, "%s is no socket", name);
    }
    if ((what->st_mode & 02) != 0) {
        (void)snprintf(cure, sizeof(cure), "chmod o-w %s; see socket_mode in vgpu.conf(5)", name);
        ct_find(finding, CT_RED_LIGHT, cure, "%s has mode %03o: everybody may connect", name,
                (unsigned int)what->st_mode & 0777U);
    }
    if (!is_ours(host, name, what->st_uid)) {
        (void)snprintf(cure, sizeof(cure), "ls -l %s; systemctl restart vgpu-broker", name);
        ct_find(finding, CT_RED_LIGHT, cure, "%s belongs to account %u, not to root or vgpu", name,
                (unsigned int)what->st_uid);
    }
}

/* Whoever listens where guests connect is the broker; systemd, when it made the socket. */
static void check_listener(const struct ct_host *host, struct ct_finding *finding)
{
    const ProtobufCMessage *broker = ct_view_broker(&host->view);
    char name[256];
    char cure[CT_PATH];
    char program[64];
    struct ucred peer;

    if (broker == NULL || ct_host_listener(host, host->options->socket, &peer, program) < 0 ||
        peer.pid <= 1 || (uint64_t)peer.pid == ct_row_number(broker, "pid")) {
        return;
    }
    (void)ct_escape(name, sizeof(name), host->options->socket);
    (void)snprintf(cure, sizeof(cure),
                   "end process %d; systemctl restart vgpu-broker.socket vgpu-broker",
                   (int)peer.pid);
    ct_find(finding, CT_RED_LIGHT, cure,
            "%s is not vgpu-broker's (pid %u): process %d (%s) of account %u made it", name,
            (unsigned int)ct_row_number(broker, "pid"), (int)peer.pid, program,
            (unsigned int)peer.uid);
}

/* vgpu-hostd's word for the sockets that it makes: its network namespace, where the kernel would
 * list them, ends with it, and they do not. */
static bool is_served(const struct ct_host *host, const char *path)
{
    const ProtobufCMessage *row = ct_rows_find(&host->view.registry, "socket", path);

    return row != NULL && strcmp(ct_row_text(row, "state"), "served") == 0;
}

static void check_socket(const struct ct_host *host, const char *path, struct ct_finding *finding)
{
    char name[256];
    char cure[CT_PATH];
    struct stat what;
    int rc = ct_host_stat(host, path, &what);

    (void)ct_escape(name, sizeof(name), path);
    if (rc == -ENOENT) {
        ct_find(finding, CT_RED_LIGHT, "systemctl restart vgpu-broker.socket vgpu-broker",
                "there is no %s", name);
        return;
    }
    if (rc < 0) {
        (void)snprintf(cure, sizeof(cure), "run it as root; namei -l %s", name);
        ct_find(finding, CT_AMBER, cure, "%s: %s", name, strerror(-rc));
        return;
    }
    check_mode(host, name, &what, finding);
    if (!ct_host_listens(host, path) && !is_served(host, path)) {
        ct_find(finding, CT_RED_LIGHT, "systemctl restart vgpu-broker",
                "nobody listens at %s: a file that a dead process left", name);
    }
}

static void check_folder(const struct ct_host *host, struct ct_finding *finding)
{
    struct stat what;

    if (ct_host_stat(host, FOLDER, &what) != 0) {
        ct_find(finding, CT_RED_LIGHT, "systemd-tmpfiles --create; systemctl restart vgpu-broker",
                "there is no " FOLDER ": no socket can be made");
    } else if ((what.st_mode & 02) != 0) {
        ct_find(finding, CT_RED_LIGHT, "chmod o-w " FOLDER,
                FOLDER " can be written by everybody: a socket in it may be anybody's");
    }
}

void ct_check_sockets(const struct ct_host *host, struct ct_finding *finding)
{
    unsigned int count = 3;

    check_folder(host, finding);
    check_socket(host, host->options->socket, finding);
    check_listener(host, finding);
    check_socket(host, host->options->control, finding);
    check_socket(host, EXECUTORS, finding);
    for (size_t i = 0; i < host->view.vms.count; i++) {
        const char *path = ct_row_text(ct_rows_at(&host->view.vms, i), "socket");

        if (path[0] == '/') {
            check_socket(host, path, finding);
            count++;
        }
    }
    ct_find(finding, CT_GREEN, NULL, "%u sockets, with listeners and not for everybody", count);
}

void ct_check_link(const struct ct_host *host, struct ct_finding *finding)
{
    char path[CT_PATH];
    char target[CT_PATH];
    char clean[CT_PATH];
    ssize_t len;

    ct_host_path(host, OLD_LINK, path);
    len = readlink(path, target, sizeof(target) - 1);
    if (len < 0) {
        ct_find(finding, CT_AMBER,
                "systemd-tmpfiles --create; or ln -s /run/vgpu/broker.sock " OLD_LINK,
                errno == EINVAL ? OLD_LINK " is no link to /run/vgpu/broker.sock"
                                : "there is no " OLD_LINK " for those who look for the old name");
        return;
    }
    target[len] = '\0';
    if (strcmp(target, host->options->socket) != 0) {
        ct_find(finding, CT_AMBER, "ln -sfn /run/vgpu/broker.sock " OLD_LINK,
                OLD_LINK " leads to %s", ct_escape(clean, sizeof(clean), target));
    }
    ct_find(finding, CT_GREEN, NULL, OLD_LINK " leads to %s", host->options->socket);
}
