/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_SELFTEST_PTX_H
#define EX_WORKER_SELFTEST_PTX_H

/* The kernels of the self-test, for every card that the driver can compile PTX for. */

#define EX_SELFTEST_ADDS 7u /* the value of the module's variable */

static const char ex_selftest_ptx[] =
    ".version 6.4\n"
    ".target sm_50\n"
    ".address_size 64\n"
    ".visible .global .align 4 .u32 vgpu_selftest_adds = 7;\n"
    ".visible .entry vgpu_selftest(.param .u64 p_out, .param .u32 p_value)\n"
    "{\n"
    "    .reg .b64 %rd<3>;\n"
    "    .reg .b32 %r<4>;\n"
    "    ld.param.u64 %rd1, [p_out];\n"
    "    ld.param.u32 %r1, [p_value];\n"
    "    cvta.to.global.u64 %rd2, %rd1;\n"
    "    ld.global.u32 %r2, [vgpu_selftest_adds];\n"
    "    add.u32 %r3, %r1, %r2;\n"
    "    st.global.u32 [%rd2], %r3;\n"
    "    ret;\n"
    "}\n";

/* printf of an empty text: the driver sets up its buffer and its reader. */
static const char ex_selftest_print_ptx[] =
    ".version 6.4\n"
    ".target sm_50\n"
    ".address_size 64\n"
    ".extern .func (.param .b32 func_retval0) vprintf (.param .b64 vprintf_param_0,"
    " .param .b64 vprintf_param_1);\n"
    ".global .align 1 .b8 empty_text[1] = {0};\n"
    ".visible .entry vgpu_selftest_print()\n"
    "{\n"
    "    .reg .b64 %rd<4>;\n"
    "    .reg .b32 %r<2>;\n"
    "    mov.u64 %rd1, empty_text;\n"
    "    cvta.global.u64 %rd2, %rd1;\n"
    "    mov.u64 %rd3, 0;\n"
    "    {\n"
    "    .param .b64 param0;\n"
    "    st.param.b64 [param0+0], %rd2;\n"
    "    .param .b64 param1;\n"
    "    st.param.b64 [param1+0], %rd3;\n"
    "    .param .b32 retval0;\n"
    "    call.uni (retval0), vprintf, (param0, param1);\n"
    "    ld.param.b32 %r1, [retval0+0];\n"
    "    }\n"
    "    ret;\n"
    "}\n";

#endif
