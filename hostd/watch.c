/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/log.h"
#include "hostd/hostd.h"
#include "hostd/xenstore.h"

#define LATER_US UINT64_C(100000)
/* After that the look of every scan_s seconds finds it. */
#define TRIES_MAX 100
#define EVENTS    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)

/* "root-N" with N as a toolstack writes it.  False for other names. */
static bool read_domain(const char *name, uint32_t *domain)
{
    const char *digits = name + 5;
    size_t len;

    if (strncmp(name, "root-", 5) != 0) {
        return false;
    }
    len = strspn(digits, "0123456789");
    if (len == 0 || len > 9 || digits[len] != '\0' || (len > 1 && digits[0] == '0')) {
        return false;
    }
    *domain = (uint32_t)strtoul(digits, NULL, 10);
    return true;
}

/* root-N/tmp below `root`; no link on the way. */
static int open_tmp(int root, const char *name)
{
    VGPU_CLEANUP_FD int folder = openat(root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int dir =
        folder < 0 ? -1 : openat(folder, "tmp", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return dir < 0 ? -errno : dir;
}

static struct hd_place *find_folder(struct hd_watch *watch, const char *folder)
{
    for (size_t i = 0; i < watch->place_count; i++) {
        if (strcmp(watch->places[i].folder, folder) == 0) {
            return &watch->places[i];
        }
    }
    return NULL;
}

void hd_place_name(const struct hd_place *place, char name[HD_PLACE_NAME])
{
    (void)snprintf(name, HD_PLACE_NAME, "xen-%u", place->domain);
}

const struct hd_place *hd_watch_machine(const struct hd_watch *watch, const struct hd_machine *row)
{
    const struct hd_place *newest = NULL;

    /* A machine that starts again is a new domain, perhaps while the old folder is still there. */
    for (size_t i = 0; i < watch->place_count; i++) {
        const struct hd_place *place = &watch->places[i];

        if (hd_uuid_same(place->uuid, row->uuid) &&
            (newest == NULL || place->domain > newest->domain)) {
            newest = place;
        }
    }
    if (newest != NULL) {
        return newest;
    }
    for (size_t i = 0; i < watch->place_count; i++) {
        char own[HD_PLACE_NAME];

        hd_place_name(&watch->places[i], own);
        if (strcmp(own, row->name) == 0) {
            return &watch->places[i];
        }
    }
    return NULL;
}

const struct hd_place *hd_watch_place(const struct hd_watch *watch, const char *socket)
{
    for (size_t i = 0; i < watch->place_count; i++) {
        if (strcmp(watch->places[i].socket, socket) == 0) {
            return &watch->places[i];
        }
    }
    return NULL;
}

static bool same_folder(int one, int other)
{
    struct stat a;
    struct stat b;

    return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino && b.st_nlink > 0;
}

/* The place is gone, or another: its machine's socket goes with it. */
static void drop_place(struct hd_watch *watch, struct hd_place *place)
{
    vgpu_log(VGPU_LOG_INFO, "folder of a QEMU gone path=%s", place->folder);
    hd_hostd_place_gone(watch->hostd, place);
    vgpu_fd_close(&place->dir);
    *place = watch->places[--watch->place_count];
}

static void write_folder(const struct hd_root *root, uint32_t domain, char folder[HD_ROOT_MAX + 17])
{
    (void)snprintf(folder, HD_ROOT_MAX + 17, "%.*s/root-%u", HD_ROOT_MAX, root->path,
                   domain % 1000000000);
}

/* Asks Xen once a look; who does not answer is not asked again at this look. */
static void name_place(struct hd_watch *watch, struct hd_place *place)
{
    const char *store = watch->hostd->options.settings.xenstore;

    if (strcmp(store, "none") != 0 && !watch->xen_is_slow) {
        watch->xen_is_slow = hd_xenstore_uuid(store, place->domain, place->uuid) == -EAGAIN;
    }
}

/* A place that is still there.  False when Xen says only now that it is a machine of the registry:
 * it has to be found again. */
static bool keep_place(struct hd_watch *watch, struct hd_place *place)
{
    place->seen = true;
    if (place->uuid[0] == '\0') {
        name_place(watch, place);
        if (hd_table_machine_by_uuid(&watch->hostd->table, place->uuid) != NULL) {
            return false;
        }
    }
    hd_hostd_place_kept(watch->hostd, place);
    return true;
}

static void add_place(struct hd_watch *watch, const char *folder, uint32_t domain, int dir)
{
    struct hd_place *place = &watch->places[watch->place_count];

    if (watch->place_count == VGPU_VMS_MAX) {
        vgpu_log(VGPU_LOG_ERROR, "folder of a QEMU left out path=%s reason=\"%u are there\"",
                 folder, VGPU_VMS_MAX);
        vgpu_fd_close(&dir);
        return;
    }
    *place = (struct hd_place){.domain = domain, .dir = dir, .seen = true};
    (void)snprintf(place->folder, sizeof(place->folder), "%s", folder);
    (void)snprintf(place->socket, sizeof(place->socket), "%.*s/tmp/" HD_WATCH_SOCKET,
                   HD_ROOT_MAX + 15, folder);
    name_place(watch, place);
    watch->place_count++;
    vgpu_log(VGPU_LOG_INFO, "folder of a QEMU found path=%s uuid=%s", place->folder,
             place->uuid[0] != '\0' ? place->uuid : "unknown");
    hd_hostd_place_found(watch->hostd, place);
}

/* One root-N.  False when its tmp is not there (yet). */
static bool look_at(struct hd_watch *watch, const struct hd_root *root, int root_dir,
                    const char *name, uint32_t domain)
{
    char folder[HD_ROOT_MAX + 17];
    struct hd_place *known;
    int dir = open_tmp(root_dir, name);

    if (dir < 0) {
        return false;
    }
    write_folder(root, domain, folder);
    known = find_folder(watch, folder);
    if (known != NULL && same_folder(known->dir, dir) && keep_place(watch, known)) {
        vgpu_fd_close(&dir);
        return true;
    }
    if (known != NULL) {
        drop_place(watch, known);
    }
    add_place(watch, folder, domain, dir);
    return true;
}

/* Every root-N of one folder.  False when one is not complete yet. */
static bool look_in(struct hd_watch *watch, struct hd_root *root)
{
    DIR *dir = opendir(root->path);
    const struct dirent *entry;
    bool complete = true;

    if (dir == NULL) {
        root->watch = -1;
        return true;
    }
    if (root->watch < 0) {
        root->watch = inotify_add_watch(watch->inotify, root->path, EVENTS | IN_ONLYDIR);
    }
    while ((entry = readdir(dir)) != NULL) {
        uint32_t domain;

        if (read_domain(entry->d_name, &domain)) {
            complete = look_at(watch, root, dirfd(dir), entry->d_name, domain) && complete;
        }
    }
    (void)closedir(dir);
    return complete;
}

void hd_watch_look(struct hd_watch *watch)
{
    bool complete = true;

    watch->xen_is_slow = false;
    for (size_t i = 0; i < watch->place_count; i++) {
        watch->places[i].seen = false;
    }
    for (size_t i = 0; i < watch->root_count; i++) {
        complete = look_in(watch, &watch->roots[i]) && complete;
    }
    for (size_t i = watch->place_count; i > 0; i--) {
        if (!watch->places[i - 1].seen) {
            drop_place(watch, &watch->places[i - 1]);
        }
    }
    if (!complete && watch->tries++ < TRIES_MAX) {
        (void)sd_event_source_set_time_relative(watch->later, LATER_US);
        (void)sd_event_source_set_enabled(watch->later, SD_EVENT_ONESHOT);
    }
}

/* What happened is of no interest, only that something did. */
static int on_event(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    char events[2048] __attribute__((aligned(8)));

    (void)source;
    (void)revents;
    while (read(fd, events, sizeof(events)) > 0) {
    }
    ((struct hd_watch *)userdata)->tries = 0;
    hd_watch_look(userdata);
    return 0;
}

static int on_later(sd_event_source *source, uint64_t now_us, void *userdata)
{
    (void)source;
    (void)now_us;
    hd_watch_look(userdata);
    return 0;
}

static void read_roots(struct hd_watch *watch, const char *text)
{
    if (strcmp(text, "none") == 0) {
        return;
    }
    for (text += strspn(text, " \t"); *text != '\0' && watch->root_count < HD_WATCH_ROOTS_MAX;
         text += strspn(text, " \t")) {
        size_t word = strcspn(text, " \t");
        size_t len = word;
        struct hd_root *root = &watch->roots[watch->root_count];

        if (len < sizeof(root->path)) {
            (void)snprintf(root->path, sizeof(root->path), "%.*s", (int)len, text);
            while (len > 1 && root->path[len - 1] == '/') {
                root->path[--len] = '\0';
            }
            root->watch = -1;
            watch->root_count++;
        }
        text += word;
    }
}

static int open_watch(struct hd_watch *watch)
{
    sd_event *event = watch->hostd->event;
    int rc;

    watch->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->inotify < 0) {
        return -errno;
    }
    rc = sd_event_add_io(event, &watch->source, watch->inotify, EPOLLIN, on_event, watch);
    if (rc >= 0) {
        rc = sd_event_add_time_relative(event, &watch->later, CLOCK_MONOTONIC, 0, 0, on_later,
                                        watch);
    }
    return rc;
}

int hd_watch_start(struct hd_watch *watch, struct hd_hostd *hostd)
{
    int rc = 0;

    if (watch->hostd == NULL) {
        watch->hostd = hostd;
        rc = open_watch(watch);
    }
    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < watch->root_count; i++) {
        if (watch->roots[i].watch >= 0) {
            (void)inotify_rm_watch(watch->inotify, watch->roots[i].watch);
        }
    }
    watch->root_count = 0;
    read_roots(watch, hostd->options.settings.watch);
    hd_watch_look(watch);
    return 0;
}

/* True when the path is ROOT/root-N/tmp/vgpu-mediator.sock. */
static bool is_in(const struct hd_root *root, const char *path)
{
    size_t len = strlen(root->path);
    const char *tail = strstr(path, "/tmp/" HD_WATCH_SOCKET);
    char name[24];
    uint32_t domain;

    if (strncmp(path, root->path, len) != 0 || path[len] != '/' || tail == NULL ||
        tail < path + len + 1 || (size_t)(tail - path) - len >= sizeof(name)) {
        return false;
    }
    (void)snprintf(name, sizeof(name), "%.*s", (int)(tail - path - (ptrdiff_t)len - 1),
                   path + len + 1);
    return read_domain(name, &domain);
}

int hd_watch_folder(const struct hd_watch *watch, const char *path,
                    struct hd_listener_access *access, int *dir)
{
    const struct hd_place *place = hd_watch_place(watch, path);
    struct stat info;

    *dir = -1;
    if (place == NULL) {
        for (size_t i = 0; i < watch->root_count; i++) {
            if (is_in(&watch->roots[i], path)) {
                return -ENOENT;
            }
        }
        return -EXDEV;
    }
    if (fstat(place->dir, &info) != 0) {
        return -errno;
    }
    if (access->uid == (uid_t)-1) {
        access->uid = info.st_uid;
    }
    if (access->gid == (gid_t)-1) {
        access->gid = info.st_gid;
    }
    *dir = fcntl(place->dir, F_DUPFD_CLOEXEC, 3);
    return *dir < 0 ? -errno : 0;
}

void hd_watch_stop(struct hd_watch *watch)
{
    for (size_t i = 0; i < watch->place_count; i++) {
        vgpu_fd_close(&watch->places[i].dir);
    }
    watch->place_count = 0;
    watch->source = sd_event_source_disable_unref(watch->source);
    watch->later = sd_event_source_disable_unref(watch->later);
    if (watch->hostd != NULL) {
        vgpu_fd_close(&watch->inotify);
    }
}
