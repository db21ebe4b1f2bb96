/* SPDX-License-Identifier: Apache-2.0 */
#include "hostd/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint64_t kept = UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_DAC_OVERRIDE |
                             UINT64_C(1) << CAP_FOWNER | UINT64_C(1) << CAP_KILL;

/* Without CAP_SETPCAP there is nothing to take from the bounding set; NO_NEW_PRIVS holds anyway. */
static void bound(void)
{
    for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
        if ((kept >> i & 1) == 0) {
            (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
        }
    }
}

/* Leaves what is kept; true when there was more. */
static bool mask(struct __user_cap_data_struct data[2])
{
    bool more = false;

    for (unsigned int i = 0; i < 2; i++) {
        uint32_t allowed = (uint32_t)(kept >> (32 * i));

        more = more || (data[i].permitted & ~allowed) != 0 || data[i].inheritable != 0;
        data[i].permitted &= allowed;
        data[i].effective = data[i].permitted;
        data[i].inheritable = 0;
    }
    return more;
}

int hd_privileges_drop(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return -errno;
    }
    bound();
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capget, &header, data) != 0) {
        return -errno;
    }
    /* A unit that has bounded them already may forbid the call. */
    return mask(data) && syscall(SYS_capset, &header, data) != 0 ? -errno : 0;
}
