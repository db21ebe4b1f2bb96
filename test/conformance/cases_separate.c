/* SPDX-License-Identifier: Apache-2.0 */
#include "test/conformance/conf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Code that nvcc -rdc=true compiles for compute_75 only: what the linker made is empty, and the
 * driver links the parts.
 */

static const char caller[] =
    ".version 7.0\n.target sm_75\n.address_size 64\n"
    ".extern .func (.param .b32 result) shared_value (.param .b32 x);\n"
    ".visible .entry separate(.param .u64 out)\n{\n"
    "    .reg .b32 %r<2>;\n    .reg .b64 %rd<3>;\n"
    "    ld.param.u64 %rd1, [out];\n    cvta.to.global.u64 %rd2, %rd1;\n"
    "    {\n    .param .b32 param0;\n    st.param.b32 [param0+0], 20;\n    .param .b32 retval0;\n"
    "    call.uni (retval0), shared_value, (param0);\n"
    "    ld.param.b32 %r1, [retval0+0];\n    }\n"
    "    st.global.u32 [%rd2], %r1;\n    ret;\n}\n";
static const char callee[] =
    ".version 7.0\n.target sm_75\n.address_size 64\n"
    ".visible .func (.param .b32 result) shared_value (.param .b32 x)\n{\n"
    "    .reg .b32 %r<3>;\n    ld.param.u32 %r1, [x];\n    add.s32 %r2, %r1, 22;\n"
    "    st.param.b32 [result+0], %r2;\n    ret;\n}\n";

/* As fatbinary writes the headers of one uncompressed text with the option --compile-only. */
struct part {
    uint32_t magic;
    uint16_t version;
    uint16_t header_bytes;
    uint64_t bytes;
    uint16_t kind;
    uint16_t entry_version;
    uint32_t entry_header_bytes;
    uint64_t text_bytes;
    uint32_t packed_bytes;
    uint32_t options;
    uint16_t minor;
    uint16_t major;
    uint32_t arch;
    uint64_t name;
    uint64_t flags;
    uint64_t reserved[2];
    uint32_t option_offset;
    uint32_t option_bytes;
    char option_text[24];
    char text[1024];
};

static struct part make_part(const char *text)
{
    struct part part = {
        .magic = 0xba55ed50u,
        .version = 1,
        .header_bytes = 16,
        .kind = 1,
        .entry_version = 0x0101,
        .entry_header_bytes = 0x60,
        .options = 0x40,
        .major = 9,
        .arch = 75,
        .flags = 0x11,
        .option_offset = 0x48,
        .option_bytes = 0x10,
        .option_text = "--compile-only  ",
    };

    memcpy(part.text, text, strlen(text) + 1);
    part.text_bytes = (strlen(text) + 8) / 8 * 8;
    part.bytes = part.entry_header_bytes + part.text_bytes;
    return part;
}

struct wrapper {
    uint32_t magic;
    uint32_t version;
    const void *linked;
    const void *const *parts;
};

/* Fat binaries stand at multiples of 8. */
static const uint64_t nothing[] = {0x00100001ba55ed50u, 0};

/* 42, which one part makes of what the other says. */
static void expect_sum(CUfunction f)
{
    CUdeviceptr p = 0;
    void *params[] = {&p};
    unsigned int word = 0;

    CONF_SETUP(cuMemAlloc_v2(&p, 4));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, params, NULL));
    CONF_OK(cuCtxSynchronize());
    CONF_OK(cuMemcpyDtoH_v2(&word, p, 4));
    CONF_EXPECT(word == 42);
}

/* What the compiler's runtime does. */
CONF_POSITIVE(cuLibraryLoadData, separately_compiled)
{
    const struct part first = make_part(caller), second = make_part(callee);
    const void *parts[] = {&first, &second, NULL};
    const struct wrapper wrapper = {0x466243b1u, 2, nothing, parts};
    CUlibraryOption options[] = {CU_LIBRARY_BINARY_IS_PRESERVED};
    void *values[] = {(void *)1};
    CUlibrary l = NULL;
    CUkernel k = NULL;

    conf_context();
    CONF_OK(cuLibraryLoadData(&l, &wrapper, NULL, NULL, 0, options, values, 1));
    CONF_OK(cuLibraryGetKernel(&k, l, "separate"));
    expect_sum((CUfunction)k);
    CONF_OK(cuLibraryUnload(l));
}

/* Only libraries are made of several parts. */
CONF_NEGATIVE(cuModuleLoadFatBinary, separately_compiled)
{
    const struct part first = make_part(caller), second = make_part(callee);
    const void *parts[] = {&first, &second, NULL};
    const struct wrapper wrapper = {0x466243b1u, 2, nothing, parts};
    CUmodule m = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadFatBinary(&m, &wrapper), CUDA_ERROR_INVALID_IMAGE);
}
