/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ptx/px.h"

#define LINES 40
#define LINE  32

static void letters(char *text, size_t n, unsigned kinds)
{
    for (size_t i = 0; i < n; i++) {
        text[i] = (char)('a' + px_random() % kinds);
    }
}

PX_CASE(text, find_naive)
{
    static char text[500];
    const char *word = "abbab";
    int n = 500;
    int m = 5;
    int got = INT32_MAX;
    int want = 0;
    CUdeviceptr p;
    CUdeviceptr q = px_in(word, 5);
    CUdeviceptr at = px_in(&got, sizeof(got));

    letters(text, sizeof(text), 2);
    while (memcmp(text + want, word, 5) != 0) {
        want++;
    }
    p = px_in(text, sizeof(text));
    px_run("find_naive", 8, 64, PX_ARGS(&p, &n, &q, &m, &at));
    px_out(&got, at, sizeof(got));
    px_expect(got == want, "found elsewhere");
}

struct word {
    char text[16];
    int16_t fail[16];
    int length;
};

PX_CASE(text, count_kmp)
{
    static char text[LINES][LINE];
    static int32_t got[LINES];
    static int32_t want[LINES];
    struct word w = {"abab", {0, 0, 1, 2}, 4};
    int line = LINE;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    letters(text[0], sizeof(text), 2);
    for (int i = 0; i < LINES; i++) {
        want[i] = 0;
        for (int k = 0; k + 4 <= LINE; k++) {
            want[i] += memcmp(text[i] + k, w.text, 4) == 0;
        }
    }
    p = px_in(text, sizeof(text));
    px_run("count_kmp", 1, LINES, PX_ARGS(&p, &line, &w, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int distance(const char *a, const char *b, int n)
{
    static int d[LINE + 1][LINE + 1];

    for (int i = 0; i <= n; i++) {
        for (int k = 0; k <= n; k++) {
            d[i][k] = i == 0 || k == 0 ? i + k
                                       : least(least(d[i - 1][k], d[i][k - 1]) + 1,
                                               d[i - 1][k - 1] + (a[i - 1] != b[k - 1]));
        }
    }
    return d[n][n];
}

PX_CASE(text, levenshtein)
{
    static char a[LINES][LINE];
    static char b[LINES][LINE];
    static int32_t got[LINES];
    static int32_t want[LINES];
    int line = 20;
    CUdeviceptr p;
    CUdeviceptr q;
    CUdeviceptr out = px_zero(sizeof(got));

    letters(a[0], sizeof(a), 5);
    letters(b[0], sizeof(b), 5);
    for (int i = 0; i < LINES; i++) {
        want[i] = distance(a[0] + i * line, b[0] + i * line, line);
    }
    p = px_in(a, sizeof(a));
    q = px_in(b, sizeof(b));
    px_run("levenshtein", 1, LINES, PX_ARGS(&p, &q, &line, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}

PX_CASE(text, base64)
{
    const char *plain = "Many hands make light work, too many threads do not";
    const char *want = "TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmssIHRvbyBtYW55IHRocmVhZHMgZG8gbm90";
    char got[69] = "";
    CUdeviceptr p = px_in(plain, 51);
    CUdeviceptr out = px_zero(68);

    px_run("base64", 1, 17, PX_ARGS(&p, &out));
    px_out(got, out, 68);
    px_same("text", got, want, 68, 1);
}

/* The state machine of text.cu. */
static int kind_of(char c, int state, int *words)
{
    switch (c & 15) {
    case 0:
    case 7:
        return 0;
    case 1:
    case 2:
        return 1;
    case 3:
        return state == 1 ? 1 : 2;
    case 4:
        return 2;
    case 5:
        return 3;
    case 6:
        return state;
    case 8:
        return 3 - state;
    case 9:
    case 10:
        return state ^ 1;
    case 11:
        (*words)--;
        return 2;
    default:
        return c >> 4 & 3;
    }
}

PX_CASE(text, tokens)
{
    static char text[LINES][LINE];
    static int32_t got[LINES][3];
    static int32_t want[LINES][3];
    int line = LINE;
    CUdeviceptr p;
    CUdeviceptr out = px_zero(sizeof(got));

    for (int i = 0; i < LINES; i++) {
        int state = 0;

        memset(want[i], 0, sizeof(want[i]));
        for (int k = 0; k < LINE; k++) {
            int kind;

            text[i][k] = (char)(px_random() % 96 + 32);
            kind = kind_of(text[i][k], state, &want[i][0]);
            want[i][0] += kind == 1 && state != 1;
            want[i][1] += kind == 2 && state != 2;
            want[i][2] += kind == 3;
            state = kind;
        }
    }
    p = px_in(text, sizeof(text));
    px_run("tokens", 1, LINES, PX_ARGS(&p, &line, &out));
    px_out(got, out, sizeof(got));
    PX_SAME(got, want);
}
