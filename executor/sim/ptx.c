/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/ptx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "executor/sim/ptx_build.h"
#include "executor/sim/sim_api.h"

/* What the simulated driver's compiler takes: PTX ISA 9.0, up to sm_90. */
#define VERSION_MAX 90
#define TARGET_MAX  90

static void version_read(struct ptx_build *b)
{
    double v;

    memcpy(&v, &b->tok.value, sizeof(v));
    if (b->tok.kind != TOK_F64) {
        ptx_expect(b, "version number");
    }
    v = v < 1000 ? v : 1000; /* what is no number too: the text may say anything */
    b->module->version = (int)(v * 10 + 0.5);
    if (b->module->version > VERSION_MAX) {
        b->code = CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
        ptx_fail(b, b->tok.line, "Unsupported .version %d.%d; current version is '9.0'",
                 b->module->version / 10, b->module->version % 10);
    }
    ptx_next(b);
}

static const int targets[] = {50, 52, 53, 60, 61, 62, 70, 72, 75, 80, 86, 87, 88, 89, 90};

static void target_read(struct ptx_build *b)
{
    uint32_t line = b->tok.line;
    char *name = ptx_name(b);
    bool known = false;

    b->module->target = strncmp(name, "sm_", 3) == 0 ? (int)strtol(name + 3, NULL, 10) : 0;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        known |= targets[i] == b->module->target;
    }
    if (!known || b->module->target > TARGET_MAX) {
        ptx_fail(b, line, "SM version specified by .target '%s' is higher than default SM version",
                 name);
    }
    while (ptx_accept(b, ",")) { /* debug, texmode_* */
        (void)ptx_name(b);
    }
}

static void skip_braces(struct ptx_build *b)
{
    while (!ptx_at(b, "}") && b->tok.kind != TOK_END) {
        ptx_next(b);
    }
    ptx_expect(b, "}");
}

/* Debug information and the like; false when it is something else. */
static bool ignored(struct ptx_build *b)
{
    uint32_t line = b->tok.line;

    if (ptx_at_dot(b, "file") || ptx_at_dot(b, "loc")) {
        while (b->tok.kind != TOK_END && b->tok.line == line) {
            ptx_next(b);
        }
        return true;
    }
    if (ptx_accept_dot(b, "section")) {
        while (!ptx_at(b, "{") && b->tok.kind != TOK_END) {
            ptx_next(b);
        }
        skip_braces(b);
        return true;
    }
    if (ptx_accept_dot(b, "pragma")) {
        ptx_next(b);
        ptx_expect(b, ";");
        return true;
    }
    return false;
}

static void object_read(struct ptx_build *b)
{
    bool external = false;

    for (;; ptx_next(b)) {
        external |= ptx_at_dot(b, "extern");
        if (!ptx_at_dot(b, "extern") && !ptx_at_dot(b, "visible") && !ptx_at_dot(b, "weak") &&
            !ptx_at_dot(b, "common")) {
            break;
        }
    }
    if (ptx_accept_dot(b, "entry")) {
        ptx_func_read(b, true, external);
    } else if (ptx_accept_dot(b, "func")) {
        ptx_func_read(b, false, external);
    } else if (ptx_accept_dot(b, "global")) {
        ptx_var_read(b, false, external);
    } else if (ptx_accept_dot(b, "const")) {
        ptx_var_read(b, true, external);
    } else if (ptx_accept_dot(b, "shared")) {
        ptx_shared_read(b, external);
    } else {
        ptx_fail(b, b->tok.line, "Parsing error near '%.*s': syntax error",
                 (int)(b->tok.length < 40 ? b->tok.length : 40), b->tok.text);
    }
}

static void module_read(struct ptx_build *b)
{
    ptx_next(b);
    while (b->tok.kind != TOK_END) {
        if (ptx_accept_dot(b, "version")) {
            b->texts++;
            version_read(b);
        } else if (ptx_accept_dot(b, "target")) {
            target_read(b);
        } else if (ptx_accept_dot(b, "address_size")) {
            if (ptx_int(b) != 64) {
                ptx_fail(b, b->tok.line, "only .address_size 64 is simulated");
            }
        } else if (!ignored(b)) {
            object_read(b);
        }
    }
    if (b->module->version == 0 || b->module->target == 0) {
        ptx_fail(b, 1, "Missing .version or .target directive at start of file");
    }
    ptx_layout(b);
}

struct ptx_module *ptx_parse(const char *text, bool allow_undefined, char *error, size_t size,
                             int *cu)
{
    struct ptx_build *b = calloc(1, sizeof(*b));
    struct arena *arena = arena_new();
    struct ptx_module *module;

    if (b == NULL || arena == NULL) {
        free(b);
        arena_free(arena);
        *cu = CUDA_ERROR_OUT_OF_MEMORY;
        return NULL;
    }
    module = arena_alloc(arena, sizeof(*module));
    module->arena = arena;
    b->arena = arena;
    b->module = module;
    b->lexer = (struct ptx_lexer){.at = text, .line = 1};
    b->error = error;
    b->error_size = size;
    b->allow_undefined = allow_undefined;
    b->code = CUDA_ERROR_INVALID_PTX;
    if (setjmp(b->fail) == 0) {
        module_read(b);
        *cu = CUDA_SUCCESS;
        free(b);
        return module;
    }
    *cu = b->code;
    arena_free(b->arena);
    free(b);
    return NULL;
}

void ptx_place(struct ptx_module *module, uintptr_t base)
{
    for (struct ptx_var *v = module->vars; v != NULL; v = v->next) {
        v->address = base + v->offset;
        if (v->init != NULL) {
            memcpy((void *)v->address, v->init, v->size);
        }
    }
    for (const struct ptx_var *v = module->vars; v != NULL; v = v->next) {
        for (const struct ptx_reloc *r = v->relocs; r != NULL; r = r->next) {
            uint64_t value =
                r->var != NULL ? r->var->address : PTX_WIN_FUNC + ((uint64_t)r->func->index << 4);

            value += (uint64_t)r->addend;
            memcpy((void *)(v->address + r->offset), &value, sizeof(value));
        }
    }
    for (const struct ptx_fixup *f = module->fixups; f != NULL; f = f->next) {
        f->func->constant[f->constant] = f->var->address + (uint64_t)f->addend;
    }
}

void ptx_free(struct ptx_module *module)
{
    if (module != NULL) {
        arena_free(module->arena);
    }
}
