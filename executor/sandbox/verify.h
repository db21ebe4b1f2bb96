/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SANDBOX_VERIFY_H
#define EX_SANDBOX_VERIFY_H

/*
 * Tries calls that the locked filter refuses with an errno, and checks that each
 * fails with that errno.  To be called by a locked worker before it says Ready.
 * 0, or -EACCES after logging what was not refused.
 */
int ex_verify_locked(void);

#endif
