/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/hostd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "common/clock.h"
#include "common/log.h"
#include "hostd/identity.h"

void hd_hostd_error(struct hd_hostd *hostd, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(hostd->last_error, sizeof(hostd->last_error), fmt, args);
    va_end(args);
    vgpu_log(VGPU_LOG_ERROR, "%s", hostd->last_error);
}

/* ---- places ------------------------------------------------------------------- */

static bool belongs(const struct hd_hostd *hostd, const struct hd_machine *row,
                    const struct hd_place *place)
{
    char path[HD_PATH_MAX + 1];
    char why[HD_WHY_MAX];

    return hd_vms_path(hostd, row, path, why, sizeof(why)) == 0 && strcmp(path, place->socket) == 0;
}

/* The registry's machine of a place: by its socket, the domain's uuid, or the name of places. */
static const struct hd_machine *registered(const struct hd_hostd *hostd,
                                           const struct hd_place *place, const char *name)
{
    const struct hd_machine *row = hd_table_machine_by_socket(&hostd->table, place->socket);

    if (row == NULL) {
        row = hd_table_machine_by_uuid(&hostd->table, place->uuid);
    }
    if (row == NULL) {
        row = hd_table_machine(&hostd->table, name);
    }
    return row != NULL && belongs(hostd, row, place) ? row : NULL;
}

void hd_hostd_place_found(struct hd_hostd *hostd, const struct hd_place *place)
{
    struct hd_machine row = {0};
    const struct hd_machine *known;
    struct hd_vm *vm;

    hd_place_name(place, row.name);
    known = registered(hostd, place, row.name);
    if (known == NULL) {
        if (hd_vms_find(&hostd->vms, row.name) != NULL) {
            hd_hostd_error(hostd, "%s: there is a folder of domain %u already; one gets a socket",
                           place->folder, place->domain);
            return;
        }
        (void)snprintf(row.socket, sizeof(row.socket), "%s", place->socket);
    }
    vm = hd_vms_put(&hostd->vms, known != NULL ? known : &row, known == NULL);
    if (vm != NULL && strcmp(vm->socket.path, place->socket) != 0) {
        hd_vm_socket_remove(&vm->socket);
    }
    hd_vms_heal(hostd);
}

void hd_hostd_place_kept(struct hd_hostd *hostd, const struct hd_place *place)
{
    char name[HD_PLACE_NAME];

    hd_place_name(place, name);
    if (hostd->changes.under_way || hd_vms_find(&hostd->vms, name) != NULL) {
        return;
    }
    for (size_t i = 0; i < hostd->vms.count; i++) {
        if (belongs(hostd, &hostd->vms.list[i]->row, place)) {
            return;
        }
    }
    hd_hostd_place_found(hostd, place);
}

void hd_hostd_place_gone(struct hd_hostd *hostd, const struct hd_place *place)
{
    struct hd_vm *vm = hd_vms_find_socket(&hostd->vms, place->socket);

    if (vm == NULL) {
        return;
    }
    if ((vm->served || vm->asked != 0) && hostd->broker.state != HD_BROKER_DOWN) {
        hd_broker_remove_vm(&hostd->broker, vm->row.name, false);
    }
    vm->served = false;
    vm->asked = 0;
    hd_vm_socket_remove(&vm->socket);
    if (vm->found) {
        hd_vms_drop(&hostd->vms, vm);
    }
}

/* ---- peers -------------------------------------------------------------------- */

void hd_hostd_peer(struct hd_hostd *hostd, const Vgpu__VmPeer *peer)
{
    static const char *const words[] = {"socket only", "verified", "another's"};
    const struct hd_vm *vm = hd_vms_find(&hostd->vms, peer->name);
    enum vgpu_ctl_verdict verdict;
    char why[HD_WHY_MAX];

    if (vm == NULL || peer->pid == 0) {
        return;
    }
    verdict = hd_identity_check(hostd, vm, (pid_t)peer->pid, peer->uid, why, sizeof(why));
    vgpu_log(verdict == VGPU_CTL_ANOTHERS ? VGPU_LOG_ERROR : VGPU_LOG_INFO,
             "identity vm=%s pid=%u uid=%u verdict=\"%s\" by=\"%s\"", vm->row.name, peer->pid,
             peer->uid, words[verdict], why);
    hd_broker_identity(&hostd->broker, vm->row.name, peer->pid, verdict, why);
}

/* ---- settings ----------------------------------------------------------------- */

static bool same_paths(const struct hd_settings *a, const struct hd_settings *b, const char **key)
{
    const struct {
        const char *key;
        const char *one;
        const char *other;
    } paths[] = {
        {"hostd.registry", a->registry, b->registry},
        {"hostd.socket", a->socket, b->socket},
        {"hostd.vm_dir", a->vm_dir, b->vm_dir},
        {"broker.control_socket", a->control_socket, b->control_socket},
    };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (strcmp(paths[i].one, paths[i].other) != 0) {
            *key = paths[i].key;
            return false;
        }
    }
    return true;
}

static int try_reload(struct hd_hostd *hostd, char *why, size_t cap)
{
    static const enum vgpu_log_level levels[] = {VGPU_LOG_ERROR, VGPU_LOG_WARNING, VGPU_LOG_INFO,
                                                 VGPU_LOG_DEBUG};
    struct hd_options fresh;
    const char *key;
    int rc = hd_options_reload(&hostd->options, &fresh, why, cap);

    if (rc < 0) {
        return rc;
    }
    if (!same_paths(&hostd->options.settings, &fresh.settings, &key)) {
        (void)snprintf(why, cap, "%s cannot change while vgpu-hostd runs; restart it", key);
        hd_options_fini(&fresh);
        return -EBUSY;
    }
    hd_options_fini(&hostd->options);
    hostd->options = fresh;
    hostd->store.path = hostd->options.settings.registry;
    vgpu_log_set_level(levels[hostd->options.settings.log_level]);
    return hd_watch_start(&hostd->watch, hostd);
}

void hd_hostd_reload(struct hd_hostd *hostd)
{
    char why[HD_WHY_MAX] = "";
    int rc;

    (void)sd_notify(0, "RELOADING=1");
    rc = try_reload(hostd, why, sizeof(why));
    if (rc < 0) {
        hd_hostd_error(hostd, "settings not changed: %s", why);
    } else {
        for (size_t i = 0; i < hostd->vms.count; i++) {
            hd_vms_set_access(hostd, hostd->vms.list[i]);
        }
        vgpu_log(VGPU_LOG_INFO, "settings read again");
    }
    (void)sd_notify(0, "READY=1");
}

/* ---- start and end ------------------------------------------------------------ */

static void make_vm_dir(struct hd_hostd *hostd)
{
    const char *path = hostd->options.settings.vm_dir;

    /* Whatever the umask: QEMU must get to its socket. */
    if (mkdir(path, 0755) == 0 ? chmod(path, 0755) != 0 : errno != EEXIST) {
        hd_hostd_error(hostd, "cannot make the folder of sockets path=%s error=\"%s\"", path,
                       strerror(errno));
    }
}

int hd_hostd_start(struct hd_hostd *hostd)
{
    int rc;

    hostd->started_ns = vgpu_clock_ns();
    hd_vm_socket_init(&hostd->vms.fresh);
    rc = hd_server_open(&hostd->server, hostd);
    if (rc < 0) {
        return rc;
    }
    hd_store_open(&hostd->store, hostd->options.settings.registry, &hostd->table);
    make_vm_dir(hostd);
    for (size_t i = 0; i < hostd->table.machine_count; i++) {
        (void)hd_vms_put(&hostd->vms, &hostd->table.machines[i], false);
    }
    rc = hd_watch_start(&hostd->watch, hostd);
    if (rc == 0) {
        rc = hd_scan_start(&hostd->scan, hostd);
    }
    return rc == 0 ? hd_broker_start(&hostd->broker, hostd) : rc;
}

void hd_hostd_stop(struct hd_hostd *hostd)
{
    hd_broker_stop(&hostd->broker);
    hd_scan_stop(&hostd->scan);
    hd_watch_stop(&hostd->watch);
    hd_server_close(&hostd->server);
    hd_changes_fini(&hostd->changes);
    hd_vms_fini(&hostd->vms);
    hd_store_close(&hostd->store);
}
