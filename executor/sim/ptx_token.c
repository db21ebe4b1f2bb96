/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/ptx_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ptx_fail(struct ptx_build *b, uint32_t line, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    /* The form of the driver's own log. */
    (void)snprintf(b->error, b->error_size,
                   "ptxas application ptx input, line %u; error   : %s\n"
                   "ptxas fatal   : Ptx assembly aborted due to errors",
                   line, text);
    longjmp(b->fail, 1);
}

void ptx_next(struct ptx_build *b)
{
    b->tok = ptx_lex(&b->lexer);
    if (b->tok.kind == TOK_BAD) {
        ptx_fail(b, b->tok.line, "Parsing error near '%.*s': syntax error",
                 (int)(b->tok.length < 40 ? b->tok.length : 40), b->tok.text);
    }
}

bool ptx_at(const struct ptx_build *b, const char *punct)
{
    return ptx_token_is(&b->tok, TOK_PUNCT, punct);
}

bool ptx_at_dot(const struct ptx_build *b, const char *word)
{
    return ptx_token_is(&b->tok, TOK_DOT, word);
}

bool ptx_accept(struct ptx_build *b, const char *punct)
{
    bool there = ptx_at(b, punct);

    if (there) {
        ptx_next(b);
    }
    return there;
}

bool ptx_accept_dot(struct ptx_build *b, const char *word)
{
    bool there = ptx_at_dot(b, word);

    if (there) {
        ptx_next(b);
    }
    return there;
}

static _Noreturn void syntax_error(struct ptx_build *b)
{
    ptx_fail(b, b->tok.line, "Parsing error near '%.*s': syntax error",
             (int)(b->tok.length < 40 ? b->tok.length : 40), b->tok.text);
}

void ptx_expect(struct ptx_build *b, const char *punct)
{
    if (!ptx_accept(b, punct)) {
        syntax_error(b);
    }
}

char *ptx_name(struct ptx_build *b)
{
    char *name;

    if (b->tok.kind != TOK_NAME) {
        syntax_error(b);
    }
    name = arena_text(b->arena, b->tok.text, b->tok.length);
    ptx_next(b);
    return name;
}

int64_t ptx_int(struct ptx_build *b)
{
    bool minus = ptx_accept(b, "-");
    int64_t value;

    if (b->tok.kind != TOK_INT) {
        syntax_error(b);
    }
    value = (int64_t)b->tok.value;
    ptx_next(b);
    return minus ? -value : value;
}

static const struct {
    const char *word;
    enum ptx_type type;
    uint32_t size;
} types[] = {
    {"u8", T_U8, 1},       {"u16", T_U16, 2},   {"u32", T_U32, 4},       {"u64", T_U64, 8},
    {"s8", T_S8, 1},       {"s16", T_S16, 2},   {"s32", T_S32, 4},       {"s64", T_S64, 8},
    {"b8", T_B8, 1},       {"b16", T_B16, 2},   {"b32", T_B32, 4},       {"b64", T_B64, 8},
    {"f16", T_F16, 2},     {"f32", T_F32, 4},   {"f64", T_F64, 8},       {"pred", T_PRED, 1},
    {"f16x2", T_F16X2, 4}, {"bf16", T_BF16, 2}, {"bf16x2", T_BF16X2, 4},
};

enum ptx_type ptx_type_of(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strlen(types[i].word) == length && memcmp(types[i].word, word, length) == 0) {
            return types[i].type;
        }
    }
    return T_NONE;
}

uint32_t ptx_type_size(enum ptx_type type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type == type) {
            return types[i].size;
        }
    }
    return 0;
}

bool ptx_type_signed(enum ptx_type type)
{
    return type >= T_S8 && type <= T_S64;
}

bool ptx_type_float(enum ptx_type type)
{
    return type >= T_F16 && type <= T_F64;
}
