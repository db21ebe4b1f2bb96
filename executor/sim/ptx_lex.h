/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PTX_LEX_H
#define SIM_PTX_LEX_H

/* PTX text as tokens. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ptx_token_kind {
    TOK_END,
    TOK_NAME,   /* identifier; of special registers with their component: %tid.x */
    TOK_DOT,    /* ".word": directive, modifier, type; without its dot */
    TOK_INT,    /* value */
    TOK_F32,    /* value: the bits of 0fXXXXXXXX */
    TOK_F64,    /* value: the bits of 0dX or of a decimal */
    TOK_STRING, /* without its quotes */
    TOK_PUNCT,  /* one character */
    TOK_BAD,    /* text: what cannot be read */
};

struct ptx_token {
    enum ptx_token_kind kind;
    const char *text; /* borrowed from the source */
    size_t length;
    uint64_t value;
    uint32_t line;
    bool glued; /* no space before it */
};

struct ptx_lexer {
    const char *at;
    uint32_t line;
    bool open; /* in a comment that never ends */
};

/* The next token; TOK_END for ever at the end. */
struct ptx_token ptx_lex(struct ptx_lexer *lx);

/* Whether the token is of this kind and has this text. */
bool ptx_token_is(const struct ptx_token *t, enum ptx_token_kind kind, const char *text);

#endif
