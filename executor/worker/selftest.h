/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_SELFTEST_H
#define EX_WORKER_SELFTEST_H

/*
 * Uses once everything of the driver that opens files, starts threads or loads libraries
 * at its first use, so that a locked worker never meets a first use.  Run again after the
 * lock it shows that the lock fits the driver.
 */

#include <stdio.h>

#include "ex_driver_table.h"

/*
 * Runs all steps in the current context.  A step that a driver need not have may answer 801;
 * that is logged at debug level.  `report`, if not NULL, gets one line per step.  CUDA_SUCCESS,
 * or the result of the first step that failed, after a log line with its name.
 */
CUresult ex_selftest_run(const struct ex_driver *driver, CUdevice device, FILE *report);

#endif
