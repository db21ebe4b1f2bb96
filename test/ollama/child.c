/* SPDX-License-Identifier: Apache-2.0 */
#include "test/ollama/child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test/ollama/http.h"

/* A runner that loads a model may take its time; Ollama gives it five minutes. */
#define HEALTH_TRIES   600u
#define HEALTH_STEP_MS 100

void child_sleep_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&time, NULL);
}

static int fail(const char *what, const char *which)
{
    (void)fprintf(stderr, "ollama: %s: %s\n", which, what);
    return -1;
}

/* The folder of the runner stands for lib/ollama and lib/ollama/cuda_v13. */
static void set_environment(const char *runner, const char *devices, bool deep)
{
    const char *inherited = getenv("LD_LIBRARY_PATH");
    const char *slash = strrchr(runner, '/');
    char folder[OLLAMA_PATH];
    char value[4 * OLLAMA_PATH];

    (void)snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int)(slash - runner) : 1,
                   slash != NULL ? runner : ".");
    (void)snprintf(value, sizeof(value), "%s:%s/cuda_v13%s%s", folder, folder,
                   inherited != NULL ? ":" : "", inherited != NULL ? inherited : "");
    (void)setenv("LD_LIBRARY_PATH", value, 1);
    (void)setenv("OLLAMA_LIBRARY_PATH", folder, 1);
    if (devices != NULL) {
        (void)setenv("CUDA_VISIBLE_DEVICES", devices, 1);
    }
    if (deep) {
        (void)setenv("GGML_CUDA_INIT", "1", 1);
    }
}

static void become_runner(const char *runner, uint16_t port, const char *const *arguments,
                          const char *devices, bool deep)
{
    char text[8];
    const char *argv[CHILD_ARGS] = {runner, "--port", text};
    unsigned int count = 3;

    for (; *arguments != NULL && count + 1 < CHILD_ARGS; arguments++) {
        argv[count++] = *arguments;
    }
    (void)snprintf(text, sizeof(text), "%u", port);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    set_environment(runner, devices, deep);
    (void)execv(runner, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static bool is_healthy(const struct child *child)
{
    FILE *answer = http_ask(child->port, "GET", "/health", "");
    char line[64] = "";
    bool healthy;

    if (answer == NULL) {
        return false;
    }
    healthy = fgets(line, sizeof(line), answer) != NULL && strstr(line, "\"ok\"") != NULL;
    (void)fclose(answer);
    return healthy;
}

int child_start(struct child *child, const char *runner, const char *const *arguments,
                const char *devices, bool deep)
{
    int status;

    child->port = http_free_port();
    child->pid = fork();
    if (child->pid == 0) {
        become_runner(runner, child->port, arguments, devices, deep);
    }
    for (unsigned int i = 0; child->pid > 0 && i < HEALTH_TRIES; i++) {
        if (is_healthy(child)) {
            return 0;
        }
        if (waitpid(child->pid, &status, WNOHANG) == child->pid) {
            child->pid = 0;
            return fail("the runner ended before it was healthy", runner);
        }
        child_sleep_ms(HEALTH_STEP_MS);
    }
    child_kill(child);
    return fail("the runner does not become healthy", runner);
}

void child_kill(struct child *child)
{
    if (child->pid > 0) {
        (void)kill(child->pid, SIGKILL);
        (void)waitpid(child->pid, NULL, 0);
        child->pid = 0;
    }
}

static int read_gpus(FILE *from, struct ollama_gpus *gpus)
{
    char line[512];

    gpus->count = 0;
    while (fgets(line, sizeof(line), from) != NULL && gpus->count < OLLAMA_GPUS_MAX) {
        gpus->count += ollama_read_gpu(line, &gpus->gpu[gpus->count]);
    }
    return gpus->count > 0 ? 0 : fail("it tells of no GPU", "runner");
}

int child_ask_gpus(const struct child *child, struct ollama_gpus *gpus)
{
    FILE *answer = http_ask(child->port, "GET", "/info", "");
    int rc;

    if (answer == NULL) {
        return fail("no answer to /info", "runner");
    }
    rc = read_gpus(answer, gpus);
    (void)fclose(answer);
    return rc;
}

int child_load(const struct child *child, unsigned long mib)
{
    char body[24];
    FILE *answer;

    (void)snprintf(body, sizeof(body), "%lu", mib);
    answer = http_ask(child->port, "POST", "/load", body);
    if (answer == NULL) {
        return fail("it did not load the model", "runner");
    }
    (void)fclose(answer);
    return 0;
}

static int compare_tokens(FILE *answer, uint32_t seed, uint32_t tokens)
{
    uint32_t state[OLLAMA_STATE];
    char line[128];

    ollama_model_start(state, seed);
    for (uint32_t round = 0; round < tokens; round++) {
        unsigned int token;
        char stop[8];

        ollama_model_step(state, round);
        if (fgets(line, sizeof(line), answer) == NULL ||
            sscanf(line, "{\"content\":\"%u\",\"stop\":%7[a-z]}", &token, stop) != 2) {
            return fail("the stream of tokens ended early", "runner");
        }
        if (token != ollama_model_token(state, round) ||
            (strcmp(stop, "true") == 0) != (round + 1 == tokens)) {
            return fail("a wrong token", "runner");
        }
    }
    return fgets(line, sizeof(line), answer) == NULL ? 0 : fail("more tokens", "runner");
}

int child_complete(const struct child *child, uint32_t seed, uint32_t tokens)
{
    char body[48];
    FILE *answer;
    int rc;

    (void)snprintf(body, sizeof(body), "%u %u", seed, tokens);
    answer = http_ask(child->port, "POST", "/completion", body);
    if (answer == NULL) {
        return fail("no answer to /completion", "runner");
    }
    rc = compare_tokens(answer, seed, tokens);
    (void)fclose(answer);
    return rc;
}

int child_discover(const char *program, struct ollama_gpus *gpus)
{
    int ends[2];
    int status = -1;
    int rc = -1;
    FILE *output;
    pid_t pid;

    if (pipe(ends) != 0) {
        return fail("no pipe", program);
    }
    pid = fork();
    if (pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execl(program, program, "gpu-discover", (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    output = fdopen(ends[0], "r");
    if (output != NULL) {
        rc = read_gpus(output, gpus);
        (void)fclose(output);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        rc = fail("gpu-discover failed", program);
    }
    return rc;
}
