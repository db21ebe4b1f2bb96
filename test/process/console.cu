/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>

extern "C" __global__ void hello(int step)
{
    printf("step %d thread %d\n", step, (int)threadIdx.x);
}

extern "C" __global__ void lines(int count)
{
    for (int i = 0; i < count; i++) {
        printf("line %d ....................................................\n", i);
    }
}

extern "C" __global__ void check(int value)
{
    assert(value == 0);
}
