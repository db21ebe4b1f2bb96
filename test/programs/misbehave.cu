/* SPDX-License-Identifier: Apache-2.0 */

/* Writes wherever it is told to; the program tells it to write nowhere. */
extern "C" __global__ void scribble(unsigned int *where, unsigned int what)
{
    where[threadIdx.x] = what;
}
