/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/transport/holder.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proto/limits.h"

#define STACK_BYTES (64u << 10)

_Static_assert(sizeof(struct robust_list) == sizeof(uint64_t), "a node is a pointer");
_Static_assert(VGPU_HOLDER_DIED == FUTEX_OWNER_DIED, "what the kernel sets");

/* What the kernel reads when the thread ends.  Every store to it and to the nodes is one that it
 * may be the last: list_op_pending names the node that is on its way in or out. */
static struct robust_list_head head = {
    .list = {&head.list},
    .futex_offset =
        offsetof(struct vgpu_channel_holder, tid) - offsetof(struct vgpu_channel_holder, next),
};
/* The list from its end to its start. */
static struct vgpu_channel_holder *nodes[VGPU_DEVICES_MAX];
static unsigned int count;
static _Atomic uint32_t thread_id;
static sem_t started;

static struct robust_list *entry(struct vgpu_channel_holder *node)
{
    return (struct robust_list *)(void *)&node->next;
}

static void point(struct robust_list *from, struct robust_list *to)
{
    __atomic_store_n(&from->next, to, __ATOMIC_SEQ_CST);
}

static void pend(struct robust_list *node)
{
    __atomic_store_n(&head.list_op_pending, node, __ATOMIC_SEQ_CST);
}

static void *sleep_for_ever(void *arg)
{
    (void)arg;
    (void)prctl(PR_SET_NAME, "vgpu-holder");
    if (syscall(SYS_set_robust_list, &head, sizeof(head)) != 0) {
        (void)sem_post(&started);
        return NULL;
    }
    atomic_store(&thread_id, (uint32_t)syscall(SYS_gettid));
    (void)sem_post(&started);
    for (;;) {
        (void)pause();
    }
}

static int create(size_t stack_bytes)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int rc = pthread_attr_init(&attributes);

    if (rc != 0) {
        return -rc;
    }
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (stack_bytes != 0) {
        (void)pthread_attr_setstacksize(&attributes, stack_bytes);
    }
    rc = pthread_create(&thread, &attributes, sleep_for_ever, NULL);
    (void)pthread_attr_destroy(&attributes);
    return -rc;
}

static int start(void)
{
    sigset_t all;
    sigset_t before;
    int rc;

    (void)sem_init(&started, 0, 0);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = create(STACK_BYTES);
    if (rc == -EINVAL) {
        rc = create(0); /* a program whose thread-local variables need more */
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        return rc;
    }
    while (sem_wait(&started) != 0) {
        /* a signal */
    }
    return atomic_load(&thread_id) != 0 ? 0 : -ENOSYS;
}

int gs_holder_add(struct vgpu_channel_holder *node)
{
    int rc = 0;

    if (count == VGPU_DEVICES_MAX) {
        return -ENOSPC;
    }
    if (atomic_load(&thread_id) == 0) {
        rc = start();
    }
    if (rc != 0) {
        return rc;
    }
    pend(entry(node));
    atomic_store(&node->tid, atomic_load(&thread_id));
    point(entry(node), count > 0 ? entry(nodes[count - 1]) : &head.list);
    point(&head.list, entry(node));
    pend(NULL);
    nodes[count++] = node;
    return 0;
}

void gs_holder_remove(struct vgpu_channel_holder *node)
{
    struct robust_list *behind;
    unsigned int at = 0;

    while (at < count && nodes[at] != node) {
        at++;
    }
    if (at == count) {
        return;
    }
    behind = at > 0 ? entry(nodes[at - 1]) : &head.list;
    pend(entry(node));
    point(at + 1 < count ? entry(nodes[at + 1]) : &head.list, behind);
    count--;
    for (; at < count; at++) {
        nodes[at] = nodes[at + 1];
    }
}

void gs_holder_clear(struct vgpu_channel_holder *node)
{
    atomic_store(&node->tid, 0);
    pend(NULL);
}

uint32_t gs_holder_id(void)
{
    return atomic_load(&thread_id);
}

void gs_holder_forget(void)
{
    count = 0;
    point(&head.list, &head.list);
    pend(NULL);
    atomic_store(&thread_id, 0);
}
