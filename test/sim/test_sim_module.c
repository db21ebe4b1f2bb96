/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

/* Loading: what is refused and how it is told; attributes; linking; containers. */

#define HEAD ".version 7.5\n.target sm_75\n.address_size 64\n"

static CUcontext context;

static int setup(void **state)
{
    (void)state;
    context = sim_context();
    return 0;
}

static CUresult load(const char *text, char *log, size_t size)
{
    CUjit_option option[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *value[] = {log, (void *)size};
    CUmodule m = NULL;
    CUresult cu = cuModuleLoadDataEx(&m, text, 2, option, value);

    if (cu == CUDA_SUCCESS) {
        OK(cuModuleUnload(m));
    }
    return cu;
}

static void test_unknown_instruction_is_named(void **state)
{
    char log[512] = "";

    (void)state;
    FAILS(CUDA_ERROR_INVALID_PTX,
          load(HEAD ".visible .entry k()\n{\nfrobnicate.b32 x;\nret;\n}\n", log, sizeof(log)));
    assert_non_null(strstr(log, "line 6"));
    assert_non_null(strstr(log, "frobnicate"));
}

/* Each body must be refused: never run with something left out. */
static const char *const refused[] = {
    "wmma.load.a.sync.aligned.m16n16k16.row.f16 {%r0}, [%rd0];",
    "mma.sp.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f0,%f0,%f0,%f0}, {%r0,%r0},"
    " {%r0,%r0}, {%f0,%f0,%f0,%f0}, %r0, 0;",
    "add.rz.f16 %h0, %h0, %h0;",
    "multimem.red.relaxed.gpu.global.add.f32 [%rd0], %f0;",
    "add.s32.unheard %r0, %r0, %r0;",
    "cvt.rz.satfinite.e4m3x2.f64 %r0, %f0, %f0;",
    "fma.rn.f16x2.f32 %r0, %r0, %r0, %r0;",
    "add.s32 %r0, %r0;",
    "add.s32 %r0, %r0, %nowhere;",
    "add.f32 %f0, %f0, 1;",
    "mov.u32 %r0, %unknown_register;",
    "ld.global.u32 %r0, %rd0;",
    "bra NOWHERE;",
    "call nowhere;",
    "L: L: ret;",
    "setp.lt.s32 %r0;",
    "shfl.down.b32 %r0, %r0, 1, 31;",
    "tex.2d.v4.f32.f32 {%f0,%f0,%f0,%f0}, [%rd0, {%f0}];",
    "tex.2d.v4.f32.f32 {%f0,%f0}, [%rd0, {%f0,%f0}];",
    "tex.2d.v4.f32.f32 {%f0,%f0,%f0,%f0}, [%rd0, %rd0, {%f0,%f0}];",
    "tex.2d.v4.f32.f32 {%f0,%f0,%f0,%f0}, [%rd0, {%f0,%f0}], {%r0,%r0};",
    "tex.2d.v4.f64.f32 {%f0,%f0,%f0,%f0}, [%rd0, {%f0,%f0}];",
    "tex.grad.2d.v4.f32.f32 {%f0,%f0,%f0,%f0}, [%rd0, {%f0,%f0}], {%f0,%f0}, {%f0,%f0};",
    "tex.cube.v4.f32.s32 {%f0,%f0,%f0,%f0}, [%rd0, {%r0,%r0,%r0,%r0}];",
    "tex.2d.v4.f32.f32 {%f0,%f0,%f0,%f0}, [%rd0];",
    "txq.filter_mode.b32 %r0, [%rd0];",
    "txq.width.b32 %r0, [%rd0, {%r0}];",
    "suq.num_samples.b32 %r0, [%rd0];",
    "suld.b.2d.b32 %r0, [%rd0, {%r0,%r0}];",
    "suld.p.2d.b32.trap %r0, [%rd0, {%r0,%r0}];",
    "suld.b.2d.v4.b64.trap {%rd0,%rd0,%rd0,%rd0}, [%rd0, {%r0,%r0}];",
    "sust.b.cube.b32.trap [%rd0, {%r0,%r0,%r0,%r0}], %r0;",
    "sured.b.add.2d.u32.trap [%rd0, {%r0,%r0}], %r0;",
    "ld.global.u32 %r0, [%rd0, {%r0}];",
    "atom.global.add.u32 %r0, [%rd0, %r0], 1;",
    ".reg .b128 %x;",
    "bar.sync;",
    "mov.b32 %r0, {{{{{{{{%r0}}}}}}}};",
    "\"",
    "{",
};

static void test_what_is_not_simulated_is_refused(void **state)
{
    char text[1024];
    char log[512];

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        (void)snprintf(text, sizeof(text),
                       HEAD ".visible .entry k()\n{\n.reg .b32 %%r<2>; .reg .b64 %%rd<2>;"
                            " .reg .f32 %%f<2>; .reg .f16 %%h<2>;\n%s\nret;\n}\n",
                       refused[i]);
        FAILS(CUDA_ERROR_INVALID_PTX, load(text, log, sizeof(log)));
        assert_non_null(strstr(log, "line "));
    }
}

/* Text of any length must not take the loader's stack. */
static void test_calls_may_be_only_so_deep(void **state)
{
    const int count = 5000;
    size_t room = (size_t)count * 64 + 512;
    char *text = malloc(room);
    char log[512];
    size_t at;

    (void)state;
    assert_non_null(text);
    at = (size_t)snprintf(text, room, HEAD ".func f%d();\n", count);
    for (int i = count; i > 0; i--) {
        at +=
            (size_t)snprintf(text + at, room - at,
                             ".func f%d();\n.func f%d()\n{\ncall f%d;\nret;\n}\n", i - 1, i, i - 1);
    }
    (void)snprintf(text + at, room - at, ".func f0()\n{\nret;\n}\n");
    FAILS(CUDA_ERROR_INVALID_PTX, load(text, log, sizeof(log)));
    assert_non_null(strstr(log, "deep"));
    free(text);
}

static void test_images_of_other_kinds_are_refused(void **state)
{
    static char elf[128] = "\177ELF";
    static char text[128] = "no module";
    char log[64];

    (void)state;
    FAILS(CUDA_ERROR_INVALID_IMAGE, load(text, log, sizeof(log)));
    FAILS(CUDA_ERROR_INVALID_IMAGE, load("", log, sizeof(log)));
    FAILS(CUDA_ERROR_INVALID_IMAGE, load(elf, log, sizeof(log)));
    elf[18] = (char)190; /* e_machine: EM_CUDA */
    FAILS(CUDA_ERROR_UNKNOWN, load(elf, log, sizeof(log)));
    elf[60] = 1; /* e_shnum */
    FAILS(CUDA_ERROR_NO_BINARY_FOR_GPU, load(elf, log, sizeof(log)));
    FAILS(CUDA_ERROR_INVALID_VALUE, load(NULL, log, sizeof(log)));
    FAILS(CUDA_ERROR_UNSUPPORTED_PTX_VERSION,
          load(".version 19.0\n.target sm_75\n.address_size 64\n", log, sizeof(log)));
    FAILS(CUDA_ERROR_INVALID_PTX,
          load(".version 8.8\n.target sm_100\n.address_size 64\n", log, sizeof(log)));
}

struct container {
    uint32_t magic;
    uint16_t version;
    uint16_t header_size;
    uint64_t size;
    struct {
        uint16_t kind;
        uint16_t attributes;
        uint32_t header_size;
        uint64_t size;
        uint32_t compressed_size;
        uint32_t unused;
        uint16_t minor;
        uint16_t major;
        uint32_t arch;
        uint32_t name_offset;
        uint32_t name_size;
        uint64_t flags;
        uint64_t zero;
        uint64_t uncompressed_size;
    } entry;
    char text[256];
};

static void test_fat_binary_gives_its_ptx(void **state)
{
    struct container c = {.magic = 0xba55ed50, .version = 1, .header_size = 16};
    char log[64];

    (void)state;
    (void)snprintf(c.text, sizeof(c.text), HEAD ".visible .entry k()\n{\nret;\n}\n");
    c.size = sizeof(c.entry) + sizeof(c.text);
    c.entry.kind = 1;
    c.entry.header_size = sizeof(c.entry);
    c.entry.size = sizeof(c.text);
    c.entry.arch = 75;
    OK(load((const char *)&c, log, sizeof(log)));
    c.entry.kind = 2; /* machine code only */
    FAILS(CUDA_ERROR_NO_BINARY_FOR_GPU, load((const char *)&c, log, sizeof(log)));
    c.entry.kind = 1;
    c.entry.size = UINT64_MAX - 8;
    FAILS(CUDA_ERROR_INVALID_IMAGE, load((const char *)&c, log, sizeof(log)));
}

static void test_functions_have_attributes(void **state)
{
    CUmodule m = NULL;
    CUfunction f = NULL;
    size_t offset = 0;
    size_t size = 0;
    int v = 0;

    (void)state;
    OK(cuModuleLoadData(
        &m, HEAD ".visible .entry k(.param .u64 a, .param .u32 b, .param .align 8 .b8 s[24])\n"
                 ".maxntid 128, 1, 1\n{\n.shared .align 4 .b8 sh[256];\n.reg .b32 %r<3>;\n"
                 "mov.u32 %r1, sh;\nst.shared.u32 [%r1], %r1;\nret;\n}\n"));
    OK(cuModuleGetFunction(&f, m, "k"));
    FAILS(CUDA_ERROR_NOT_FOUND, cuModuleGetFunction(&f, m, "none"));
    OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, f));
    assert_int_equal(v, 128);
    OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, f));
    assert_int_equal(v, 256);
    OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_PTX_VERSION, f));
    assert_int_equal(v, 75);
    OK(cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, f));
    assert_int_equal(v, 49152 - 256);
    OK(cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 232448 - 256));
    FAILS(CUDA_ERROR_INVALID_VALUE,
          cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 232448));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuFuncSetAttribute(f, CU_FUNC_ATTRIBUTE_NUM_REGS, 8));
    OK(cuFuncGetParamInfo(f, 2, &offset, &size));
    assert_true(offset == 16 && size == 24);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuFuncGetParamInfo(f, 3, &offset, &size));
    OK(cuModuleUnload(m));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuModuleGetFunction(&f, m, "k"));
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuFuncGetAttribute(&v, CU_FUNC_ATTRIBUTE_NUM_REGS, f));
}

static void test_launch_checks_its_shape(void **state)
{
    CUfunction f = sim_function(sim_module("vecadd.ptx"), "vecadd");
    CUdeviceptr d = sim_device(NULL, 64);
    int n = 0;
    void *args[] = {&d, &d, &d, &n};
    char buffer[28] = "";
    size_t size = sizeof(buffer);
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, buffer, CU_LAUNCH_PARAM_BUFFER_SIZE, &size,
                     CU_LAUNCH_PARAM_END};

    (void)state;
    FAILS(CUDA_ERROR_INVALID_HANDLE, cuLaunchKernel(NULL, 1, 1, 1, 1, 1, 1, 0, NULL, args, NULL));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(f, 0, 1, 1, 1, 1, 1, 0, NULL, args, NULL));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(f, 1, 1, 1, 1025, 1, 1, 0, NULL, args, NULL));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(f, 1, 65536, 1, 1, 1, 1, 0, NULL, args, NULL));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 49153, NULL, args, NULL));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    FAILS(CUDA_ERROR_INVALID_VALUE, cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, args, extra));
    OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra));
    size = 100;
    FAILS(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
          cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra));
    FAILS(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
          cuLaunchCooperativeKernel(f, 265, 1, 1, 1024, 1, 1, 0, NULL, args));
    OK(cuCtxSynchronize());
}

static void test_linked_module_calls_across(void **state)
{
    static char callee[] = HEAD ".visible .func (.param .b32 r) twice(.param .b32 x)\n{\n"
                                ".reg .b32 %r<2>;\nld.param.b32 %r0, [x];\nadd.s32 %r1, %r0, %r0;\n"
                                "st.param.b32 [r], %r1;\nret;\n}\n";
    static char caller[] =
        HEAD ".extern .func (.param .b32 r) twice(.param .b32 x);\n"
             ".visible .entry k(.param .u64 p)\n{\n.reg .b32 %r<2>;\n.reg .b64 %p;\n"
             "{\n.param .b32 a;\n.param .b32 v;\nst.param.b32 [a], 21;\n"
             "call (v), twice, (a);\nld.param.b32 %r0, [v];\n}\n"
             "ld.param.u64 %p, [p];\nst.global.u32 [%p], %r0;\nret;\n}\n";
    CUlinkState s = NULL;
    CUmodule m = NULL;
    void *image = NULL;
    size_t size = 0;
    CUdeviceptr d = sim_device(NULL, 4);
    int got = 0;

    (void)state;
    FAILS(CUDA_ERROR_INVALID_PTX, cuModuleLoadData(&m, caller)); /* nobody has twice() */
    OK(cuLinkCreate(0, NULL, NULL, &s));
    OK(cuLinkAddData(s, CU_JIT_INPUT_PTX, caller, sizeof(caller), "a", 0, NULL, NULL));
    OK(cuLinkAddData(s, CU_JIT_INPUT_PTX, callee, sizeof(callee), "b", 0, NULL, NULL));
    FAILS(CUDA_ERROR_INVALID_IMAGE,
          cuLinkAddData(s, CU_JIT_INPUT_PTX, "junk", 5, "c", 0, NULL, NULL));
    OK(cuLinkComplete(s, &image, &size));
    OK(cuModuleLoadData(&m, image));
    OK(cuLinkDestroy(s));
    sim_launch(sim_function(m, "k"), 1, 1, 0, (void *[]){&d});
    sim_fetch(&got, d, 4);
    assert_int_equal(got, 42);
}

/* A fat binary of machine code for sm_90 only, as the library of the device's runtime. */
static void test_machine_code_is_left_out_of_a_link(void **state)
{
    static uint8_t fat[16 + 64 + 8] = {0x50, 0xed, 0x55, 0xba, 1, 0, 16, 0, 72};
    static char text[] = HEAD ".visible .entry k()\n{\nret;\n}\n";
    CUlinkState s = NULL;
    void *image = NULL;
    size_t size = 0;

    (void)state;
    fat[16] = 2;  /* machine code */
    fat[20] = 64; /* header */
    fat[24] = 8;  /* payload */
    fat[44] = 90;
    OK(cuLinkCreate(0, NULL, NULL, &s));
    OK(cuLinkAddData(s, CU_JIT_INPUT_FATBINARY, fat, sizeof(fat), "a", 0, NULL, NULL));
    OK(cuLinkAddData(s, CU_JIT_INPUT_PTX, text, sizeof(text), "b", 0, NULL, NULL));
    fat[44] = 80;
    FAILS(CUDA_ERROR_NO_BINARY_FOR_GPU,
          cuLinkAddData(s, CU_JIT_INPUT_FATBINARY, fat, sizeof(fat), "c", 0, NULL, NULL));
    OK(cuLinkComplete(s, &image, &size));
    OK(cuLinkDestroy(s));
}

static void test_occupancy_follows_the_hardware(void **state)
{
    CUmodule m = NULL;
    CUfunction f = NULL;
    int n = 0;
    int block = 0;
    size_t bytes = 0;

    (void)state;
    OK(cuModuleLoadData(&m, HEAD ".visible .entry k()\n{\nret;\n}\n"));
    f = sim_function(m, "k");
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&n, f, 128, 0));
    assert_int_equal(n, 16);
    OK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&n, f, 128, 48 << 10));
    assert_int_equal(n, 4);
    OK(cuOccupancyMaxPotentialBlockSize(&n, &block, f, NULL, 0, 0));
    assert_true(n == 264 && block == 1024);
    OK(cuOccupancyAvailableDynamicSMemPerBlock(&bytes, f, 2, 128));
    assert_int_equal(bytes, 116736);
    FAILS(CUDA_ERROR_INVALID_VALUE, cuOccupancyMaxActiveBlocksPerMultiprocessor(&n, f, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_instruction_is_named),
        cmocka_unit_test(test_what_is_not_simulated_is_refused),
        cmocka_unit_test(test_calls_may_be_only_so_deep),
        cmocka_unit_test(test_images_of_other_kinds_are_refused),
        cmocka_unit_test(test_fat_binary_gives_its_ptx),
        cmocka_unit_test(test_functions_have_attributes),
        cmocka_unit_test(test_launch_checks_its_shape),
        cmocka_unit_test(test_linked_module_calls_across),
        cmocka_unit_test(test_machine_code_is_left_out_of_a_link),
        cmocka_unit_test(test_occupancy_follows_the_hardware),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
