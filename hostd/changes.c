/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/changes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "hostd/hostd.h"

/* A frame that a client sent, until it is answered. */
struct hd_request {
    struct hd_request *next;
    uint64_t client;
    uid_t uid;
    Vgpu__Frame *frame; /* owned */
};

static void free_request(struct hd_request *request)
{
    vgpu__frame__free_unpacked(request->frame, NULL);
    free(request);
}

/* The reader's frame lives until its next call only. */
static struct hd_request *make_request(uint64_t client, uid_t uid, const Vgpu__Frame *frame)
{
    size_t len = vgpu__frame__get_packed_size(frame);
    uint8_t *bytes = malloc(len);
    struct hd_request *request = calloc(1, sizeof(*request));

    if (bytes != NULL && request != NULL) {
        (void)vgpu__frame__pack(frame, bytes);
        *request = (struct hd_request){
            .client = client, .uid = uid, .frame = vgpu__frame__unpack(NULL, len, bytes)};
    }
    free(bytes);
    if (request != NULL && request->frame == NULL) {
        free(request);
        request = NULL;
    }
    return request;
}

static uint32_t id_of(const Vgpu__Frame *frame)
{
    switch ((int)frame->kind_case) {
    case VGPU__FRAME__KIND_VM_CHANGE:
        return frame->vm_change->id;
    case VGPU__FRAME__KIND_POOL_CHANGE:
        return frame->pool_change->id;
    default:
        return frame->gpu_change->id;
    }
}

static int make_change(struct hd_hostd *hostd, const Vgpu__Frame *frame, char *why, size_t cap)
{
    struct hd_change *change = &hostd->changes.change;

    switch ((int)frame->kind_case) {
    case VGPU__FRAME__KIND_VM_CHANGE:
        return hd_change_of_vm(change, &hostd->table, frame->vm_change, why, cap);
    case VGPU__FRAME__KIND_POOL_CHANGE:
        return hd_change_of_pool(change, &hostd->table, frame->pool_change, why, cap);
    default:
        return hd_change_of_gpu(change, &hostd->table, frame->gpu_change, why, cap);
    }
}

/* The text may have words of the tool: they cannot end the quotes, and stay readable. */
static void log_refusal(uid_t uid, const char *text)
{
    char safe[HD_WHY_MAX];

    (void)snprintf(safe, sizeof(safe), "%s", text);
    for (char *at = safe; *at != '\0'; at++) {
        *at = *at == '"' ? '\'' : *at;
    }
    vgpu_log(VGPU_LOG_NOTICE, "change refused by uid=%u error=\"%s\"", uid, safe);
}

/* Answers the first request and forgets it. */
static void answer(struct hd_hostd *hostd, int error, const char *text)
{
    struct hd_changes *changes = &hostd->changes;
    struct hd_request *request = changes->first;

    changes->under_way = false;
    changes->told = false;
    changes->first = request->next;
    if (changes->first == NULL) {
        changes->last = NULL;
    }
    if (error != 0) {
        log_refusal(request->uid, text);
    }
    hd_server_answer(&hostd->server, request->client, id_of(request->frame), error, text);
    free_request(request);
}

/* The broker was told what could not be written: it hears again what the registry has. */
static void undo(struct hd_hostd *hostd)
{
    bool told = hostd->changes.told;

    hd_vms_take_back(hostd);
    if (told) {
        hd_broker_again(&hostd->broker);
    }
}

/* The transaction ends well: disk, then table, then log and answer. */
static void keep(struct hd_hostd *hostd, const char *note)
{
    struct hd_changes *changes = &hostd->changes;
    char text[HD_WHY_MAX];
    char what[120];
    int rc = hd_store_commit(&hostd->store, text, sizeof(text));

    if (rc < 0) {
        undo(hostd);
        answer(hostd, -rc, text);
        return;
    }
    hd_change_apply(&changes->change, &hostd->table);
    hd_vms_keep(hostd, &changes->change, changes->told);
    hd_change_describe(&changes->change, what, sizeof(what));
    vgpu_log(VGPU_LOG_INFO, "%s by uid=%u", what, changes->first->uid);
    answer(hostd, 0, note);
}

/* Tells the broker.  1: it will answer; 0: nobody to tell, or nothing, `why` has a note; -errno. */
static int tell(struct hd_hostd *hostd, char *why, size_t cap)
{
    struct hd_changes *changes = &hostd->changes;
    int rc;

    why[0] = '\0';
    if (!hd_broker_is_up(&hostd->broker)) {
        (void)snprintf(why, cap,
                       "vgpu-broker does not run, and hears of it when it does: "
                       "systemctl start vgpu-broker");
        return 0;
    }
    rc = hd_vms_tell(hostd, &changes->change, why, cap);
    changes->under_way = rc == 1;
    changes->told = rc == 1;
    return rc;
}

/* Starts the first request; it is answered, or under way. */
static void start(struct hd_hostd *hostd)
{
    struct hd_changes *changes = &hostd->changes;
    char why[HD_WHY_MAX] = "";
    int rc = make_change(hostd, changes->first->frame, why, sizeof(why));

    if (rc == 0) {
        rc = hd_store_begin(&hostd->store, &changes->change, why, sizeof(why));
    }
    if (rc < 0) {
        answer(hostd, -rc, why);
        return;
    }
    rc = tell(hostd, why, sizeof(why));
    if (rc < 0) {
        hd_store_rollback(&hostd->store);
        hd_vms_take_back(hostd);
        answer(hostd, -rc, why);
    } else if (rc == 0) {
        keep(hostd, why);
    }
}

void hd_changes_told(struct hd_hostd *hostd, int error, const char *text)
{
    if (!hostd->changes.under_way) {
        return;
    }
    if (error == 0) {
        keep(hostd, text);
    } else {
        hd_store_rollback(&hostd->store);
        hd_vms_take_back(hostd);
        answer(hostd, error, text);
    }
    hd_changes_go_on(hostd);
}

void hd_changes_go_on(struct hd_hostd *hostd)
{
    while (hostd->changes.first != NULL && !hostd->changes.under_way &&
           !hd_broker_is_coming(&hostd->broker)) {
        start(hostd);
    }
}

void hd_changes_ask(struct hd_hostd *hostd, uint64_t client, uid_t uid, const Vgpu__Frame *frame)
{
    struct hd_changes *changes = &hostd->changes;
    struct hd_request *request = make_request(client, uid, frame);

    if (request == NULL) {
        hd_server_answer(&hostd->server, client, id_of(frame), ENOMEM, "no memory; ask again");
        return;
    }
    if (changes->last != NULL) {
        changes->last->next = request;
    } else {
        changes->first = request;
    }
    changes->last = request;
    hd_changes_go_on(hostd);
}

void hd_changes_fini(struct hd_changes *changes)
{
    while (changes->first != NULL) {
        struct hd_request *request = changes->first;

        changes->first = request->next;
        free_request(request);
    }
    changes->last = NULL;
}
