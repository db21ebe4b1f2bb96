// SPDX-License-Identifier: Apache-2.0
#include "device.h"

struct cells { int i[8]; unsigned u[8]; long long l[3]; unsigned long long ul[6]; float f; double d; };

KERNEL atomics(cells *c, const int *in)
{
    int v = in[INDEX];
    atomicAdd(&c->i[0], v);
    atomicSub(&c->i[1], v);
    atomicMin(&c->i[2], v);
    atomicMax(&c->i[3], v);
    atomicAnd(&c->i[4], v | 0xff);
    atomicOr(&c->i[5], v & 0xff00);
    atomicXor(&c->i[6], v);
    atomicAdd(&c->u[0], (unsigned)v);
    atomicMin(&c->u[1], (unsigned)v);
    atomicMax(&c->u[2], (unsigned)v);
    atomicInc(&c->u[3], 100);
    atomicDec(&c->u[4], 100);
    atomicMin(&c->l[0], (long long)v << 8);
    atomicMax(&c->l[1], (long long)v << 8);
    atomicAdd(&c->ul[0], (unsigned long long)(long long)v);
    atomicAnd(&c->ul[1], (unsigned long long)v | 1);
    atomicOr(&c->ul[2], (unsigned long long)v << 20);
    atomicXor(&c->ul[3], (unsigned long long)v << 7);
    atomicMax(&c->ul[4], (unsigned long long)v);
    atomicMin(&c->ul[5], (unsigned long long)v);
    atomicAdd(&c->f, 1.0f);
    atomicAdd(&c->d, 0.5);
    atomicAdd_block(&c->i[7], 1);
    atomicAdd_system(&c->u[5], 1u);
}

// A product by compare and swap, in 32, 64 and 16 bits.
KERNEL swaps(unsigned *a, unsigned long long *b, unsigned short *c)
{
    unsigned was = *a, seen;
    do {
        seen = was;
        was = atomicCAS(a, seen, seen * 3 + 1);
    } while (was != seen);
    unsigned long long was8 = *b, seen8;
    do {
        seen8 = was8;
        was8 = atomicCAS(b, seen8, seen8 + 0x100000001ull);
    } while (was8 != seen8);
    unsigned short was2 = *c, seen2;
    do {
        seen2 = was2;
        was2 = atomicCAS(c, seen2, (unsigned short)(seen2 + 5));
    } while (was2 != seen2);
}

struct link { link *next; int value; };

// A list that all threads push to.
KERNEL push(link *nodes, link **head)
{
    link *me = &nodes[INDEX];
    me->value = INDEX;
    me->next = (link *)atomicExch((unsigned long long *)head, (unsigned long long)me);
}

KERNEL walk(link *const *head, int *sum, int *count)
{
    int n = 0, s = 0;
    for (link *p = *head; p; p = p->next, n++) s += p->value;
    *sum = s;
    *count = n;
}

KERNEL shared_atomics(const int *in, int *out)
{
    __shared__ int i[4];
    __shared__ unsigned long long l;
    __shared__ float f;
    if (threadIdx.x == 0) {
        i[0] = i[1] = 0;
        i[2] = 1 << 30;
        i[3] = -1;
        l = 0;
        f = 0;
    }
    __syncthreads();
    int v = in[INDEX];
    atomicAdd(&i[0], v);
    atomicMax(&i[1], v);
    atomicMin(&i[2], v);
    atomicCAS(&i[3], -1, 77);
    atomicAdd(&l, (unsigned long long)v);
    atomicAdd(&f, 2.0f);
    __syncthreads();
    if (threadIdx.x < 4) out[threadIdx.x] = i[threadIdx.x];
    if (threadIdx.x == 4) out[4] = (int)l;
    if (threadIdx.x == 5) out[5] = (int)f;
}
