/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdlib.h>
#include <string.h>

CONF_POSITIVE(cuInit, zero_flags)
{
    CONF_OK(cuInit(0));
}

CONF_POSITIVE(cuInit, twice)
{
    int n = 0;

    CONF_OK(cuInit(0));
    CONF_OK(cuInit(0));
    CONF_OK(cuDeviceGetCount(&n));
    CONF_EXPECT(n >= 1);
}

CONF_NEGATIVE(cuInit, flag_one)
{
    CONF_RESULT(cuInit(1), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuInit, all_flags)
{
    int n = 0;

    CONF_RESULT(cuInit(~0u), CUDA_ERROR_INVALID_VALUE);
    CONF_RESULT(cuDeviceGetCount(&n), CUDA_ERROR_NOT_INITIALIZED);
}

CONF_POSITIVE(cuDriverGetVersion, plain)
{
    int version = 0;

    CONF_OK(cuDriverGetVersion(&version));
    CONF_EXPECT(version >= 11000 && version % 10 == 0);
}

CONF_POSITIVE(cuDriverGetVersion, after_init)
{
    int version = 0;

    conf_device();
    CONF_OK(cuDriverGetVersion(&version));
    CONF_EXPECT(version >= 11000 && version % 10 == 0);
}

CONF_NEGATIVE(cuDriverGetVersion, null_before_init)
{
    CONF_RESULT(cuDriverGetVersion(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuDriverGetVersion, null_after_init)
{
    conf_device();
    CONF_RESULT(cuDriverGetVersion(NULL), CUDA_ERROR_INVALID_VALUE);
}

CONF_POSITIVE(cuGetErrorString, known_codes)
{
    const char *s = NULL;

    CONF_OK(cuGetErrorString(CUDA_SUCCESS, &s));
    CONF_EXPECT(s && !strcmp(s, "no error"));
    CONF_OK(cuGetErrorString(CUDA_ERROR_INVALID_VALUE, &s));
    CONF_EXPECT(s && !strcmp(s, "invalid argument"));
    CONF_OK(cuGetErrorString(CUDA_ERROR_OUT_OF_MEMORY, &s));
    CONF_EXPECT(s && !strcmp(s, "out of memory"));
    CONF_OK(cuGetErrorString(CUDA_ERROR_ILLEGAL_ADDRESS, &s));
    CONF_EXPECT(s && !strcmp(s, "an illegal memory access was encountered"));
}

CONF_NEGATIVE(cuGetErrorString, unknown_code)
{
    const char *s = "unchanged";

    CONF_RESULT(cuGetErrorString((CUresult)12345, &s), CUDA_ERROR_INVALID_VALUE);
    CONF_EXPECT(s == NULL);
}

CONF_NEGATIVE(cuGetErrorString, hole_between_codes)
{
    const char *s = "unchanged";

    CONF_RESULT(cuGetErrorString((CUresult)99, &s), CUDA_ERROR_INVALID_VALUE);
    CONF_EXPECT(s == NULL);
}

CONF_POSITIVE(cuGetErrorName, known_codes)
{
    const char *s = NULL;

    CONF_OK(cuGetErrorName(CUDA_SUCCESS, &s));
    CONF_EXPECT(s && !strcmp(s, "CUDA_SUCCESS"));
    CONF_OK(cuGetErrorName(CUDA_ERROR_NOT_READY, &s));
    CONF_EXPECT(s && !strcmp(s, "CUDA_ERROR_NOT_READY"));
    CONF_OK(cuGetErrorName(CUDA_ERROR_INVALID_PTX, &s));
    CONF_EXPECT(s && !strcmp(s, "CUDA_ERROR_INVALID_PTX"));
    CONF_OK(cuGetErrorName(CUDA_ERROR_UNKNOWN, &s));
    CONF_EXPECT(s && !strcmp(s, "CUDA_ERROR_UNKNOWN"));
}

CONF_NEGATIVE(cuGetErrorName, unknown_code)
{
    const char *s = "unchanged";

    CONF_RESULT(cuGetErrorName((CUresult)-1, &s), CUDA_ERROR_INVALID_VALUE);
    CONF_EXPECT(s == NULL);
}

CONF_NEGATIVE(cuGetErrorName, hole_between_codes)
{
    const char *s = "unchanged";

    CONF_RESULT(cuGetErrorName((CUresult)99, &s), CUDA_ERROR_INVALID_VALUE);
    CONF_EXPECT(s == NULL);
}

/* Names of all codes of the API, so that a table with a hole shows. */

CONF_POSITIVE(cuGetErrorName, every_code)
{
    const char *s = NULL;
    int known = 0;

    for (int code = 0; code < 1000; code++) {
        known +=
            drv.cuGetErrorName((CUresult)code, &s) == CUDA_SUCCESS && s && !strncmp(s, "CUDA_", 5);
    }
    CONF_VALUE(known);
}

CONF_POSITIVE(cuGetErrorString, every_code)
{
    const char *s = NULL;
    int known = 0;

    for (int code = 0; code < 1000; code++) {
        known += drv.cuGetErrorString((CUresult)code, &s) == CUDA_SUCCESS && s && s[0];
    }
    CONF_VALUE(known);
}
