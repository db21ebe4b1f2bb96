/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/helpers.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "executor/worker/cache.h"
#include "executor/worker/device.h"
#include "executor/worker/dispatch.h"
#include "vgpu_ops.h"

struct job {
    struct job *next;
    struct ex_session *session;
    const struct ex_op *op;
    struct vgpu_record record;
    size_t len;
    uint8_t body[];
};

struct queue {
    struct ex_helpers *helpers;
    pthread_cond_t queued;
    struct job *first;
    struct job **last;
};

struct ex_helpers {
    pthread_mutex_t lock;
    pthread_cond_t started;
    const struct ex_driver *driver;
    CUcontext context;
    uint32_t ready;
    uint32_t failed;
    struct queue calls;
    struct queue links;
    size_t bytes;
};

static void init_queue(struct ex_helpers *h, struct queue *q)
{
    q->helpers = h;
    q->last = &q->first;
    (void)pthread_cond_init(&q->queued, NULL);
}

/* The driver's linker (580.159.04) keeps its state by thread: a link that another thread goes on
 * with ends the process (measured).  So one thread has all links. */
static struct queue *queue_of(struct ex_helpers *h, const struct ex_op *op)
{
    switch (op->info->id) {
    case VGPU_OP_cuLinkCreate_v2:
    case VGPU_OP_cuLinkAddData_v2:
    case VGPU_OP_cuLinkComplete:
    case VGPU_OP_cuLinkDestroy:
        return &h->links;
    default:
        return &h->calls;
    }
}

static struct job *next_job(struct queue *q)
{
    struct ex_helpers *h = q->helpers;

    (void)pthread_mutex_lock(&h->lock);
    while (q->first == NULL) {
        (void)pthread_cond_wait(&q->queued, &h->lock);
    }
    struct job *job = q->first;

    q->first = job->next;
    if (q->first == NULL) {
        q->last = &q->first;
    }
    h->bytes -= sizeof(*job) + job->len;
    (void)pthread_mutex_unlock(&h->lock);
    return job;
}

static bool report_start(struct ex_helpers *h, CUresult cu)
{
    (void)pthread_mutex_lock(&h->lock);
    if (cu == CUDA_SUCCESS) {
        h->ready++;
    } else {
        h->failed++;
    }
    (void)pthread_cond_signal(&h->started);
    (void)pthread_mutex_unlock(&h->lock);
    return cu == CUDA_SUCCESS;
}

static void *helper_main(void *arg)
{
    struct queue *q = arg;
    struct ex_helpers *h = q->helpers;
    uint8_t *room = malloc(VGPU_RECORD_BYTES_MAX);
    CUresult cu =
        room == NULL ? CUDA_ERROR_OUT_OF_MEMORY : ex_device_enter_thread(h->driver, h->context);

    if (!report_start(h, cu)) {
        free(room);
        return NULL;
    }
    for (;;) {
        struct job *job = next_job(q);

        ex_dispatch_help(job->session, job->op, &job->record, job->body, job->len, room);
        ex_cache_settle(job->session);
        free(job);
    }
    return NULL;
}

/* The driver's compiler recurses; the default stack is what it is tested with. */
static uint32_t start_threads(struct queue *q, uint32_t count)
{
    uint32_t made = 0;

    while (made < count) {
        pthread_t thread;
        int rc = pthread_create(&thread, NULL, helper_main, q);

        if (rc != 0) {
            vgpu_log(VGPU_LOG_ERROR, "helper thread not made error=%d", rc);
            break;
        }
        (void)pthread_detach(thread);
        made++;
    }
    return made;
}

struct ex_helpers *ex_helpers_start(const struct ex_driver *driver, CUcontext context,
                                    uint32_t count)
{
    struct ex_helpers *h = calloc(1, sizeof(*h));

    if (h == NULL) {
        return NULL;
    }
    (void)pthread_mutex_init(&h->lock, NULL);
    (void)pthread_cond_init(&h->started, NULL);
    h->driver = driver;
    h->context = context;
    init_queue(h, &h->calls);
    init_queue(h, &h->links);
    uint32_t made = start_threads(&h->calls, count) + start_threads(&h->links, 1);

    (void)pthread_mutex_lock(&h->lock);
    while (h->ready + h->failed < made) {
        (void)pthread_cond_wait(&h->started, &h->lock);
    }
    bool good = h->ready == count + 1;

    (void)pthread_mutex_unlock(&h->lock);
    /* Threads that did start use *h: on failure it is left to the end of the process. */
    return good ? h : NULL;
}

int ex_helpers_queue(struct ex_helpers *h, struct ex_session *session, const struct ex_op *op,
                     const struct vgpu_record *record, const uint8_t *body, size_t len)
{
    struct job *job = malloc(sizeof(*job) + len);
    struct queue *q = queue_of(h, op);
    int rc = 0;

    if (job == NULL) {
        return -ENOMEM;
    }
    job->next = NULL;
    job->session = session;
    job->op = op;
    job->record = *record;
    job->len = len;
    memcpy(job->body, body, len);
    (void)pthread_mutex_lock(&h->lock);
    if (h->bytes + sizeof(*job) + len > EX_HELPERS_QUEUE_BYTES) {
        rc = -ENOBUFS;
    } else {
        h->bytes += sizeof(*job) + len;
        *q->last = job;
        q->last = &job->next;
        (void)pthread_cond_signal(&q->queued);
    }
    (void)pthread_mutex_unlock(&h->lock);
    if (rc < 0) {
        free(job);
    }
    return rc;
}
