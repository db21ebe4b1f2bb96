/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/kexec.h"
struct kexec *kexec_new(const struct kexec_launch *launch)
{
    (void)launch;
    return NULL;
}
void kexec_free(struct kexec *k)
{
    (void)k;
}
enum kexec_state kexec_slice(struct kexec *k, CUresult *cu)
{
    (void)k;
    *cu = 801;
    return KEXEC_DONE;
}
