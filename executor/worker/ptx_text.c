/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/ptx_text.h"

#include <string.h>

void ex_ptx_begin(struct ex_ptx *ptx, const char *text)
{
    *ptx = (struct ex_ptx){.at = text};
}

static const bool word_chars[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['.'] = true,
    ['_'] = true,         ['$'] = true,         ['%'] = true,
};

static bool in_word(char c)
{
    return word_chars[(unsigned char)c];
}

static bool ends_line(char c)
{
    return c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* Where a comment that begins here ends, or NULL: none begins. */
static const char *behind_comment(const struct ex_ptx *ptx)
{
    const char *at = ptx->at;
    const char *end;

    if (ptx->string || ptx->odd || at[0] != '/' || (at[1] != '/' && at[1] != '*')) {
        return NULL;
    }
    if (at[1] == '/') {
        return at + strcspn(at, "\n\r\f\v");
    }
    end = strstr(at + 2, "*/");
    return end != NULL ? end + 2 : at + strlen(at);
}

static void note_string(struct ex_ptx *ptx, char c)
{
    if (c == '"') {
        ptx->string = !ptx->string;
    } else if (ptx->string && (c == '\\' || ends_line(c))) {
        ptx->odd = true;
    }
}

bool ex_ptx_next(struct ex_ptx *ptx, struct ex_ptx_token *token)
{
    const char *behind;

    for (; *ptx->at != '\0'; ptx->at = behind != NULL ? behind : ptx->at + 1) {
        behind = behind_comment(ptx);
        if (behind != NULL) {
            continue;
        }
        note_string(ptx, *ptx->at);
        if (*ptx->at != ' ' && *ptx->at != '\t' && !ends_line(*ptx->at)) {
            break;
        }
    }
    *token = (struct ex_ptx_token){.start = ptx->at, .word = in_word(*ptx->at)};
    do {
        ptx->at += *ptx->at != '\0';
    } while (token->word && in_word(*ptx->at));
    token->len = (size_t)(ptx->at - token->start);
    return token->len > 0;
}

bool ex_ptx_is(const struct ex_ptx_token *token, char c)
{
    return token->len == 1 && *token->start == c;
}

const char *ex_ptx_directive(const struct ex_ptx_token *token, const char *directive)
{
    size_t len = strlen(directive);
    const char *end = token->start + token->len;

    if (!token->word || token->start[0] != '.') {
        return NULL;
    }
    for (const char *at = token->start; (size_t)(end - at) >= len; at++) {
        if (memcmp(at, directive, len) == 0 && (at + len == end || at[len] == '.')) {
            return at + len;
        }
    }
    return NULL;
}
