/* SPDX-License-Identifier: Apache-2.0 */
#include "executor/sandbox/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/io.h"
#include "common/log.h"

/* A pipe holds 64 KiB by default; a filter has at most 4096 instructions of 8 bytes. */
#define PROGRAM_BYTES_MAX 32768u

static struct scmp_arg_cmp compare_of(const struct ex_rule *rule)
{
    struct scmp_arg_cmp cmp = {.arg = rule->arg, .op = SCMP_CMP_EQ, .datum_a = rule->value};

    switch (rule->check) {
    case EX_CHECK_NE:
        cmp.op = SCMP_CMP_NE;
        break;
    case EX_CHECK_MASKED:
        cmp.op = SCMP_CMP_MASKED_EQ;
        cmp.datum_a = rule->mask;
        cmp.datum_b = rule->value;
        break;
    case EX_CHECK_OWN_PID:
        cmp.datum_a = (scmp_datum_t)getpid();
        break;
    case EX_CHECK_NONE:
    case EX_CHECK_EQ:
        break;
    }
    return cmp;
}

static int add_rule(scmp_filter_ctx filter, const struct ex_rule *rule)
{
    int nr = seccomp_syscall_resolve_name(rule->syscall);
    uint32_t action = rule->refuse == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((uint16_t)rule->refuse);
    struct scmp_arg_cmp cmp = compare_of(rule);

    if (nr == __NR_SCMP_ERROR) {
        vgpu_log(VGPU_LOG_ERROR, "policy names an unknown system call name=%s", rule->syscall);
        return -EINVAL;
    }
    return seccomp_rule_add_array(filter, action, nr, rule->check == EX_CHECK_NONE ? 0 : 1, &cmp);
}

static int set_attributes(scmp_filter_ctx filter, uint32_t bad)
{
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, bad);

    if (rc == 0) {
        /* Driver threads exist already when the second filter is loaded. */
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    }
    if (rc == 0) {
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 1);
    }
    if (rc == 0) {
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    }
    return rc;
}

static uint64_t hash_of(const uint8_t *bytes, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325ull;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3ull;
    }
    return hash;
}

/* The program as the kernel will get it, through a pipe: no file is needed. */
static int hash_program(scmp_filter_ctx filter, uint64_t *hash)
{
    int ends[2];
    VGPU_CLEANUP_FREE uint8_t *bytes = malloc(PROGRAM_BYTES_MAX);

    if (bytes == NULL) {
        return -ENOMEM;
    }
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return -errno;
    }
    int rc = seccomp_export_bpf(filter, ends[1]);

    vgpu_fd_close(&ends[1]);
    if (rc == 0) {
        ssize_t len = vgpu_read_full(ends[0], bytes, PROGRAM_BYTES_MAX);

        rc = len < 0 ? (int)len : 0;
        *hash = rc == 0 ? hash_of(bytes, (size_t)len) : 0;
    }
    vgpu_fd_close(&ends[0]);
    return rc;
}

int ex_filter_load(const struct ex_policy *policy, bool trace, uint64_t *hash)
{
    uint32_t bad = trace ? SCMP_ACT_TRAP : SCMP_ACT_KILL_PROCESS;
    scmp_filter_ctx filter = seccomp_init(policy->default_kill ? bad : SCMP_ACT_ALLOW);
    int rc;

    if (filter == NULL) {
        return -ENOMEM;
    }
    rc = set_attributes(filter, bad);
    for (size_t i = 0; rc == 0 && i < policy->count; i++) {
        rc = add_rule(filter, &policy->rules[i]);
    }
    if (rc == 0 && hash != NULL) {
        rc = hash_program(filter, hash);
    }
    if (rc == 0) {
        rc = seccomp_load(filter);
    }
    seccomp_release(filter);
    return rc;
}
