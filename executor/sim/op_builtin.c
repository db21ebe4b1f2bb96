/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/op_builtin.h"

#include <stdio.h>
#include <unistd.h>

#include "executor/sim/op_flow.h"
#include "executor/sim/sim.h"
#include "executor/sim/thr.h"

/* Functions that device code calls and the driver has: printf and assert. */

/* Longest text of one printf, and of one of its conversions. */
#define TEXT_MAX 1024
#define SPEC_MAX 32

/* Argument k of the call, at most 8 bytes of it. */
static uint64_t argument(const struct thr *t, const struct insn *i, uint32_t k)
{
    const struct call_value *v = &op_call_site(i)->arg[k];
    uint64_t value = 0;

    if (v->reg) {
        return op_get(t, v->at);
    }
    memcpy(&value, t->cparam + v->at, v->size < 8 ? v->size : 8);
    return value;
}

static void result(struct thr *t, const struct insn *i, uint64_t value)
{
    const struct call_site *site = op_call_site(i);

    if (site->ret_count != 1) {
        return;
    }
    if (site->ret[0].reg) {
        op_set(t, site->ret[0].at, value);
    } else {
        memcpy(t->cparam + site->ret[0].at, &value, site->ret[0].size < 8 ? site->ret[0].size : 8);
    }
}

/* A NUL-terminated text of the device, cut to size; false after a fault. */
static bool text_read(struct thr *t, const struct insn *i, uint64_t addr, char *out, size_t size)
{
    size_t n = 0;

    for (; n + 1 < size; n++) {
        const char *p = op_generic(t, i, addr + n, 1, false);

        if (p == NULL) {
            return false;
        }
        out[n] = *p;
        if (*p == '\0') {
            return true;
        }
    }
    out[n] = '\0';
    return true;
}

struct printer {
    char text[TEXT_MAX];
    size_t used;
    uint64_t args; /* address of the next argument */
};

/* The conversion at format: its length, and what it is without its lengths. */
static size_t spec_read(const char *format, char *spec, char *kind, bool *wide)
{
    size_t n = 1;
    size_t out = 1;

    spec[0] = '%';
    *wide = false;
    while (strchr("-+ #0123456789.lhzjt", format[n]) != NULL && format[n] != '\0') {
        if (strchr("lhzjt", format[n]) == NULL) {
            if (out < SPEC_MAX - 4) {
                spec[out++] = format[n];
            }
        } else {
            *wide |= format[n] != 'h';
        }
        n++;
    }
    *kind = format[n];
    spec[out] = '\0';
    return format[n] == '\0' ? n : n + 1;
}

/* Print one argument; the conversions are those of device code. */
static bool spec_print(struct thr *t, const struct insn *i, struct printer *p, char *spec,
                       char kind, bool wide)
{
    bool real = strchr("eEfFgGaA", kind) != NULL;
    uint32_t size = wide || real || kind == 's' || kind == 'p' ? 8 : 4;
    size_t end = strlen(spec);
    char text[256];
    const void *at;
    uint64_t v = 0;
    double d;
    int n;

    p->args = (p->args + size - 1) / size * size;
    at = op_generic(t, i, p->args, size, false);
    if (at == NULL) {
        return false;
    }
    memcpy(&v, at, size);
    p->args += size;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (real) {
        memcpy(&d, &v, sizeof(d));
        spec[end] = kind;
        spec[end + 1] = '\0';
        n = snprintf(p->text + p->used, TEXT_MAX - p->used, spec, d);
    } else if (kind == 's') {
        if (!text_read(t, i, v, text, sizeof(text))) {
            return false;
        }
        memcpy(spec + end, "s", 2);
        n = snprintf(p->text + p->used, TEXT_MAX - p->used, spec, text);
    } else if (kind == 'd' || kind == 'i') {
        memcpy(spec + end, "lld", 4);
        n = snprintf(p->text + p->used, TEXT_MAX - p->used, spec,
                     wide ? (long long)v : (long long)(int32_t)v);
    } else if (kind == 'c') {
        memcpy(spec + end, "c", 2);
        n = snprintf(p->text + p->used, TEXT_MAX - p->used, spec, (int)v);
    } else {
        (void)snprintf(spec + end, 5, "ll%c", kind == 'p' ? 'x' : kind);
        n = snprintf(p->text + p->used, TEXT_MAX - p->used, spec, (unsigned long long)v);
    }
#pragma GCC diagnostic pop
    p->used += n < 0 ? 0 : (size_t)n;
    p->used = p->used < TEXT_MAX - 1 ? p->used : TEXT_MAX - 1;
    return true;
}

static bool format_print(struct thr *t, const struct insn *i, struct printer *p, const char *format)
{
    char spec[SPEC_MAX];
    char kind;
    bool wide;

    while (*format != '\0' && p->used < TEXT_MAX - 1) {
        if (format[0] != '%' || format[1] == '%') {
            p->text[p->used++] = *format;
            format += *format == '%' ? 2 : 1;
            continue;
        }
        format += spec_read(format, spec, &kind, &wide);
        if (strchr("diouxXcspeEfFgGaA", kind) != NULL && kind != '\0' &&
            !spec_print(t, i, p, spec, kind, wide)) {
            return false;
        }
    }
    return true;
}

static const struct insn *device_printf(struct thr *t, const struct insn *i)
{
    struct printer p = {.used = 0};
    char format[TEXT_MAX];

    p.args = argument(t, i, 1);
    if (!text_read(t, i, argument(t, i, 0), format, sizeof(format)) ||
        !format_print(t, i, &p, format)) {
        return NULL;
    }
    (void)!write(STDOUT_FILENO, p.text, p.used);
    result(t, i, p.used);
    return i + 1;
}

static const struct insn *assert_fail(struct thr *t, const struct insn *i)
{
    const struct blk *b = t->blk;
    char what[160];
    char file[128];
    char func[96];

    if (op_call_site(i)->arg_count < 4 || !text_read(t, i, argument(t, i, 0), what, sizeof(what)) ||
        !text_read(t, i, argument(t, i, 1), file, sizeof(file)) ||
        !text_read(t, i, argument(t, i, 3), func, sizeof(func))) {
        return op_fault(t, i, CUDA_ERROR_ASSERT);
    }
    sim_log("%s:%u: %s: block: [%u,%u,%u], thread: [%u,%u,%u] Assertion `%s` failed.", file,
            (uint32_t)argument(t, i, 2), func, b->ctaid[0], b->ctaid[1], b->ctaid[2], t->tid[0],
            t->tid[1], t->tid[2], what);
    return op_fault(t, i, CUDA_ERROR_ASSERT);
}

lane_fn op_builtin(const char *name)
{
    if (strcmp(name, "vprintf") == 0) {
        return device_printf;
    }
    if (strcmp(name, "__assertfail") == 0) {
        return assert_fail;
    }
    return NULL;
}
