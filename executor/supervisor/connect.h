/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_CONNECT_H
#define EX_SUPERVISOR_CONNECT_H

#include <stdbool.h>

/*
 * Connects to the AF_UNIX stream socket at `path` without waiting for a listener that is busy.
 * With `credentials` the kernel names the sender of whatever comes (SO_PASSCRED, set before the
 * other side can send).  Returns a descriptor (blocking, close-on-exec), or -errno: -EAGAIN when
 * too many wait there already, -ENAMETOOLONG.
 */
int ex_connect(const char *path, bool credentials);

#endif
