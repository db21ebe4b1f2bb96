/* SPDX-License-Identifier: Apache-2.0 */
#include "ex_dispatch.h"

#include "executor/worker/session.h"

/* The calls about the one context, on helper threads. */

const struct ex_driver *ex_session_driver(struct ex_session *x)
{
    return x->driver;
}

CUresult ex_do_cuCtxSynchronize(struct ex_session *session,
                                const struct vgpu_args_cuCtxSynchronize *args,
                                struct vgpu_ret_cuCtxSynchronize *ret)
{
    (void)args;
    (void)ret;
    return session->driver->cuCtxSynchronize();
}

CUresult ex_do_cuCtxSetLimit(struct ex_session *session, const struct vgpu_args_cuCtxSetLimit *args,
                             struct vgpu_ret_cuCtxSetLimit *ret)
{
    (void)ret;
    return ex_charge_limit(session, (CUlimit)args->limit, args->value);
}
