/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_COMPILED_H
#define EX_WORKER_COMPILED_H

/*
 * PTX that is compiled once for a machine (docs/design.md, "The cache of modules"): the driver's
 * linker makes machine code of it, which is loaded and filed, and later workers load that.
 *
 * Where anything about that does not succeed, the text is loaded as if there were no cache, so
 * errors and their logs are the driver's.  Loads whose log or time a program asks for are not
 * cached.  Helper threads.
 */

#include "executor/worker/image_choose.h"
#include "executor/worker/jit.h"

struct ex_session;

/* As the driver's cuModuleLoadDataEx. `options` are the guest's, as in ex_jit_read(). */
CUresult ex_compiled_load(struct ex_session *x, const struct ex_choice *choice, struct ex_jit *jit,
                          const uint8_t *options, uint32_t options_len, CUmodule *module);

#endif
