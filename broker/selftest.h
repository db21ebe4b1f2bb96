/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_SELFTEST_H
#define BR_SELFTEST_H

/*
 * Makes a channel as a session has it, rings both of its bells and takes it away: what a broker
 * promises when it says that it is ready.  Behind the lock, so that a filter that is too narrow
 * for this kernel ends the broker at its start and not at its first guest.  0 or -errno.
 */
int br_selftest(void);

#endif
