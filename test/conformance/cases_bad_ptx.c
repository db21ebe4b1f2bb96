/* SPDX-License-Identifier: Apache-2.0 */

/* Texts that no assembler takes, one mistake each; the context works afterwards. */
#include "test/conformance/conf.h"

#define HEAD ".version 7.0\n.target sm_75\n.address_size 64\n"
/* A kernel with one parameter, some registers and a body. */
#define BODY(text)                                                                                 \
    HEAD ".visible .entry f(.param .u64 p)\n{\n    .reg .b32 %r<4>;\n    .reg .b64 %rd<4>;\n"      \
         "    .reg .f32 %f<4>;\n    .reg .pred %p<2>;\n    " text "\n    ret;\n}\n"

static void refused_with(const char *text, CUresult want)
{
    CUmodule module = NULL;
    CUfunction f = NULL;

    conf_context();
    CONF_RESULT(cuModuleLoadData(&module, text), want);
    CONF_OK(cuModuleLoadData(&module, HEAD ".visible .entry good()\n{\n    ret;\n}\n"));
    CONF_OK(cuModuleGetFunction(&f, module, "good"));
    CONF_OK(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
    CONF_OK(cuCtxSynchronize());
}

static void refused(const char *text)
{
    refused_with(text, CUDA_ERROR_INVALID_PTX);
}

/* It is not taken for PTX at all. */
#define NO_IMAGE(name, text)                                                                       \
    CONF_NEGATIVE(cuModuleLoadData, ptx_##name)                                                    \
    {                                                                                              \
        refused_with(text, CUDA_ERROR_INVALID_IMAGE);                                              \
    }

#define BAD(name, text)                                                                            \
    CONF_NEGATIVE(cuModuleLoadData, ptx_##name)                                                    \
    {                                                                                              \
        refused(text);                                                                             \
    }

BAD(unknown_instruction, BODY("frobnicate.u32 %r1, %r2;"))
BAD(missing_semicolon, BODY("mov.u32 %r1, 0"))
BAD(unknown_modifier, BODY("add.frob.u32 %r1, %r2, %r3;"))
BAD(unknown_type, BODY("mov.u33 %r1, 0;"))
BAD(missing_operand, BODY("add.u32 %r1, %r2;"))
BAD(one_operand_too_many, BODY("mov.u32 %r1, %r2, %r3;"))
BAD(undeclared_register, BODY("mov.u32 %x1, 0;"))
BAD(register_beyond_the_declared, BODY("mov.u32 %r9, 0;"))
BAD(unknown_label, BODY("bra NOWHERE;"))
BAD(label_twice, BODY("HERE:\n    HERE:"))
BAD(predicate_that_is_none, BODY("@%r1 bra HERE;\n    HERE:"))
BAD(predicate_undeclared, BODY("@%q1 ret;"))
BAD(unbalanced_bracket, BODY("ld.global.u32 %r1, [%rd1;"))
BAD(address_without_brackets, BODY("ld.global.u32 %r1, %rd1;"))
BAD(unknown_state_space, BODY("ld.nowhere.u32 %r1, [%rd1];"))
BAD(unknown_parameter, BODY("ld.param.u64 %rd1, [q];"))
BAD(store_to_immediate, BODY("st.global.u32 5, %r1;"))
BAD(immediate_as_target, BODY("mov.u32 5, %r1;"))
BAD(bad_number, BODY("mov.u32 %r1, 0xgg;"))
BAD(bad_float, BODY("mov.f32 %f1, 0f12;"))
BAD(stray_brace, BODY("}"))
BAD(stray_quote, BODY("mov.u32 %r1, \";"))
BAD(unknown_special_register, BODY("mov.u32 %r1, %nosuchreg;"))
BAD(compare_without_operator, BODY("setp.u32 %p1, %r1, %r2;"))
BAD(compare_into_a_word, BODY("setp.eq.u32 %r1, %r2, %r3;"))
BAD(call_of_the_unknown, BODY("call nowhere;"))
BAD(unknown_directive_inside, BODY(".frob 5;"))
BAD(vector_of_three, BODY("ld.global.v3.u32 {%r1, %r2, %r3}, [%rd1];"))
BAD(vector_with_two_of_four, BODY("ld.global.v4.u32 {%r1, %r2}, [%rd1];"))
BAD(wide_register_for_a_narrow_type, BODY("add.u32 %rd1, %rd2, %rd3;"))
BAD(register_twice, BODY(".reg .b32 %r<2>;"))
BAD(shared_twice, BODY(".shared .b32 s;\n    .shared .b32 s;"))
NO_IMAGE(no_version, ".target sm_75\n.address_size 64\n.visible .entry f()\n{\n    ret;\n}\n")
BAD(version_without_number, ".version\n.target sm_75\n.visible .entry f()\n{\n    ret;\n}\n")
BAD(no_target, ".version 7.0\n.address_size 64\n.visible .entry f()\n{\n    ret;\n}\n")
BAD(unknown_target, ".version 7.0\n.target frob_75\n.address_size 64\n")
BAD(address_size_of_48, ".version 7.0\n.target sm_75\n.address_size 48\n")
BAD(unknown_directive, HEAD ".frob 5;\n")
BAD(body_not_closed, HEAD ".visible .entry f()\n{\n    ret;\n")
BAD(body_not_opened, HEAD ".visible .entry f()\n    ret;\n}\n")
BAD(parameters_not_closed, HEAD ".visible .entry f(.param .u64 p\n{\n    ret;\n}\n")
BAD(parameter_without_type, HEAD ".visible .entry f(.param p)\n{\n    ret;\n}\n")
BAD(parameter_twice, HEAD ".visible .entry f(.param .u64 p, .param .u64 p)\n{\n    ret;\n}\n")
BAD(entry_without_name, HEAD ".visible .entry ()\n{\n    ret;\n}\n")
BAD(entry_twice, HEAD ".entry f()\n{\n    ret;\n}\n.entry f()\n{\n    ret;\n}\n")
BAD(entry_with_a_result, HEAD ".visible .entry (.reg .u32 x) f()\n{\n    ret;\n}\n")
BAD(name_that_is_a_number, HEAD ".visible .entry 5()\n{\n    ret;\n}\n")
BAD(comment_not_closed, HEAD "/* .visible .entry f()\n{\n    ret;\n}\n")
BAD(global_without_type, HEAD ".global x;\n")
BAD(global_twice, HEAD ".global .u32 x;\n.global .u32 x;\n")
BAD(global_of_negative_length, HEAD ".global .u32 x[-1];\n")
BAD(too_many_values, HEAD ".global .u32 x[2] = {1, 2, 3};\n")
BAD(alignment_of_three, HEAD ".global .align 3 .b8 x[16];\n")
BAD(instruction_outside, HEAD "mov.u32 %r1, 0;\n")
BAD(words_behind_the_end, HEAD ".visible .entry f()\n{\n    ret;\n}\nand so on\n")
