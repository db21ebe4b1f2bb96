/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGPU_CONTROL_H
#define VGPU_CONTROL_H

/* Numbers of the control messages (docs/specs/wire.md, "Control"). */

/* CtlHello.role */
enum vgpu_ctl_role {
    VGPU_CTL_TOOL = 0, /* reads */
    VGPU_CTL_HOST = 1, /* vgpu-hostd: commands too */
};

/* CtlAsk.what.  The broker answers those up to VGPU_CTL_TRACE, vgpu-hostd the others. */
enum vgpu_ctl_what {
    VGPU_CTL_BROKER = 1,   /* one BrokerRow */
    VGPU_CTL_VMS = 2,      /* VmRow each; with `vm`: of that one */
    VGPU_CTL_GPUS = 3,     /* GpuRow each */
    VGPU_CTL_POOLS = 4,    /* PoolRow each */
    VGPU_CTL_SESSIONS = 5, /* SessionRow each; with `vm`: of that one */
    VGPU_CTL_TRACE = 6,    /* TraceRow as they come, until the client leaves */
    VGPU_CTL_HOSTD = 32,   /* one HostRow */
    VGPU_CTL_QEMUS = 33,   /* QemuRow each */
    VGPU_CTL_REGISTRY = 34 /* RegistryRow each; with `vm`: of that one */
};

/* VmChange.what */
enum vgpu_ctl_change {
    VGPU_CTL_ADD = 0,
    VGPU_CTL_SET = 1,
    VGPU_CTL_REMOVE = 2,
};

/* VmIdentity.verdict */
enum vgpu_ctl_verdict {
    VGPU_CTL_SOCKET_ONLY = 0, /* the host cannot tell more than the socket says */
    VGPU_CTL_VERIFIED = 1,
    VGPU_CTL_ANOTHERS = 2, /* the process belongs to another machine */
};

#endif
