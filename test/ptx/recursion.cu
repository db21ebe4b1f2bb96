// SPDX-License-Identifier: Apache-2.0
// clang
#include "device.h"

#define NOINLINE static __device__ __attribute__((noinline))

NOINLINE int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
KERNEL fibonacci(int *out) { out[INDEX] = fib(INDEX); }

NOINLINE unsigned ack(unsigned m, unsigned n)
{
    return m == 0 ? n + 1 : n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1));
}
KERNEL ackermann(unsigned *out) { out[INDEX] = ack(2, INDEX % 8); }

struct node { int left, right, value; };

NOINLINE long long tree_sum(const node *t, int at, int depth)
{
    if (at < 0) return 0;
    int local[4] = {depth, at, t[at].value, 1};  // lives across the calls
    long long below = tree_sum(t, t[at].left, depth + 1);
    below += tree_sum(t, t[at].right, depth + 1);
    return below + (long long)local[depth & 3] * local[(at + 2) & 3];
}
KERNEL tree(const node *t, long long *out) { out[INDEX] = tree_sum(t, INDEX, 0); }

NOINLINE bool is_odd(unsigned n);
NOINLINE bool is_even(unsigned n) { return n == 0 || is_odd(n - 1); }
NOINLINE bool is_odd(unsigned n) { return n != 0 && is_even(n - 1); }
KERNEL parity(unsigned char *out) { out[INDEX] = is_even(INDEX) * 2 + is_odd(INDEX); }

struct pair { double mean; int count; char tag[5]; };

NOINLINE pair halves(const float *a, int n)  // a structure comes back by value
{
    if (n == 1) return {a[0], 1, {'l', 'e', 'a', 'f', 0}};
    pair l = halves(a, n / 2), r = halves(a + n / 2, n - n / 2);
    return {(l.mean * l.count + r.mean * r.count) / (l.count + r.count), l.count + r.count,
            {l.tag[0], r.tag[1], (char)(l.tag[2] + 1), r.tag[3], 0}};
}
KERNEL means(const float *a, pair *out) { out[INDEX] = halves(a, INDEX + 1); }

NOINLINE int hanoi(int n, int from, int to, int *peg)
{
    if (n == 0) return 0;
    int moves = hanoi(n - 1, from, 3 - from - to, peg);
    peg[to]++;
    peg[from]--;
    return moves + 1 + hanoi(n - 1, 3 - from - to, to, peg);
}
KERNEL towers(int *out)
{
    int n = INDEX % 7, peg[3] = {n, 0, 0};
    out[INDEX] = hanoi(n, 0, 2, peg) * 1000 + peg[0] * 100 + peg[1] * 10 + peg[2];
}
