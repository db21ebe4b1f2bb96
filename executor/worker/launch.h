/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_LAUNCH_H
#define EX_WORKER_LAUNCH_H

/* What launches and kernel nodes share.  The dispatcher's. */

#include <stddef.h>
#include <stdint.h>

#include "proto/cuda_abi.h"

struct ex_session;

/* The parameters as the driver takes them from a buffer. */
struct ex_params {
    size_t bytes;
    void *extra[5];
};

/* The `extra` of a launch with these parameters, in `params`; NULL without any. */
void **ex_params_of(struct ex_params *params, const uint8_t *bytes, uint32_t len);

/* The attributes of a record, all of which may be given to the driver; *config borrows a list
 * that the next call changes. */
CUresult ex_launch_attributes(struct ex_session *x, const uint8_t *bytes, uint32_t len,
                              CUlaunchConfig *config);

#endif
