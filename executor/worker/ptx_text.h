/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EX_WORKER_PTX_TEXT_H
#define EX_WORKER_PTX_TEXT_H

/*
 * The words of a text of PTX, one after another and each once, however the text is made: looking at
 * one costs its length.  Pure, any thread.
 *
 * What a comment holds is passed over.  What the driver's compiler takes for one is known only
 * where strings end as they begin, so behind a string with a backslash or an end of line everything
 * counts as code: more may be found than there is, never less.
 */

#include <stdbool.h>
#include <stddef.h>

/* A word (letters, digits and "._$%"), or one other character. */
struct ex_ptx_token {
    const char *start;
    size_t len; /* 0: the end */
    bool word;
};

struct ex_ptx {
    const char *at;
    bool string; /* inside one */
    bool odd;    /* comments are not told from strings any more */
};

/* The text ends with a NUL. */
void ex_ptx_begin(struct ex_ptx *ptx, const char *text);

/* The next one; false at the end, where the token is empty. */
bool ex_ptx_next(struct ex_ptx *ptx, struct ex_ptx_token *token);

/* True for a token of this one character. */
bool ex_ptx_is(const struct ex_ptx_token *token, char c);

/* Behind the directive in a word, as ".global" in ".visible.global.b8"; NULL: it is not in it, or
 * the word is an instruction's, which begins with no dot. */
const char *ex_ptx_directive(const struct ex_ptx_token *token, const char *directive);

#endif
