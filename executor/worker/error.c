/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/worker/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/log.h"
#include "executor/driver.h"
#include "executor/worker/console.h"
#include "executor/worker/exit_status.h"
#include "executor/worker/session.h"
#include "proto/channel.h"

bool ex_error_is_sticky(CUresult cu)
{
    switch ((int)cu) {
    case 214: /* ECC_UNCORRECTABLE */
    case 220: /* NVLINK_UNCORRECTABLE */
    case 226: /* CONTAINED */
    case 700: /* ILLEGAL_ADDRESS */
    case 702: /* LAUNCH_TIMEOUT */
    case 710: /* ASSERT */
    case 714: /* HARDWARE_STACK_ERROR */
    case 715: /* ILLEGAL_INSTRUCTION */
    case 716: /* MISALIGNED_ADDRESS */
    case 717: /* INVALID_ADDRESS_SPACE */
    case 718: /* INVALID_PC */
    case 719: /* LAUNCH_FAILED */
    case 721: /* TENSOR_MEMORY_LEAK */
        return true;
    default:
        return false;
    }
}

/* What kernels said is in the console before the error is in its word.  A driver that has failed
 * waits for nothing any more; any other may wait for ever. */
static void hear_last_words(struct ex_session *x)
{
    if (ex_error_is_sticky(x->driver->cuStreamQuery(NULL))) {
        (void)x->driver->cuCtxSynchronize();
        (void)ex_console_settle();
    }
}

void ex_session_poison(struct ex_session *x, CUresult cu)
{
    if (x->window.base != NULL) {
        hear_last_words(x);
        atomic_store_explicit(&vgpu_channel_state(x->window.base)->error, (uint32_t)cu,
                              memory_order_release);
    }
}

void ex_session_fatal(struct ex_session *x, CUresult cu, const char *what)
{
    char reason[VGPU_TEXT_BYTES_MAX];
    /* What native would not keep answering cannot end a session; the reason tells which it was. */
    CUresult end = ex_error_is_sticky(cu) ? cu : CUDA_ERROR_LAUNCH_FAILED;
    Vgpu__Fatal fatal;
    Vgpu__Frame frame = VGPU__FRAME__INIT;

    vgpu__fatal__init(&fatal);
    (void)snprintf(reason, sizeof(reason), "%s: %s (%d)", what, ex_driver_error_name(x->driver, cu),
                   (int)cu);
    vgpu_log(VGPU_LOG_WARNING, "session ends session=%" PRIu64 " operation=%s result=%d name=%s",
             x->id, what, (int)cu, ex_driver_error_name(x->driver, cu));
    ex_session_poison(x, end);
    ex_console_wait_read();
    ex_console_leave();
    fatal.result = (int32_t)end;
    fatal.reason = reason;
    frame.kind_case = VGPU__FRAME__KIND_FATAL;
    frame.fatal = &fatal;
    ex_outbox_last(x->outbox, &frame, EX_EXIT_STICKY);
}

void ex_session_broken(struct ex_session *x, const char *what)
{
    vgpu_log(VGPU_LOG_WARNING, "broken peer, session ends session=%" PRIu64 " what=\"%s\"", x->id,
             what);
    _exit(EX_EXIT_BROKEN);
}
