/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/view.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

struct question {
    enum vgpu_ctl_what what;
    size_t offset; /* of the rows in the view */
};

static int ask_all(struct ct_view *view, struct ct_client *client, const struct question *questions,
                   size_t count, struct ct_error *error)
{
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++) {
        struct ct_rows *rows = (void *)((char *)view + questions[i].offset);

        rc = ct_rows_ask(rows, client, questions[i].what, "", error);
        /* A peer of an older release does not know every question. */
        if (rc == -EREMOTEIO && (client->refusal == EOPNOTSUPP || client->refusal == EINVAL)) {
            rc = 0;
        }
    }
    return rc;
}

int ct_view_read_broker(struct ct_view *view, const struct ct_options *options)
{
    static const struct question questions[] = {
        {VGPU_CTL_BROKER, offsetof(struct ct_view, broker)},
        {VGPU_CTL_VMS, offsetof(struct ct_view, vms)},
        {VGPU_CTL_GPUS, offsetof(struct ct_view, gpus)},
        {VGPU_CTL_POOLS, offsetof(struct ct_view, pools)},
        {VGPU_CTL_SESSIONS, offsetof(struct ct_view, sessions)},
    };
    struct ct_client client;
    int rc = ct_client_open(&client, CT_SERVER_BROKER, options->control, &view->broker_error);

    if (rc < 0) {
        return rc;
    }
    rc = ask_all(view, &client, questions, sizeof(questions) / sizeof(questions[0]),
                 &view->broker_error);
    ct_client_close(&client);
    if (rc == 0 && view->broker.count != 1) {
        ct_error_set(&view->broker_error, CT_FAILED, "%s: the broker says nothing of itself",
                     options->control);
        rc = -EPROTO;
    }
    view->has_broker = rc == 0;
    return rc;
}

int ct_view_read_hostd(struct ct_view *view, const struct ct_options *options)
{
    static const struct question questions[] = {
        {VGPU_CTL_HOSTD, offsetof(struct ct_view, hostd)},
        {VGPU_CTL_QEMUS, offsetof(struct ct_view, qemus)},
        {VGPU_CTL_REGISTRY, offsetof(struct ct_view, registry)},
    };
    struct ct_client client;
    int rc = ct_client_open(&client, CT_SERVER_HOSTD, options->hostd, &view->hostd_error);

    if (rc < 0) {
        return rc;
    }
    rc = ask_all(view, &client, questions, sizeof(questions) / sizeof(questions[0]),
                 &view->hostd_error);
    ct_client_close(&client);
    if (rc == 0 && view->hostd.count != 1) {
        ct_error_set(&view->hostd_error, CT_FAILED, "%s: vgpu-hostd says nothing of itself",
                     options->hostd);
        rc = -EPROTO;
    }
    view->has_hostd = rc == 0;
    return rc;
}

void ct_view_free(struct ct_view *view)
{
    ct_rows_free(&view->broker);
    ct_rows_free(&view->vms);
    ct_rows_free(&view->gpus);
    ct_rows_free(&view->pools);
    ct_rows_free(&view->sessions);
    ct_rows_free(&view->hostd);
    ct_rows_free(&view->qemus);
    ct_rows_free(&view->registry);
}

const ProtobufCMessage *ct_view_broker(const struct ct_view *view)
{
    return view->has_broker ? ct_rows_at(&view->broker, 0) : NULL;
}

const ProtobufCMessage *ct_view_hostd(const struct ct_view *view)
{
    return view->has_hostd ? ct_rows_at(&view->hostd, 0) : NULL;
}
