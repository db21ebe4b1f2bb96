/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/vms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "hostd/hostd.h"

struct hd_vm *hd_vms_find(const struct hd_vms *vms, const char *name)
{
    for (size_t i = 0; i < vms->count; i++) {
        if (strcmp(vms->list[i]->row.name, name) == 0) {
            return vms->list[i];
        }
    }
    return NULL;
}

struct hd_vm *hd_vms_find_socket(const struct hd_vms *vms, const char *path)
{
    for (size_t i = 0; i < vms->count; i++) {
        if (path[0] != '\0' && strcmp(vms->list[i]->socket.path, path) == 0) {
            return vms->list[i];
        }
    }
    return NULL;
}

struct hd_vm *hd_vms_put(struct hd_vms *vms, const struct hd_machine *row, bool found)
{
    struct hd_vm *vm = hd_vms_find(vms, row->name);

    if (vm == NULL) {
        vm = vms->count < HD_VMS_MAX ? calloc(1, sizeof(*vm)) : NULL;
        if (vm == NULL) {
            return NULL;
        }
        hd_vm_socket_init(&vm->socket);
        vms->list[vms->count++] = vm;
    }
    vm->row = *row;
    vm->found = found;
    return vm;
}

void hd_vms_drop(struct hd_vms *vms, struct hd_vm *vm)
{
    for (size_t i = 0; i < vms->count; i++) {
        if (vms->list[i] == vm) {
            vms->list[i] = vms->list[--vms->count];
            break;
        }
    }
    hd_vm_socket_remove(&vm->socket);
    free(vm);
}

int hd_vms_path(const struct hd_hostd *hostd, const struct hd_machine *row,
                char path[HD_PATH_MAX + 1], char *why, size_t cap)
{
    const char *folder = hostd->options.settings.vm_dir;
    const struct hd_place *place = hd_watch_machine(&hostd->watch, row);
    const char *given = row->socket[0] == '\0' && place != NULL ? place->socket : row->socket;
    int len = snprintf(path, HD_PATH_MAX + 1, "%s", given);

    if (len == 0) {
        len = snprintf(path, HD_PATH_MAX + 1, "%s/%s.sock", folder, row->name);
    }
    if (len > HD_PATH_MAX) {
        (void)snprintf(why, cap,
                       "socket: %s/%s.sock has more than %d bytes; give the machine another one: "
                       "socket=PATH",
                       folder, row->name, HD_PATH_MAX);
        return -ENAMETOOLONG;
    }
    return 0;
}

static struct hd_listener_access access_of(const struct hd_hostd *hostd)
{
    const struct hd_options *options = &hostd->options;

    return (struct hd_listener_access){
        .mode = options->settings.vm_socket_mode, .uid = options->vm_uid, .gid = options->vm_gid};
}

void hd_vms_set_access(struct hd_hostd *hostd, const struct hd_vm *vm)
{
    const struct hd_listener_access access = access_of(hostd);
    int rc;

    /* One that is not there is made anew, with the settings' owner and mode. */
    if (!hd_vm_socket_is_there(&vm->socket) ||
        hd_watch_place(&hostd->watch, vm->socket.path) != NULL) {
        return;
    }
    rc = hd_vm_socket_set_access(&vm->socket, &access);
    if (rc < 0) {
        hd_hostd_error(hostd, "owner and mode not set path=%s error=\"%s\"", vm->socket.path,
                       strerror(-rc));
    } else if (rc > 0) {
        vgpu_log(VGPU_LOG_INFO, "owner and mode set vm=%s path=%s", vm->row.name, vm->socket.path);
    }
}

int hd_vms_open_socket(struct hd_hostd *hostd, const struct hd_machine *row,
                       struct hd_vm_socket *vm_socket, char *why, size_t cap)
{
    struct hd_listener_access access = access_of(hostd);
    char path[HD_PATH_MAX + 1];
    int dir = -1;
    int rc = hd_vms_path(hostd, row, path, why, cap);

    if (rc == 0) {
        rc = hd_watch_folder(&hostd->watch, path, &access, &dir);
        why[0] = '\0';
    }
    if (rc == -EXDEV) {
        rc = 0;
    }
    return rc < 0 ? rc : hd_vm_socket_open(vm_socket, path, dir, &access, why, cap);
}

void hd_vm_set_trouble(struct hd_vm *vm, const char *text)
{
    if (strcmp(vm->trouble, text) == 0) {
        return;
    }
    (void)snprintf(vm->trouble, sizeof(vm->trouble), "%s", text);
    if (text[0] != '\0') {
        vgpu_log(VGPU_LOG_ERROR, "machine not served vm=%s error=\"%s\"", vm->row.name, text);
    }
}

const char *hd_vm_state(const struct hd_hostd *hostd, const struct hd_vm *vm)
{
    if (vm->trouble[0] != '\0') {
        return vm->trouble;
    }
    if (!hd_broker_is_up(&hostd->broker)) {
        return "waits for the broker";
    }
    return vm->served ? "served" : "waits for its folder";
}

static void heal_one(struct hd_hostd *hostd, struct hd_vm *vm)
{
    struct hd_vm_socket fresh;
    char why[HD_WHY_MAX] = "";
    int rc;

    if (hd_vm_socket_is_there(&vm->socket) && vm->served) {
        return;
    }
    if (hd_vm_socket_is_open(&vm->socket) && !hd_vm_socket_is_there(&vm->socket)) {
        vgpu_log(VGPU_LOG_WARNING, "socket was removed vm=%s path=%s", vm->row.name,
                 vm->socket.path);
        hd_vm_socket_close(&vm->socket);
    }
    if (hd_vm_socket_is_open(&vm->socket)) {
        return; /* the broker refused it; a change may cure that */
    }
    rc = hd_vms_open_socket(hostd, &vm->row, &fresh, why, sizeof(why));
    if (rc < 0) {
        hd_vm_set_trouble(vm, why);
        return;
    }
    vm->socket = fresh;
    vm->asked = hd_broker_set_vm(&hostd->broker, &vm->row, &vm->socket, true, false);
}

void hd_vms_heal(struct hd_hostd *hostd)
{
    if (!hd_broker_is_up(&hostd->broker) || hostd->changes.under_way) {
        return;
    }
    for (size_t i = 0; i < hostd->vms.count; i++) {
        heal_one(hostd, hostd->vms.list[i]);
    }
}

/* The socket that the changed machine needs, in vms->fresh unless it has it.  0, 1 when its place
 * is not there, or -errno. */
static int open_fresh(struct hd_hostd *hostd, const struct hd_machine *row, const struct hd_vm *vm,
                      char *why, size_t cap)
{
    char path[HD_PATH_MAX + 1];
    struct hd_vm *other;
    int rc = hd_vms_path(hostd, row, path, why, cap);

    hd_vm_socket_init(&hostd->vms.fresh);
    if (rc < 0 || (vm != NULL && vm->served && strcmp(vm->socket.path, path) == 0)) {
        return rc;
    }
    other = hd_vms_find_socket(&hostd->vms, path);
    if (other != NULL && other != vm && !other->found) {
        (void)snprintf(why, cap, "socket: %s is that of machine %s", path, other->row.name);
        return -EEXIST;
    }
    if (other != NULL && other != vm) {
        /* A domain that ran without a row of its own; when this fails the next look finds it. */
        hd_broker_remove_vm(&hostd->broker, other->row.name, false);
        hd_vms_drop(&hostd->vms, other);
    }
    if (vm != NULL && strcmp(vm->socket.path, path) == 0) {
        return 0;
    }
    rc = hd_vms_open_socket(hostd, row, &hostd->vms.fresh, why, cap);
    if (rc == -ENOENT && why[0] == '\0') {
        (void)snprintf(why, cap, "its socket is made when %s appears", path);
        return 1;
    }
    return rc;
}

static int tell_machine(struct hd_hostd *hostd, const struct hd_machine *row, char *why, size_t cap)
{
    const struct hd_vm *vm = hd_vms_find(&hostd->vms, row->name);
    const struct hd_vm_socket *vm_socket = &hostd->vms.fresh;
    int rc = open_fresh(hostd, row, vm, why, cap);
    bool hand_over = true;

    if (rc != 0) {
        return rc < 0 ? rc : 0;
    }
    if (!hd_vm_socket_is_open(vm_socket) && vm != NULL) {
        /* One that was taken over from an earlier vgpu-hostd is the broker's alone. */
        hand_over = !vm->served && vm->socket.listener >= 0;
        vm_socket = &vm->socket;
    }
    (void)hd_broker_set_vm(&hostd->broker, row, vm_socket, hand_over, true);
    return 1;
}

int hd_vms_tell(struct hd_hostd *hostd, const struct hd_change *change, char *why, size_t cap)
{
    const struct hd_vm *vm;

    hd_vm_socket_init(&hostd->vms.fresh);
    switch (change->kind) {
    case HD_PUT_MACHINE:
        return tell_machine(hostd, &change->machine, why, cap);
    case HD_DROP_MACHINE:
        vm = hd_vms_find(&hostd->vms, change->machine.name);
        if (vm == NULL || (!vm->served && vm->asked == 0)) {
            return 0;
        }
        hd_broker_remove_vm(&hostd->broker, vm->row.name, true);
        return 1;
    case HD_PUT_POOL:
    case HD_DROP_POOL:
        hd_broker_set_pool(&hostd->broker, &change->pool, true);
        return 1;
    case HD_PUT_GPU:
        hd_broker_drain(&hostd->broker, &change->gpu, true);
        return 1;
    }
    return 0;
}

static void keep_machine(struct hd_hostd *hostd, const struct hd_machine *row, bool told)
{
    struct hd_vm *vm = hd_vms_put(&hostd->vms, row, false);
    char path[HD_PATH_MAX + 1];
    char why[HD_WHY_MAX];

    if (vm == NULL) {
        return;
    }
    if (hd_vm_socket_is_open(&hostd->vms.fresh)) {
        hd_vm_socket_remove(&vm->socket);
        vm->socket = hostd->vms.fresh;
        hd_vm_socket_init(&hostd->vms.fresh);
    } else if (hd_vms_path(hostd, row, path, why, sizeof(why)) < 0 ||
               strcmp(path, vm->socket.path) != 0) {
        hd_vm_socket_remove(&vm->socket);
    }
    vm->served = told;
    hd_vm_set_trouble(vm, "");
}

void hd_vms_keep(struct hd_hostd *hostd, const struct hd_change *change, bool told)
{
    if (change->kind == HD_PUT_MACHINE) {
        keep_machine(hostd, &change->machine, told);
    } else if (change->kind == HD_DROP_MACHINE) {
        struct hd_vm *vm = hd_vms_find(&hostd->vms, change->machine.name);

        if (vm != NULL) {
            hd_vms_drop(&hostd->vms, vm);
        }
    }
}

void hd_vms_take_back(struct hd_hostd *hostd)
{
    hd_vm_socket_remove(&hostd->vms.fresh);
}

void hd_vms_fini(struct hd_vms *vms)
{
    while (vms->count > 0) {
        struct hd_vm *vm = vms->list[--vms->count];

        hd_vm_socket_close(&vm->socket);
        free(vm);
    }
    hd_vm_socket_close(&vms->fresh);
}
