/* SPDX-License-Identifier: Apache-2.0 */
/* cuRAND: each generator's uniform, normal and whole numbers. */
#include <curand.h>

#include "test/frameworks/libraries/tell.h"

enum { COUNT = 100000 };

static void run(const char *name, curandRngType_t type, int quasi)
{
    curandGenerator_t generator;
    float *out = tell_upload(NULL, sizeof(float) * COUNT);
    char label[64];

    TRY(curandCreateGenerator(&generator, type));
    if (!quasi) {
        TRY(curandSetPseudoRandomGeneratorSeed(generator, 1234u));
    }
    TRY(curandGenerateUniform(generator, out, COUNT));
    (void)snprintf(label, sizeof(label), "%s.uniform", name);
    tell_floats(label, out, COUNT);
    TRY(curandGenerateNormal(generator, out, COUNT, 0.5F, 2.0F));
    (void)snprintf(label, sizeof(label), "%s.normal", name);
    tell_floats(label, out, COUNT);
    TRY(curandGenerate(generator, (unsigned int *)out, COUNT));
    (void)snprintf(label, sizeof(label), "%s.bits", name);
    tell_device(label, out, sizeof(float) * COUNT);
    TRY(curandDestroyGenerator(generator));
    TELL_CUDA(cudaFree(out));
}

int main(void)
{
    int version = 0;

    TRY(curandGetVersion(&version));
    tell_int("version", version);
    run("xorwow", CURAND_RNG_PSEUDO_XORWOW, 0);
    run("philox", CURAND_RNG_PSEUDO_PHILOX4_32_10, 0);
    run("mrg32k3a", CURAND_RNG_PSEUDO_MRG32K3A, 0);
    run("mtgp32", CURAND_RNG_PSEUDO_MTGP32, 0);
    run("sobol32", CURAND_RNG_QUASI_SOBOL32, 1);
    tell_done();
    return 0;
}
