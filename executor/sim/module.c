/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sim/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "executor/sim/engine.h"
#include "executor/sim/handle.h"
#include "executor/sim/memory.h"

/* Longest text of a compilation's errors. */
#define ERROR_MAX 2048

static void module_free(struct CUmod_st *m)
{
    handle_del(m);
    for (uint32_t i = 0; i < m->func_count; i++) {
        handle_del(&m->func[i]);
    }
    if (m->image != 0) {
        for (const struct ptx_var *v = m->ptx->vars; v != NULL; v = v->next) {
            memory_remove(v->address);
        }
        (void)munmap((void *)m->image, m->image_bytes);
        memory_uncharge(m->ctx->dev, sim_round_up(m->image_bytes, SIM_PAGE));
    }
    if (m->prev != NULL) {
        m->prev->next = m->next;
    } else if (m->ctx->modules == m) {
        m->ctx->modules = m->next;
    }
    if (m->next != NULL) {
        m->next->prev = m->prev;
    }
    ptx_free(m->ptx);
    free(m->func);
    free(m);
}

void module_free_all(CUcontext ctx)
{
    while (ctx->modules != NULL) {
        module_free(ctx->modules);
    }
}

/* Map the variables' memory and make each a range of its own. */
static CUresult place(struct CUmod_st *m)
{
    size_t bytes = sim_round_up(m->ptx->image_bytes, 4096);
    void *p;

    if (bytes == 0) {
        ptx_place(m->ptx, 0);
        return CUDA_SUCCESS;
    }
    if (!memory_charge(m->ctx->dev, sim_round_up(bytes, SIM_PAGE))) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        memory_uncharge(m->ctx->dev, sim_round_up(bytes, SIM_PAGE));
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    m->image = (uintptr_t)p;
    m->image_bytes = bytes;
    ptx_place(m->ptx, m->image);
    for (const struct ptx_var *v = m->ptx->vars; v != NULL; v = v->next) {
        struct range r = {.base = v->address, .size = v->size, .kind = RANGE_GLOBAL};

        r.access = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
        r.ctx = m->ctx;
        r.dev = m->ctx->dev;
        if (v->size != 0 && memory_add(r) != 0) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
    }
    return CUDA_SUCCESS;
}

static void function_init(struct CUfunc_st *f, struct CUmod_st *m, const struct ptx_func *ptx)
{
    f->module = m;
    f->ptx = ptx;
    f->dynamic_shared_max =
        ptx->shared_bytes < SIM_SHARED_DEFAULT ? (int)(SIM_SHARED_DEFAULT - ptx->shared_bytes) : 0;
    f->carveout = CU_SHAREDMEM_CARVEOUT_DEFAULT;
}

static CUresult functions(struct CUmod_st *m)
{
    m->func = calloc(m->ptx->func_count + 1, sizeof(*m->func));
    if (m->func == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    for (uint32_t i = 0; i < m->ptx->func_count; i++) {
        if (m->ptx->func[i]->entry && m->ptx->func[i]->defined) {
            struct CUfunc_st *f = &m->func[m->func_count];

            function_init(f, m, m->ptx->func[i]);
            if (handle_add(HANDLE_FUNCTION, f) != 0) {
                return CUDA_ERROR_OUT_OF_MEMORY;
            }
            m->func_count++;
        }
    }
    return CUDA_SUCCESS;
}

static struct CUmod_st *module_new(CUcontext ctx, struct ptx_module *ptx)
{
    struct CUmod_st *m = calloc(1, sizeof(*m));

    if (m == NULL || handle_add(HANDLE_MODULE, m) != 0) {
        free(m);
        ptx_free(ptx);
        return NULL;
    }
    m->ctx = ctx;
    m->ptx = ptx;
    m->next = ctx->modules;
    if (m->next != NULL) {
        m->next->prev = m;
    }
    ctx->modules = m;
    return m;
}

void jit_log_error(struct jit_log *log, const char *text)
{
    if (log->error != NULL && log->error_size != 0) {
        (void)snprintf(log->error, log->error_size, "%s", text);
        log->error_used = strlen(log->error) + 1;
    }
    sim_log("%s", text);
}

static CUresult parse(const void *image, struct jit_log *log, struct ptx_module **ptx)
{
    char error[ERROR_MAX] = "";
    const char *text;
    char *owned;
    CUresult cu = image_ptx(image, &text, &owned);
    int code = 0;

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    *ptx = ptx_parse(text, false, error, sizeof(error), &code);
    free(owned);
    if (*ptx == NULL) {
        jit_log_error(log, error);
    }
    return (CUresult)code;
}

CUresult module_load(CUcontext ctx, const void *image, struct jit_log *log, CUmodule *out)
{
    struct ptx_module *ptx = NULL;
    struct CUmod_st *m;
    CUresult cu = parse(image, log, &ptx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (ptx->image_bytes != 0) {
        cu = engine_wait_all(true); /* as the driver does for a module with variables */
        if (cu != CUDA_SUCCESS) {
            ptx_free(ptx);
            return cu;
        }
    }
    m = module_new(ctx, ptx);
    if (m == NULL) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    cu = place(m);
    if (cu == CUDA_SUCCESS) {
        cu = functions(m);
    }
    if (cu != CUDA_SUCCESS) {
        module_free(m);
        return cu;
    }
    *out = m;
    return CUDA_SUCCESS;
}

/* Begin a call on a module handle; nothing is held on an error. */
static CUresult begin_module(const char *call, CUmodule m)
{
    CUcontext ctx;
    CUresult cu = sim_begin_ctx(call, &ctx);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    return handle_ok(HANDLE_MODULE, m) ? CUDA_SUCCESS : sim_end(CUDA_ERROR_INVALID_HANDLE);
}

CUresult cuModuleUnload(CUmodule hmod)
{
    CUresult cu;

    if (hmod == NULL) { /* needs no current context to be refused */
        cu = sim_begin(__func__);
        return cu != CUDA_SUCCESS ? cu : sim_end(CUDA_ERROR_INVALID_HANDLE);
    }
    cu = begin_module(__func__, hmod);
    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    cu = engine_wait_all(false);
    if (cu == CUDA_SUCCESS && handle_ok(HANDLE_MODULE, hmod)) {
        module_free(hmod);
    }
    return sim_end(cu);
}

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode)
{
    CUresult cu = sim_begin(__func__);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (mode == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *mode = CU_MODULE_LAZY_LOADING; /* the driver's default; a program sees no difference */
    return sim_end(CUDA_SUCCESS);
}

CUresult cuModuleGetFunction(CUfunction *hfunc, CUmodule hmod, const char *name)
{
    CUresult cu = begin_module(__func__, hmod);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (hfunc == NULL || name == NULL || name[0] == '\0') {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    for (uint32_t i = 0; i < hmod->func_count; i++) {
        if (strcmp(hmod->func[i].ptx->name, name) == 0) {
            *hfunc = &hmod->func[i];
            return sim_end(CUDA_SUCCESS);
        }
    }
    return sim_end(CUDA_ERROR_NOT_FOUND);
}

CUresult cuModuleGetFunctionCount(unsigned int *count, CUmodule mod)
{
    CUresult cu = begin_module(__func__, mod);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (count == NULL) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    *count = mod->func_count;
    return sim_end(CUDA_SUCCESS);
}

CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned int numFunctions, CUmodule mod)
{
    CUresult cu = begin_module(__func__, mod);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (functions == NULL || numFunctions == 0) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    for (uint32_t i = 0; i < mod->func_count && i < numFunctions; i++) {
        functions[i] = &mod->func[i];
    }
    return sim_end(CUDA_SUCCESS);
}

static bool has_function(CUmodule module, const char *name)
{
    for (uint32_t i = 0; i < module->func_count; i++) {
        if (strcmp(module->func[i].ptx->name, name) == 0) {
            return true;
        }
    }
    return false;
}

CUresult cuModuleGetGlobal(CUdeviceptr *dptr, size_t *bytes, CUmodule hmod, const char *name)
{
    CUresult cu = begin_module(__func__, hmod);

    if (cu != CUDA_SUCCESS) {
        return cu;
    }
    if (name == NULL || (dptr == NULL && bytes == NULL)) {
        return sim_end(CUDA_ERROR_INVALID_VALUE);
    }
    for (const struct ptx_var *v = hmod->ptx->vars; v != NULL; v = v->next) {
        if (strcmp(v->name, name) != 0) {
            continue;
        }
        if (dptr != NULL) {
            *dptr = v->address;
        }
        if (bytes != NULL) {
            *bytes = v->size;
        }
        return sim_end(CUDA_SUCCESS);
    }
    /* A kernel is known, but no variable: measured. */
    return sim_end(has_function(hmod, name) ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_NOT_FOUND);
}
