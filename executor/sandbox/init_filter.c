/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sandbox/init_filter.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

#define WHY_PROCESS   "a worker starts threads only; the driver runs without helpers"
#define WHY_NAMESPACE "namespaces widen what the kernel lets a process reach"
#define WHY_FOREIGN   "other processes are none of a worker's business"
#define WHY_KERNEL    "kernel interfaces with a large attack surface that CUDA does not use"
#define WHY_SYSTEM    "changes of the system, never a worker's"
#define WHY_WX        "write-xor-execute: JIT output runs on the GPU, not here"
#define WHY_TERMINAL  "injects input into a terminal that the worker may have inherited"

/* clone's flags, in its first argument on x86-64 and arm64. */
#define NO_CLONE(flag) EX_REFUSE_MASKED("clone", EPERM, 0, (flag), (flag), WHY_NAMESPACE)

static const struct ex_rule rules[] = {
    EX_REFUSE("execve", EPERM, WHY_PROCESS),
    EX_REFUSE("execveat", EPERM, WHY_PROCESS),
    EX_REFUSE("fork", EPERM, WHY_PROCESS),
    EX_REFUSE("vfork", EPERM, WHY_PROCESS),
    EX_REFUSE_MASKED("clone", EPERM, 0, CLONE_THREAD, 0, WHY_PROCESS),
    EX_REFUSE("clone3", ENOSYS, "its flags lie behind a pointer; libc falls back to clone"),
    NO_CLONE(CLONE_NEWNS),
    NO_CLONE(CLONE_NEWCGROUP),
    NO_CLONE(CLONE_NEWUTS),
    NO_CLONE(CLONE_NEWIPC),
    NO_CLONE(CLONE_NEWUSER),
    NO_CLONE(CLONE_NEWPID),
    NO_CLONE(CLONE_NEWNET),
    EX_REFUSE("unshare", EPERM, WHY_NAMESPACE),
    EX_REFUSE("setns", EPERM, WHY_NAMESPACE),
    EX_REFUSE("pivot_root", EPERM, WHY_NAMESPACE),
    EX_REFUSE("chroot", EPERM, WHY_NAMESPACE),
    EX_REFUSE("mount", EPERM, WHY_NAMESPACE),
    EX_REFUSE("umount2", EPERM, WHY_NAMESPACE),
    EX_REFUSE("open_tree", EPERM, WHY_NAMESPACE),
    EX_REFUSE("move_mount", EPERM, WHY_NAMESPACE),
    EX_REFUSE("fsopen", EPERM, WHY_NAMESPACE),
    EX_REFUSE("fsmount", EPERM, WHY_NAMESPACE),
    EX_REFUSE("ptrace", EPERM, WHY_FOREIGN),
    EX_REFUSE("process_vm_readv", EPERM, WHY_FOREIGN),
    EX_REFUSE("process_vm_writev", EPERM, WHY_FOREIGN),
    EX_REFUSE("pidfd_open", EPERM, WHY_FOREIGN),
    EX_REFUSE("pidfd_getfd", EPERM, WHY_FOREIGN),
    EX_REFUSE("pidfd_send_signal", EPERM, WHY_FOREIGN),
    EX_REFUSE("kcmp", EPERM, WHY_FOREIGN),
    EX_REFUSE("kill", EPERM, WHY_FOREIGN),
    EX_REFUSE("tkill", EPERM, WHY_FOREIGN),
    EX_REFUSE("shmget", EPERM, WHY_FOREIGN),
    EX_REFUSE("shmat", EPERM, WHY_FOREIGN),
    EX_REFUSE("bpf", EPERM, WHY_KERNEL),
    EX_REFUSE("io_uring_setup", EPERM, WHY_KERNEL),
    EX_REFUSE("io_uring_enter", EPERM, WHY_KERNEL),
    EX_REFUSE("io_uring_register", EPERM, WHY_KERNEL),
    EX_REFUSE("userfaultfd", EPERM, WHY_KERNEL),
    EX_REFUSE("perf_event_open", EPERM, WHY_KERNEL),
    EX_REFUSE("keyctl", EPERM, WHY_KERNEL),
    EX_REFUSE("add_key", EPERM, WHY_KERNEL),
    EX_REFUSE("request_key", EPERM, WHY_KERNEL),
    EX_REFUSE("fanotify_init", EPERM, WHY_KERNEL),
    EX_REFUSE("personality", EPERM, WHY_KERNEL),
    EX_REFUSE("init_module", EPERM, WHY_SYSTEM),
    EX_REFUSE("finit_module", EPERM, WHY_SYSTEM),
    EX_REFUSE("delete_module", EPERM, WHY_SYSTEM),
    EX_REFUSE("kexec_load", EPERM, WHY_SYSTEM),
    EX_REFUSE("reboot", EPERM, WHY_SYSTEM),
    EX_REFUSE("swapon", EPERM, WHY_SYSTEM),
    EX_REFUSE("swapoff", EPERM, WHY_SYSTEM),
    EX_REFUSE("sethostname", EPERM, WHY_SYSTEM),
    EX_REFUSE("settimeofday", EPERM, WHY_SYSTEM),
    EX_REFUSE("clock_settime", EPERM, WHY_SYSTEM),
    EX_REFUSE("mknod", EPERM, "device nodes are made by the administrator; measured: not needed"),
    EX_REFUSE("mknodat", EPERM, "as mknod, the newer form"),
    EX_REFUSE_NE("socket", EPERM, 0, AF_UNIX, "the driver's own socket is AF_UNIX; no network"),
    EX_REFUSE_MASKED("mmap", EPERM, 2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC, WHY_WX),
    EX_REFUSE_MASKED("mprotect", EPERM, 2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC, WHY_WX),
    EX_REFUSE_MASKED("ioctl", EPERM, 1, 0xffffffffu, 0x5412, WHY_TERMINAL), /* TIOCSTI */
    EX_REFUSE_MASKED("ioctl", EPERM, 1, 0xffffffffu, 0x541c, WHY_TERMINAL), /* TIOCLINUX */
};

const struct ex_policy ex_init_policy = {
    .name = "init",
    .default_kill = false,
    .rules = rules,
    .count = N(rules),
};
