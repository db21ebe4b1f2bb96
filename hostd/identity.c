/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/identity.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "hostd/hostd.h"
#include "hostd/proc.h"

/* A verdict, or that the next source is to be asked. */
#define NO_WORD (-1)

/* The first machine but `vm` whose group libvirt would have called so. */
static const struct hd_vm *other_of_scope(const struct hd_hostd *hostd, const struct hd_vm *vm,
                                          const char *scope)
{
    for (size_t i = 0; i < hostd->vms.count; i++) {
        if (hostd->vms.list[i] != vm && hd_proc_scope_fits(scope, hostd->vms.list[i]->row.name)) {
            return hostd->vms.list[i];
        }
    }
    return NULL;
}

static int by_scope(const struct hd_hostd *hostd, const struct hd_vm *vm, pid_t pid, char *why,
                    size_t cap)
{
    const struct hd_vm *other;
    char cgroup[2048];
    char scope[128];

    if (hd_proc_read(pid, "cgroup", cgroup, sizeof(cgroup)) < 0 ||
        !hd_proc_scope(cgroup, scope, sizeof(scope))) {
        return NO_WORD;
    }
    other = other_of_scope(hostd, vm, scope);
    if (hd_proc_scope_fits(scope, vm->row.name)) {
        (void)snprintf(why, cap, "control group of machine %s", vm->row.name);
        /* web_1 and web1 have the same: the command line must tell. */
        return other == NULL ? VGPU_CTL_VERIFIED : NO_WORD;
    }
    if (other != NULL) {
        (void)snprintf(why, cap, "control group of machine %s", other->row.name);
        return VGPU_CTL_ANOTHERS;
    }
    return NO_WORD;
}

/* Who lives in a root-N is domain N. */
static int by_root(const struct hd_hostd *hostd, const struct hd_vm *vm, pid_t pid, char *why,
                   size_t cap)
{
    char root[256];

    if (hd_proc_link(pid, "root", root, sizeof(root)) < 0 || strcmp(root, "/") == 0) {
        return NO_WORD;
    }
    for (size_t i = 0; i < hostd->watch.place_count; i++) {
        const struct hd_place *place = &hostd->watch.places[i];

        if (strcmp(place->folder, root) == 0) {
            (void)snprintf(why, cap, "root folder %s", root);
            return strcmp(place->socket, vm->socket.path) == 0 ? VGPU_CTL_VERIFIED
                                                               : VGPU_CTL_ANOTHERS;
        }
    }
    return NO_WORD;
}

/* Xen's toolstack gives each domain's QEMU an account of its own. */
static int by_account(const struct hd_hostd *hostd, const struct hd_vm *vm, uid_t uid, char *why,
                      size_t cap)
{
    for (size_t i = 0; uid != 0 && i < hostd->watch.place_count; i++) {
        const struct hd_place *place = &hostd->watch.places[i];
        struct stat info;

        if (fstat(place->dir, &info) == 0 && info.st_uid == uid) {
            (void)snprintf(why, cap, "account %u owns %s", uid, place->folder);
            return strcmp(place->socket, vm->socket.path) == 0 ? VGPU_CTL_VERIFIED
                                                               : VGPU_CTL_ANOTHERS;
        }
    }
    return NO_WORD;
}

static int by_command_line(const struct hd_hostd *hostd, const struct hd_vm *vm,
                           const struct hd_qemu *qemu, char *why, size_t cap)
{
    const struct hd_machine *other = hd_table_machine_by_uuid(&hostd->table, qemu->uuid);
    const struct hd_vm *owner = hd_vms_find_socket(&hostd->vms, qemu->socket);
    const struct hd_vm *named = hd_vms_find(&hostd->vms, qemu->name);

    if (hd_uuid_same(vm->row.uuid, qemu->uuid)) {
        (void)snprintf(why, cap, "command line: uuid");
        return VGPU_CTL_VERIFIED;
    }
    if (other != NULL && strcmp(other->name, vm->row.name) != 0) {
        (void)snprintf(why, cap, "command line: uuid of machine %s", other->name);
        return VGPU_CTL_ANOTHERS;
    }
    if (vm->row.uuid[0] != '\0' && qemu->uuid[0] != '\0') {
        (void)snprintf(why, cap, "command line: uuid %s", qemu->uuid);
        return VGPU_CTL_ANOTHERS;
    }
    if (owner == vm) {
        (void)snprintf(why, cap, "command line: socket");
        return VGPU_CTL_VERIFIED;
    }
    if (owner != NULL) {
        (void)snprintf(why, cap, "command line: socket of machine %s", owner->row.name);
        return VGPU_CTL_ANOTHERS;
    }
    /* The device was plugged later. */
    if (named != NULL) {
        (void)snprintf(why, cap, "command line: name %s", named->row.name);
        return named == vm ? VGPU_CTL_VERIFIED : VGPU_CTL_ANOTHERS;
    }
    return NO_WORD;
}

enum vgpu_ctl_verdict hd_identity_check(const struct hd_hostd *hostd, const struct hd_vm *vm,
                                        pid_t pid, uid_t uid, char *why, size_t cap)
{
    VGPU_CLEANUP_FD int pidfd = hd_proc_open(pid);
    struct hd_qemu qemu;
    int verdict = NO_WORD;

    if (pidfd >= 0) {
        verdict = by_scope(hostd, vm, pid, why, cap);
    }
    if (pidfd >= 0 && verdict == NO_WORD) {
        verdict = by_root(hostd, vm, pid, why, cap);
    }
    if (pidfd >= 0 && verdict == NO_WORD) {
        verdict = by_account(hostd, vm, uid, why, cap);
    }
    if (pidfd >= 0 && verdict == NO_WORD && hd_scan_read(pid, &qemu)) {
        verdict = by_command_line(hostd, vm, &qemu, why, cap);
    }
    /* What was read is of this process only if it still is; and the broker drops a verdict on a
     * connection that has ended, so an earlier owner of the number does not matter. */
    if (pidfd < 0 || hd_proc_has_ended(pidfd)) {
        (void)snprintf(why, cap, "the process has ended");
        return VGPU_CTL_SOCKET_ONLY;
    }
    if (verdict == NO_WORD) {
        (void)snprintf(why, cap, "neither control group nor command line tell");
        return VGPU_CTL_SOCKET_ONLY;
    }
    return (enum vgpu_ctl_verdict)verdict;
}
