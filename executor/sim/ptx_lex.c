/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/ptx_lex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* Space and comments; counts lines. */
static void skip(struct ptx_lexer *lx)
{
    for (;; lx->at++) {
        if (lx->at[0] == '/' && lx->at[1] == '/') {
            while (lx->at[1] != '\n' && lx->at[1] != '\0') {
                lx->at++;
            }
        } else if (lx->at[0] == '/' && lx->at[1] == '*') {
            for (lx->at += 2; lx->at[0] != '\0' && !(lx->at[0] == '*' && lx->at[1] == '/');
                 lx->at++) {
                lx->line += lx->at[0] == '\n';
            }
            if (lx->at[0] == '\0') {
                lx->open = true;
                return;
            }
            lx->at++;
        } else if (lx->at[0] == '\n') {
            lx->line++;
        } else if (!isspace((unsigned char)lx->at[0])) {
            return;
        }
    }
}

static size_t name_length(const char *at)
{
    size_t n = 1;

    while (name_char(at[n])) {
        n++;
    }
    /* %tid.x is one name; %r1.x does not occur. */
    if (at[0] == '%' && at[n] == '.' && strchr("xyzw", at[n + 1]) != NULL && at[n + 1] != '\0' &&
        !name_char(at[n + 2])) {
        n += 2;
    }
    return n;
}

/* ".word", with "::word" parts as in .shared::cta. */
static size_t dot_length(const char *at)
{
    size_t n = 1;

    while (name_char(at[n]) || (at[n] == ':' && at[n + 1] == ':' && name_char(at[n + 2]))) {
        n += at[n] == ':' ? 2 : 1;
    }
    return n;
}

static void lex_hex_float(struct ptx_token *t, const char *at, size_t digits)
{
    char text[17];
    char *end;

    t->length = 2 + digits;
    t->kind = digits == 8 ? TOK_F32 : TOK_F64;
    strncpy(text, at + 2, digits);
    text[digits] = '\0';
    t->value = strtoull(text, &end, 16);
    if (end != text + digits) {
        t->kind = TOK_BAD;
    }
}

static void lex_decimal_float(struct ptx_token *t, const char *at)
{
    char *end;
    double d = strtod(at, &end);

    t->kind = TOK_F64;
    t->length = (size_t)(end - at);
    memcpy(&t->value, &d, sizeof(d));
}

static void lex_number(struct ptx_token *t, const char *at)
{
    size_t digits = 0;
    char *end;

    if (at[0] == '0' && (at[1] == 'f' || at[1] == 'F')) {
        lex_hex_float(t, at, 8);
        return;
    }
    if (at[0] == '0' && (at[1] == 'd' || at[1] == 'D')) {
        lex_hex_float(t, at, 16);
        return;
    }
    while (isdigit((unsigned char)at[digits])) {
        digits++;
    }
    if ((at[digits] == '.' && isdigit((unsigned char)at[digits + 1])) ||
        ((at[digits] == 'e' || at[digits] == 'E') && at[1] != 'x')) {
        lex_decimal_float(t, at);
        return;
    }
    t->kind = TOK_INT;
    if (at[0] == '0' && (at[1] == 'b' || at[1] == 'B')) {
        t->value = strtoull(at + 2, &end, 2);
    } else {
        t->value = strtoull(at, &end, 0);
    }
    end += *end == 'U' || *end == 'u';
    t->length = (size_t)(end - at);
    if (name_char(*end)) {
        t->kind = TOK_BAD;
    }
}

static void lex_string(struct ptx_token *t, const char *at)
{
    size_t n = 1;

    while (at[n] != '"' && at[n] != '\0' && at[n] != '\n') {
        n++;
    }
    t->kind = at[n] == '"' ? TOK_STRING : TOK_BAD;
    t->text = at + 1;
    t->length = n - 1;
}

struct ptx_token ptx_lex(struct ptx_lexer *lx)
{
    const char *before = lx->at;
    struct ptx_token t;

    skip(lx);
    t = (struct ptx_token){.kind = TOK_PUNCT, .text = lx->at, .length = 1, .line = lx->line};
    t.glued = lx->at == before;
    if (*lx->at == '\0') {
        t.kind = lx->open ? TOK_BAD : TOK_END; /* a comment without an end */
        t.length = 0;
    } else if (isdigit((unsigned char)*lx->at)) {
        lex_number(&t, lx->at);
    } else if (*lx->at == '"') {
        lex_string(&t, lx->at);
        lx->at += 2;
    } else if (*lx->at == '.' && (name_char(lx->at[1]))) {
        t.kind = TOK_DOT;
        t.length = dot_length(lx->at);
        t.text++;
        t.length--;
        lx->at++;
    } else if (name_char(*lx->at) || *lx->at == '%') {
        t.kind = TOK_NAME;
        t.length = name_length(lx->at);
    }
    lx->at += t.length;
    return t;
}

bool ptx_token_is(const struct ptx_token *t, enum ptx_token_kind kind, const char *text)
{
    return t->kind == kind && strlen(text) == t->length && memcmp(t->text, text, t->length) == 0;
}
