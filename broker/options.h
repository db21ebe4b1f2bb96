/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BR_OPTIONS_H
#define BR_OPTIONS_H

/* Command line and settings of vgpu-broker. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "broker/policy.h"
#include "broker/metrics_address.h"
#include "broker/roster.h"
#include "common/daemon.h"

enum br_unknown { BR_UNKNOWN_DEFAULT, BR_UNKNOWN_REFUSE };

/* Sections [broker], [policy] and [pools] of the configuration. */
struct br_settings {
    char *socket;
    char *executor_socket;
    char *control_socket;
    char *control_group; /* "auto", "none", or a group */
    uint32_t socket_mode;
    uint32_t channel_mib;
    uint32_t sessions_max;
    uint32_t session_buffer_kib;
    uint32_t spin_us; /* VGPU_CONFIG_AUTO until br_options_parse() resolves it */
    uint32_t hello_timeout_ms;
    uint32_t drain_ms;
    uint32_t log_level; /* index into error, warning, info, debug */
    uint32_t vm_socket_mode;
    char *vm_socket_group; /* "none", or a group */
    char *vm_user;         /* "any", or an account */
    uint32_t cache_mib;    /* 0: no cache */
    uint32_t cache_vm_mib;
    uint32_t cache_entries;
    uint32_t cache_vm_entries;
    char *metrics;   /* metrics_address.h */
    uint32_t spares; /* executor.spares: told to supervisors */
    /* Section [policy]: the class of machines that the registry does not know. */
    uint32_t unknown_vms; /* enum br_unknown */
    char *default_pool;   /* NULL: A */
    uint32_t default_priority;
    uint32_t default_sessions_max;
    uint32_t default_memory_quota_mib;
    uint32_t default_calls_per_s;
    uint32_t default_calls_burst;
    uint32_t default_kib_per_s;
    uint32_t default_kib_burst;
    uint32_t default_starts_per_s;
    uint32_t default_starts_burst;
    uint32_t context_mib;
    struct br_pools pools; /* section [pools] */
};

/* Who may connect as a virtual machine; vm_user and vm_socket_group resolved. */
struct br_vm_access {
    gid_t gid; /* of the machines' sockets; (gid_t)-1: as they are made */
    bool any_user;
    uid_t uid; /* unless any_user: this account or root */
};

struct br_options {
    struct br_settings settings;
    struct br_roster roster; /* section [vms], and --vm */
    struct br_vm_access vm_access;
    gid_t control_gid;                 /* of the control socket; (gid_t)-1: as it is made */
    struct br_metrics_address metrics; /* of settings.metrics */
    struct vgpu_daemon daemon;         /* its options --set are kept for the executors */
    bool spawn_executors;
    const char *driver;             /* NULL: the executor's own configuration */
    const char *executor;           /* NULL: beside this program */
    const char *vms[BR_ROSTER_MAX]; /* --vm */
    unsigned int vm_count;
};

extern const struct vgpu_config_key br_config_keys[];
extern const size_t br_config_key_count;

/* Reads command line and configuration.  0: run; 1: all done (--help, --version, printed to `out`,
 * and --check-config); -EINVAL or another -errno: refused, with a line on `err`.  `options` borrows
 * argv. */
int br_options_parse(struct br_options *options, int argc, char **argv, FILE *out, FILE *err);

/* The default class as a policy. */
void br_options_policy(const struct br_settings *settings, struct br_policy *policy);

/* Frees what the settings own. */
void br_options_fini(struct br_options *options);

#endif
