/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_SELF_TEST_VM_H
#define CT_SELF_TEST_VM_H

#include "ctl/ctl.h"

/* What the host can tell of a machine's way to a GPU, hop by hop; the rest is for the machine
 * itself, and is said.  CT_OK when every hop is in order.  Private to ctl/. */
enum ct_status ct_self_test_vm(const struct ct_options *options, const char *name);

#endif
