/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libnvml/monitor.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/thread.h"
#include "guest/libnvml/wire.h"
#include "guest/transport/voice.h"
#include "proto/cuda_enums.h"

#define LINGER_NS (5 * VGPU_NS_PER_S)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed; /* closed before its time */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct nv_wire wire;
static uint8_t uuids[VGPU_DEVICES_MAX][16]; /* of the Welcome of this channel */
static size_t uuid_count;
static uint64_t asked_ns; /* the last question */
static bool kept;         /* the thread runs */

static void make_condition(void)
{
    pthread_condattr_t attr;

    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&changed, &attr);
    (void)pthread_condattr_destroy(&attr);
}

/* ---- the thread that gives the channel back ---------------------------------- */

static void *keep(void *arg)
{
    (void)pthread_mutex_lock(&lock);
    while (wire.control != NULL) {
        uint64_t until_ns = asked_ns + LINGER_NS;
        struct timespec until = {.tv_sec = (time_t)(until_ns / VGPU_NS_PER_S),
                                 .tv_nsec = (long)(until_ns % VGPU_NS_PER_S)};

        if (vgpu_clock_ns() >= until_ns) {
            nv_wire_close(&wire);
        } else {
            (void)pthread_cond_timedwait(&changed, &lock, &until);
        }
    }
    kept = false;
    (void)pthread_mutex_unlock(&lock);
    return arg;
}

/* Without a thread the channel goes at once. */
static void start_keeper(void)
{
    kept = kept || vgpu_thread_start(keep, NULL) == 0;
}

static void settle(void)
{
    asked_ns = vgpu_clock_ns();
    if (wire.control == NULL) {
        return;
    }
    start_keeper();
    if (!kept) {
        nv_wire_close(&wire);
    }
}

/* ---- Hello ------------------------------------------------------------------- */

static nvmlReturn_t obstacle_result(const struct gs_obstacle *obstacle)
{
    if (obstacle->kind == GS_OBSTACLE_FULL || obstacle->kind == GS_OBSTACLE_REFUSED) {
        return NVML_ERROR_INSUFFICIENT_RESOURCES;
    }
    if (obstacle->kind == GS_OBSTACLE_PERMISSION) {
        return NVML_ERROR_NO_PERMISSION;
    }
    if (obstacle->kind == GS_OBSTACLE_PROTOCOL) {
        return NVML_ERROR_LIB_RM_VERSION_MISMATCH;
    }
    return NVML_ERROR_DRIVER_NOT_LOADED;
}

/* A machine without GPU is one where nothing is wrong. */
static nvmlReturn_t refusal_result(int32_t cu)
{
    if (cu == CUDA_ERROR_NO_DEVICE) {
        return NVML_SUCCESS;
    }
    return cu == CUDA_ERROR_SYSTEM_DRIVER_MISMATCH ? NVML_ERROR_LIB_RM_VERSION_MISMATCH
                                                   : NVML_ERROR_DRIVER_NOT_LOADED;
}

static int say_hello(Vgpu__Frame **answer)
{
    Vgpu__Hello hello = VGPU__HELLO__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    char version[] = VGPU_VERSION;

    hello.protocol = VGPU_PROTOCOL_VERSION;
    hello.pid = (uint32_t)getpid();
    hello.program = program_invocation_short_name;
    hello.version = version;
    frame.kind_case = VGPU__FRAME__KIND_HELLO;
    frame.hello = &hello;
    return nv_wire_ask(&wire, &frame, VGPU__FRAME__KIND_WELCOME, answer);
}

static void note_uuids(const Vgpu__Welcome *welcome)
{
    memset(uuids, 0, sizeof(uuids));
    uuid_count = welcome->n_devices < VGPU_DEVICES_MAX ? welcome->n_devices : VGPU_DEVICES_MAX;
    for (size_t i = 0; i < uuid_count; i++) {
        if (welcome->devices[i]->uuid.len == sizeof(uuids[i])) {
            memcpy(uuids[i], welcome->devices[i]->uuid.data, sizeof(uuids[i]));
        }
    }
}

/* Opens the channel; fills `system` in when it is not NULL. */
static nvmlReturn_t connect_locked(struct nv_system *system)
{
    struct gs_obstacle obstacle;
    Vgpu__Frame *answer = NULL;
    nvmlReturn_t ret = NVML_ERROR_DRIVER_NOT_LOADED;
    int rc = nv_wire_open(&wire, &obstacle);

    if (rc != 0) {
        gs_voice("%s", obstacle.text);
        return obstacle_result(&obstacle);
    }
    rc = say_hello(&answer);
    if (rc != 0) {
        gs_voice("the broker does not answer: %s: see its log", strerror(-rc));
    } else if (answer->kind_case == VGPU__FRAME__KIND_REFUSE) {
        ret = refusal_result(answer->refuse->result);
        if (system != NULL && ret == NVML_SUCCESS) {
            nv_system_take(system, NULL);
        }
    } else {
        note_uuids(answer->welcome);
        if (system != NULL) {
            nv_system_take(system, answer->welcome);
        }
        return NVML_SUCCESS;
    }
    nv_wire_close(&wire);
    return ret;
}

nvmlReturn_t nv_monitor_system(struct nv_system *system)
{
    nvmlReturn_t ret;

    (void)pthread_once(&once, make_condition);
    (void)pthread_mutex_lock(&lock);
    nv_wire_close(&wire);
    ret = connect_locked(system);
    settle();
    (void)pthread_mutex_unlock(&lock);
    return ret;
}

/* ---- Survey ------------------------------------------------------------------ */

static bool is_sound(const Vgpu__Surveyed *answer)
{
    return answer->n_used == uuid_count && answer->n_free == uuid_count &&
           answer->n_process <= VGPU_SURVEY_PROCESSES_MAX &&
           answer->n_ordinal == answer->n_process && answer->n_process_used == answer->n_process;
}

static void copy(struct nv_survey *survey, const Vgpu__Surveyed *answer)
{
    survey->devices = uuid_count;
    survey->processes = answer->n_process;
    memcpy(survey->uuid, uuids, sizeof(uuids));
    for (size_t i = 0; i < uuid_count; i++) {
        survey->used[i] = answer->used[i];
        survey->free[i] = answer->free[i];
    }
    for (size_t i = 0; i < answer->n_process; i++) {
        survey->process[i] = answer->process[i];
        survey->ordinal[i] = answer->ordinal[i];
        survey->process_used[i] = answer->process_used[i];
    }
}

static int ask_locked(struct nv_survey *survey)
{
    Vgpu__Survey question = VGPU__SURVEY__INIT;
    Vgpu__Frame frame = VGPU__FRAME__INIT;
    Vgpu__Frame *answer = NULL;
    int rc;

    frame.kind_case = VGPU__FRAME__KIND_SURVEY;
    frame.survey = &question;
    rc = nv_wire_ask(&wire, &frame, VGPU__FRAME__KIND_SURVEYED, &answer);
    if (rc == 0 &&
        (answer->kind_case != VGPU__FRAME__KIND_SURVEYED || !is_sound(answer->surveyed))) {
        rc = -EPROTO;
    }
    if (rc == 0) {
        copy(survey, answer->surveyed);
    } else {
        nv_wire_close(&wire);
    }
    return rc;
}

/* A broker may have been started again since the last question. */
nvmlReturn_t nv_monitor_survey(struct nv_survey *survey)
{
    bool done = false;

    (void)pthread_mutex_lock(&lock);
    for (int attempt = 0; attempt < 2 && !done; attempt++) {
        if (wire.control == NULL &&
            (connect_locked(NULL) != NVML_SUCCESS || wire.control == NULL)) {
            break;
        }
        done = ask_locked(survey) == 0;
    }
    if (done) {
        settle();
    }
    (void)pthread_mutex_unlock(&lock);
    return done ? NVML_SUCCESS : NVML_ERROR_GPU_IS_LOST;
}

/* ---- end --------------------------------------------------------------------- */

void nv_monitor_close(void)
{
    (void)pthread_mutex_lock(&lock);
    nv_wire_close(&wire);
    if (kept) {
        (void)pthread_cond_signal(&changed);
    }
    (void)pthread_mutex_unlock(&lock);
}

void nv_monitor_before_fork(void)
{
    (void)pthread_mutex_lock(&lock);
}

void nv_monitor_after_fork(void)
{
    (void)pthread_mutex_unlock(&lock);
}

void nv_monitor_in_child(void)
{
    (void)pthread_mutex_init(&lock, NULL);
    make_condition();
    kept = false;
    nv_wire_close(&wire);
}
