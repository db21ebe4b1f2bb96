/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_EXIT_STATUS_H
#define EX_WORKER_EXIT_STATUS_H

/* How a worker ends, for the supervisor's log line. */
enum ex_exit {
    EX_EXIT_PEER = 0,    /* the pipe was closed: the session is over */
    EX_EXIT_START = 70,  /* it could not start; the reason went to the log and the pipe */
    EX_EXIT_STICKY = 75, /* a sticky CUDA error, told by Fatal */
    EX_EXIT_BROKEN = 76, /* the peer broke the protocol */
};

#endif
