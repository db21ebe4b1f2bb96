/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_PIPE_H
#define EX_WORKER_PIPE_H

/* Where a worker or probe finds its pipe, an AF_UNIX stream socketpair. */
#define EX_PIPE_FD 3

#endif
