/* SPDX-License-Identifier: Apache-2.0 */
#include "common/thread.h"

#include <pthread.h>
#include <signal.h>

int vgpu_thread_start(void *(*main)(void *arg), void *arg)
{
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    int rc;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&thread, NULL, main, arg);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0) {
        (void)pthread_detach(thread);
    }
    return -rc;
}
