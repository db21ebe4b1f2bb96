/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_CREDENTIALS_H
#define EX_WORKER_CREDENTIALS_H

/*
 * Becomes `user` for good when the process is root; "" or not root: stays what it is.
 * For a process with one thread.  0; -ENOENT (no such account), -EPERM (root could be had
 * again) or another -errno.
 */
int ex_credentials_drop(const char *user);

#endif
