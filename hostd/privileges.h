/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HD_PRIVILEGES_H
#define HD_PRIVILEGES_H

/*
 * What vgpu-hostd keeps of root's privileges: to give sockets to their owners, in folders of
 * others (CHOWN, FOWNER, DAC_OVERRIDE), and to end workers (KILL).
 */

/* Gives up everything else, for good.  Works without any privilege too.  0 or -errno. */
int hd_privileges_drop(void);

#endif
