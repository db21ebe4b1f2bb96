/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_SUPERVISOR_SUPERVISOR_H
#define EX_SUPERVISOR_SUPERVISOR_H

#include "executor/options.h"

/*
 * The supervisor of options->gpu: probes it, registers with the broker, keeps spares, makes,
 * checks, hands over, kills and reaps workers, until SIGTERM or SIGINT.  Connects again when
 * the broker goes; its workers are killed then.  The exit status.
 */
int ex_supervisor_main(const struct ex_options *options);

#endif
