/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_API_H
#define SIM_API_H

/*
 * The exported calls.  The library is built with hidden visibility; only what
 * is declared here, the Driver API itself, leaves it.  Every source that
 * defines a cu* function includes this header and no other copy of the API.
 */
#pragma GCC visibility push(default)
#include "cuda_api.h"
#pragma GCC visibility pop

#endif
