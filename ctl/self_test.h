/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_SELF_TEST_H
#define CT_SELF_TEST_H

/*
 * The way of a program from end to end, hop by hop.  The program is a process of its own: this
 * same file under another name, so that nothing that it loads is in the way of who reports.
 * Private to ctl/.
 */

#include <stdint.h>

/* argv[0] of that process; its arguments: socket, library, and a descriptor for the hops. */
#define CT_SELF_TEST_NAME "vgpuctl-self-test"

#define CT_HOP_TEXT 400

/* One step, as the process tells it: fixed size, one write each. */
struct ct_hop {
    char name[16];
    uint64_t ns;
    uint32_t failed;
    uint32_t reserved;
    char text[CT_HOP_TEXT]; /* what was seen; of a failure cause and cure */
};

/* The process.  Its exit status: 0 when all hops passed. */
int ct_self_test_main(int argc, char **argv);

#endif
