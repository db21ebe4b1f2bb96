/* SPDX-License-Identifier: Apache-2.0 */
/* Asked by hand: not made again. */
CONF_NEGATIVE(cuModuleGetFunction, null_out)
{
    CONF_RESULT(cuModuleGetFunction(NULL, conf_module(), "noop"), CUDA_ERROR_INVALID_VALUE);
}

CONF_NEGATIVE(cuMemAlloc_v2, before_init)
{
    CONF_RESULT(cuMemAlloc_v2(&p, 16), CUDA_ERROR_NOT_INITIALIZED);
}
