/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Loads of modules that were never seen before, and again: what a cache saves a second process.
 * Every text is new, by a number that no run repeats.
 */
#include "test/bench/bench.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IMAGE_BYTES ((size_t)20 << 20)
#define KERNELS     100u
#define STEPS       40u
/* What is loaded is filed behind the answer. */
#define FILING_US 300000.0

static unsigned long long new_number(void)
{
    static unsigned long long last;
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    last += (unsigned long long)ts.tv_sec * 1000000000u + (unsigned long long)ts.tv_nsec;
    return last;
}

static double load_us(const void *image)
{
    double start = bench_now_us(), spent;
    CUmodule module;

    BENCH_CHECK(cuModuleLoadData(&module, image));
    spent = bench_now_us() - start;
    BENCH_CHECK(cuModuleUnload(module));
    return spent;
}

static void rest(void)
{
    double end = bench_now_us() + FILING_US;

    while (bench_now_us() < end) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

/* Machine code with a variable that fills it; the simulator's is text, which spaces fill. */
static char *make_image(size_t bytes)
{
    static const char format[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
                                 ".visible .global .align 8 .u64 filler[%zu] = {%llu};\n"
                                 ".visible .entry nothing()\n{\n ret;\n}\n";
    char text[sizeof(format) + 64];
    CUlinkState link;
    void *code = NULL;
    char *image;
    size_t size;

    (void)snprintf(text, sizeof(text), format, bytes / 8, new_number());
    BENCH_CHECK(cuLinkCreate_v2(0, NULL, NULL, &link));
    BENCH_CHECK(
        cuLinkAddData_v2(link, CU_JIT_INPUT_PTX, text, strlen(text) + 1, "", 0, NULL, NULL));
    BENCH_CHECK(cuLinkComplete(link, &code, &size));
    image = malloc((size > bytes ? size : bytes) + 1);
    bench_check(image != NULL ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY, "malloc");
    memset(image, ' ', bytes);
    image[size > bytes ? size : bytes] = '\0';
    memcpy(image, code, size);
    if (size < bytes && memchr(image, '\0', size) != NULL) {
        image[size - 1] = ' ';
    }
    BENCH_CHECK(cuLinkDestroy(link));
    return image;
}

static double image_first(struct bench *b)
{
    char *image = make_image(IMAGE_BYTES / b->scale);
    double spent = load_us(image);

    free(image);
    b->operations++;
    return spent / 1000;
}

static double image_again(struct bench *b)
{
    char *image = make_image(IMAGE_BYTES / b->scale);
    double spent;

    (void)load_us(image);
    rest();
    spent = load_us(image);
    free(image);
    b->operations++;
    return spent / 1000;
}

/* A hundred kernels of forty steps. */
static char *make_text(unsigned int kernels)
{
    unsigned long long number = new_number();
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    bench_check(to != NULL ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY, "open_memstream");
    fprintf(to, ".version 7.0\n.target sm_70\n.address_size 64\n");
    for (unsigned int k = 0; k < kernels; k++) {
        fprintf(to,
                ".visible .entry k%u(.param .u64 out)\n{\n .reg .u64 %%a, %%b;\n"
                " ld.param.u64 %%a, [out];\n ld.global.u64 %%b, [%%a];\n",
                k);
        for (unsigned int i = 0; i < STEPS; i++) {
            fprintf(to, " mad.lo.u64 %%b, %%b, %llu, %%a;\n", (number + k * STEPS + i) | 1);
        }
        fprintf(to, " st.global.u64 [%%a], %%b;\n ret;\n}\n");
    }
    (void)fclose(to);
    return text;
}

static double text_first(struct bench *b)
{
    char *text = make_text(KERNELS / b->scale + 1);
    double spent = load_us(text);

    free(text);
    b->operations++;
    return spent / 1000;
}

static double text_again(struct bench *b)
{
    char *text = make_text(KERNELS / b->scale + 1);
    double spent;

    (void)load_us(text);
    rest();
    spent = load_us(text);
    free(text);
    b->operations++;
    return spent / 1000;
}

const struct figure bench_module_figures[] = {
    {"module20_first", "ms", "lower", image_first},
    {"module20_again", "ms", "lower", image_again},
    {"ptx100_first", "ms", "lower", text_first},
    {"ptx100_again", "ms", "lower", text_again},
    {NULL, NULL, NULL, NULL},
};
