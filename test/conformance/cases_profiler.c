/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

/* No tool listens: the calls mark a part of the program and change nothing. */

CONF_POSITIVE(cuProfilerStart, any_number_of_times)
{
    conf_context();
    CONF_OK(cuProfilerStart());
    CONF_OK(cuProfilerStart());
    CONF_OK(cuProfilerStop());
}

CONF_NEGATIVE(cuProfilerStart, no_context)
{
    conf_device();
    CONF_RESULT(cuProfilerStart(), CUDA_ERROR_INVALID_CONTEXT);
}

CONF_POSITIVE(cuProfilerStop, without_start)
{
    conf_context();
    CONF_OK(cuProfilerStop());
    CONF_OK(cuProfilerStop());
}

CONF_NEGATIVE(cuProfilerStop, no_context)
{
    conf_device();
    CONF_RESULT(cuProfilerStop(), CUDA_ERROR_INVALID_CONTEXT);
}
