// SPDX-License-Identifier: Apache-2.0
#include "device.h"

KERNEL find_naive(const char *text, int n, const char *word, int m, int *at)
{
    int i = INDEX, k = 0;
    if (i + m > n) return;
    while (k < m && text[i + k] == word[k]) k++;
    if (k == m) atomicMin(at, i);
}

struct word { char text[16]; short fail[16]; int length; };

// Each thread counts the word in a line, by the failure table; the word is passed by value.
KERNEL count_kmp(const char *text, int line, word w, int *count)
{
    const char *p = text + INDEX * line;
    int k = 0, found = 0;
    for (int i = 0; i < line; i++) {
        while (k > 0 && (k == w.length || w.text[k] != p[i])) k = w.fail[k - 1];
        if (w.text[k] == p[i]) k++;
        found += k == w.length;
    }
    count[INDEX] = found;
}

KERNEL levenshtein(const char *a, const char *b, int line, int *distance)
{
    const char *p = a + INDEX * line, *q = b + INDEX * line;
    int row[33];
    for (int i = 0; i <= line; i++) row[i] = i;
    for (int i = 1; i <= line; i++) {
        int before = row[0]++;
        for (int k = 1; k <= line; k++) {
            int swap = before + (p[i - 1] != q[k - 1]);
            before = row[k];
            row[k] = min(min(row[k] + 1, row[k - 1] + 1), swap);
        }
    }
    distance[INDEX] = row[line];
}

__device__ const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

KERNEL base64(const unsigned char *in, char *out)
{
    const unsigned char *p = in + INDEX * 3;
    unsigned v = p[0] << 16 | p[1] << 8 | p[2];
    for (int k = 0; k < 4; k++) out[INDEX * 4 + k] = digits[v >> (18 - 6 * k) & 63];
}

// State machine with a dense switch: words, numbers and operators in a line.
KERNEL tokens(const char *text, int line, int3 *out)
{
    const char *p = text + INDEX * line;
    int words = 0, numbers = 0, others = 0, state = 0;
    for (int i = 0; i < line; i++) {
        int kind;
        switch (p[i] & 15) {
        case 0: case 7: kind = 0; break;
        case 1: case 2: kind = 1; break;
        case 3: kind = state == 1 ? 1 : 2; break;
        case 4: kind = 2; break;
        case 5: kind = 3; break;
        case 6: kind = state; break;
        case 8: kind = 3 - state; break;
        case 9: case 10: kind = state ^ 1; break;
        case 11: kind = 2; words--; break;
        default: kind = (p[i] >> 4) & 3; break;
        }
        words += kind == 1 && state != 1;
        numbers += kind == 2 && state != 2;
        others += kind == 3;
        state = kind;
    }
    out[INDEX] = make_int3(words, numbers, others);
}
