/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/link.h"

#include <errno.h>
#include <sched.h>

#include "common/clock.h"
#include "guest/libcuda/console.h"
#include "guest/libcuda/thread.h"

/* A lost interrupt, which should not be, costs this much. */
#define PARK_NS (500 * VGPU_NS_PER_MS)
/*
 * The GPU writes a fence long before the interrupt that tells of it has come through worker and
 * broker.  While a wait is young the leader looks by itself, after a 64th of the time waited.
 */
#define NAP_PART     64
#define NAP_MIN_NS   (20 * VGPU_NS_PER_US)
#define NAP_YOUNG_NS (64 * VGPU_NS_PER_MS)
/* Without interrupts every look is such a nap: short ones for who waits shortly, and a thousand a
 * second for who waits long. */
#define POLL_PART   32
#define POLL_MAX_NS VGPU_NS_PER_MS

#define SPIN_CPUS      4
#define SPIN_NS        (40 * VGPU_NS_PER_US)
#define SPIN_FEW_NS    (3 * VGPU_NS_PER_US)
#define SPIN_LONG_NS   (20 * VGPU_NS_PER_MS)
#define APART_SPIN_NS  (40 * VGPU_NS_PER_US)
#define APART_LONG_NS  (2 * VGPU_NS_PER_MS)
#define LOOKS_PER_TURN 16

static _Atomic uint64_t spin_ns = SPIN_FEW_NS;
static _Atomic uint64_t long_ns; /* 0: nobody spins longer than that */
static _Atomic uint32_t long_most;
static _Atomic uint32_t long_now;
/*
 * What a host function wrote is there for who waited for it.  That order runs through the host's
 * processes, where neither the compiler nor a race detector sees it, so it is said here.
 */
static _Atomic uint64_t host_functions_ran;

void gs_link_host_function_ran(void)
{
    (void)atomic_fetch_add_explicit(&host_functions_ran, 1, memory_order_acq_rel);
}

uint64_t gs_link_host_functions(void)
{
    return atomic_load_explicit(&host_functions_ran, memory_order_acquire);
}

void gs_link_set_spin(uint64_t ns, uint64_t long_spin_ns, uint32_t at_once)
{
    atomic_store(&spin_ns, ns);
    atomic_store(&long_ns, long_spin_ns);
    atomic_store(&long_most, at_once);
}

/* Spinning helps only where the host's processes run at the same time. */
void gs_link_choose_spin(unsigned int cpus, int64_t wish_ns)
{
    uint64_t most = wish_ns < 0 ? SPIN_LONG_NS : (uint64_t)wish_ns;

    if (cpus < SPIN_CPUS) {
        gs_link_set_spin(SPIN_FEW_NS, wish_ns < 0 ? 0 : most, 1);
    } else {
        gs_link_set_spin(SPIN_NS, most, cpus / 2);
    }
}

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static bool over(struct gs_link *link, struct gs_waiter *self)
{
    return self->ready(self->arg) || gs_link_error(link) != CUDA_SUCCESS;
}

/* Few CPUs are no reason to sleep at once where the host's processes do not run on them. */
static uint64_t spin_time(const struct gs_link *link)
{
    uint64_t ns = atomic_load_explicit(&spin_ns, memory_order_relaxed);

    return link->channel.apart && ns > 0 && ns < APART_SPIN_NS ? APART_SPIN_NS : ns;
}

static bool look_for(struct gs_link *link, struct gs_waiter *self, uint64_t ns, bool yields)
{
    uint64_t limit = vgpu_clock_ns() + ns;

    do {
        for (unsigned int i = 0; i < LOOKS_PER_TURN; i++) {
            if (over(link, self)) {
                return true;
            }
            relax();
        }
        (void)gs_link_read(link);
        if (yields) {
            (void)sched_yield();
        }
    } while (vgpu_clock_ns() < limit);
    return over(link, self);
}

/* A machine with few processors spins too: what it waits for does not run on them. */
static uint64_t long_time(const struct gs_link *link)
{
    uint64_t ns = atomic_load_explicit(&long_ns, memory_order_relaxed);

    return ns == 0 && link->channel.apart &&
                   atomic_load_explicit(&long_most, memory_order_relaxed) != 0
               ? APART_LONG_NS
               : ns;
}

/* As native, which by default spins until the work is done; not for ever, and not everybody. */
static bool look_longer(struct gs_link *link, struct gs_waiter *self)
{
    uint64_t ns = self->manner == GS_SLEEP ? 0 : long_time(link);
    bool done = false;

    if (ns == 0) {
        return false;
    }
    if (atomic_fetch_add_explicit(&long_now, 1, memory_order_relaxed) <
        atomic_load_explicit(&long_most, memory_order_relaxed)) {
        done = look_for(link, self, ns, self->manner == GS_YIELD);
    }
    (void)atomic_fetch_sub_explicit(&long_now, 1, memory_order_relaxed);
    return done;
}

static bool spin(struct gs_link *link, struct gs_waiter *self)
{
    return look_for(link, self, spin_time(link), false) || look_longer(link, self);
}

/* Under park_lock: whether anybody who waits need not any more. */
static bool anybody_ready(struct gs_link *link)
{
    for (struct gs_waiter *w = link->waiters; w != NULL; w = w->next) {
        if (w->ready(w->arg)) {
            return true;
        }
    }
    return gs_link_error(link) != CUDA_SUCCESS;
}

/* Has the broker ring when it has put something into the ring; false: there is something. */
static bool announce(struct gs_link *link)
{
    bool sleepy;

    if (link->channel.polls) {
        return true;
    }
    (void)pthread_mutex_lock(&link->read_lock);
    sleepy = vgpu_ring_park(&link->complete);
    (void)pthread_mutex_unlock(&link->read_lock);
    return sleepy;
}

static bool may_sleep(struct gs_link *link)
{
    bool sleepy = announce(link);

    if (!sleepy) {
        return false;
    }
    (void)pthread_mutex_lock(&link->park_lock);
    sleepy = !anybody_ready(link);
    (void)pthread_mutex_unlock(&link->park_lock);
    return sleepy;
}

static void wake(struct gs_link *link)
{
    if (link->channel.polls) {
        return;
    }
    (void)pthread_mutex_lock(&link->read_lock);
    vgpu_ring_unpark(&link->complete);
    (void)pthread_mutex_unlock(&link->read_lock);
}

static int64_t clamp(uint64_t ns, uint64_t least, uint64_t most)
{
    ns = ns < least ? least : ns;
    return (int64_t)(ns > most ? most : ns);
}

static int64_t nap_time(const struct gs_link *link, const struct gs_waiter *self,
                        uint64_t waited_ns)
{
    if (link->channel.polls) {
        return clamp(waited_ns / POLL_PART, NAP_MIN_NS, POLL_MAX_NS);
    }
    /* With few CPUs a nap takes time from those who do the work. */
    if (!self->naps || waited_ns > NAP_YOUNG_NS ||
        atomic_load_explicit(&spin_ns, memory_order_relaxed) < NAP_MIN_NS) {
        return (int64_t)PARK_NS;
    }
    return clamp(waited_ns / NAP_PART, NAP_MIN_NS, PARK_NS);
}

/* The leader's sleep, without park_lock. */
static void sleep_once(struct gs_link *link, const struct gs_waiter *self, uint64_t since_ns)
{
    if (may_sleep(link)) {
        int rc = gs_channel_wait(&link->channel, nap_time(link, self, vgpu_clock_ns() - since_ns));

        if (rc < 0) {
            /* The last words of the host may still be in the ring. */
            (void)gs_link_read(link);
            gs_link_break(link, CUDA_ERROR_LAUNCH_FAILED);
        }
    }
    wake(link);
    (void)gs_link_read(link);
}

static void unlist(struct gs_link *link, struct gs_waiter *self)
{
    struct gs_waiter **at = &link->waiters;

    while (*at != self) {
        at = &(*at)->next;
    }
    *at = self->next;
}

static void park(struct gs_link *link, struct gs_waiter *self)
{
    uint64_t since_ns = vgpu_clock_ns();

    (void)pthread_mutex_lock(&link->park_lock);
    self->next = link->waiters;
    link->waiters = self;
    while (!over(link, self)) {
        if (link->led) {
            (void)pthread_cond_wait(&link->park_changed, &link->park_lock);
            continue;
        }
        link->led = true;
        (void)pthread_mutex_unlock(&link->park_lock);
        sleep_once(link, self, since_ns);
        (void)pthread_mutex_lock(&link->park_lock);
        link->led = false;
        /* Who is not ready sleeps on: this thread leads again, unless it is itself done. */
        if (anybody_ready(link)) {
            (void)pthread_cond_broadcast(&link->park_changed);
        }
    }
    unlist(link, self);
    (void)pthread_mutex_unlock(&link->park_lock);
}

static CUresult wait_for(struct gs_link *link, struct gs_waiter *self)
{
    struct gs_thread *thread = gs_thread_peek();

    if (thread != NULL) {
        gs_bump(&thread->host_waits);
    }
    if (!spin(link, self)) {
        park(link, self);
    }
    (void)atomic_load_explicit(&host_functions_ran, memory_order_acquire);
    if (self->ready(self->arg)) {
        return CUDA_SUCCESS;
    }
    gs_console_drain(link); /* a kernel's last words come before its error */
    return gs_link_error(link);
}

CUresult gs_link_wait(struct gs_link *link, bool (*ready)(void *arg), void *arg,
                      enum gs_manner manner)
{
    struct gs_waiter self = {.ready = ready, .arg = arg, .manner = manner};

    return wait_for(link, &self);
}

struct fence_wait {
    _Atomic uint64_t *slot;
    uint64_t value;
};

static bool fence_reached(void *arg)
{
    const struct fence_wait *wait = arg;

    return atomic_load_explicit(wait->slot, memory_order_acquire) >= wait->value;
}

bool gs_link_fence_passed(struct gs_link *link, uint32_t lane, uint64_t value)
{
    struct fence_wait wait = {vgpu_channel_fence(link->control, lane), value};
    bool passed = fence_reached(&wait);

    (void)atomic_load_explicit(&host_functions_ran, memory_order_acquire);
    return passed;
}

CUresult gs_link_wait_fence(struct gs_link *link, uint32_t lane, uint64_t value,
                            enum gs_manner manner)
{
    struct fence_wait wait = {vgpu_channel_fence(link->control, lane), value};

    struct gs_waiter self = {.ready = fence_reached, .arg = &wait, .naps = true, .manner = manner};

    return wait_for(link, &self);
}
