/* SPDX-License-Identifier: Apache-2.0 */
#include "test/sim/sim_test.h"

#include <math.h>

/*
 * Each instruction with 16 sets of operands, against what an H100 answered
 * (ptx/instructions.gold).  "--record" prints such lines for the driver at
 * hand instead.
 */

#define THREADS   16
#define CHUNK     32
#define NAMES_MAX 1024

/* Operands of a thread: a, b, c as integers (or f32), then as doubles. */
struct operands {
    uint64_t integer[3];
    double real[3];
};

static const uint64_t integers[] = {
    0,
    1,
    UINT64_MAX,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x7fff8000,
    0x8000000000000000u,
    0x7fffffffffffffff,
    0x3f800000,
    0xbf800000,
    0x7f800000,
    0xff800000,
    0x7fc00000,
    0x00000001,
    0x807fffff,
    0x4f000000,
    0x5f800000,
    0xc0490fdb,
    0x3effffff,
    0x40200000,
    0xc0200000,
    31,
    33,
};
static const double reals[] = {
    0.0,  -0.0,  1.0, -1.0, 0.5,          -2.5, 1e300, -1e300, 4e-320, 1e-310, 1e10,    -1e10,
    1e19, -1e19, 3.7, -3.2, 2147483647.5, 1e38, 1e-40, -7.25,  1e-46,  255.5,  65535.5, 1.0 / 3,
};

static uint64_t pick_integer(void)
{
    uint64_t r = sim_random();

    switch (r % 5) {
    case 0:
        return integers[(r >> 8) % (sizeof(integers) / sizeof(integers[0]))];
    case 1:
        return r >> (8 + r % 48);
    case 2: { /* a float of ordinary size in the low half */
        float f = (float)((double)(int64_t)sim_random() / 3e15);
        uint32_t bits;

        memcpy(&bits, &f, sizeof(bits));
        return (r & 0xffffffff00000000u) | bits;
    }
    default:
        return sim_random();
    }
}

static double pick_real(void)
{
    uint64_t r = sim_random();

    if (r % 3 == 0) {
        return reals[(r >> 8) % (sizeof(reals) / sizeof(reals[0]))];
    }
    if (r % 61 == 1) {
        return (r & 1024) != 0 ? (double)INFINITY : (double)NAN;
    }
    return (double)(int64_t)sim_random() / ((r & 512) != 0 ? 3e15 : 7e9);
}

static CUdeviceptr make_operands(void)
{
    struct operands in[THREADS];

    for (int t = 0; t < THREADS; t++) {
        for (int k = 0; k < 3; k++) {
            in[t].integer[k] = pick_integer();
            in[t].real[k] = pick_real();
        }
    }
    return sim_device(in, sizeof(in));
}

/* Run all kernels; out[instruction][thread]. */
static void run_all(unsigned count, uint64_t (*out)[THREADS])
{
    CUmodule module = sim_module("instructions.ptx");
    CUdeviceptr in = make_operands();
    CUdeviceptr to = sim_device(NULL, CHUNK * sizeof(*out));

    for (unsigned first = 0; first < count; first += CHUNK) {
        unsigned n = count - first < CHUNK ? count - first : CHUNK;
        char name[16];

        (void)snprintf(name, sizeof(name), "k%u", first / CHUNK);
        sim_launch(sim_function(module, name), 1, THREADS, 0, (void *[]){&in, &to});
        sim_fetch(out[first], to, n * sizeof(*out));
    }
}

static uint64_t results[NAMES_MAX][THREADS];
static uint64_t gold[NAMES_MAX][THREADS];
static const char *names[NAMES_MAX];

/* "result result ... | instruction", 16 results in hex. */
static void read_line(char *line, unsigned n)
{
    char *bar = strchr(line, '|');
    char *at = line;

    CHECK(bar != NULL && n < NAMES_MAX);
    names[n] = bar + 2;
    for (unsigned t = 0; t < THREADS; t++) {
        gold[n][t] = strtoull(at, &at, 16);
    }
    CHECK(at <= bar);
}

static unsigned read_gold(void)
{
    unsigned count = 0;

    for (char *line = strtok(sim_ptx("instructions.gold"), "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        if (line[0] != '#') {
            read_line(line, count++);
        }
    }
    return count;
}

static void test_instructions_match_gpu(void **state)
{
    unsigned count = read_gold();
    unsigned wrong = 0;

    (void)state;
    (void)sim_context();
    assert_true(count > 600);
    run_all(count, results);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned t = 0; t < THREADS; t++) {
            if (results[i][t] != gold[i][t]) {
                print_error("%s thread %u: %016llx, the GPU says %016llx\n", names[i], t,
                            (unsigned long long)results[i][t], (unsigned long long)gold[i][t]);
                wrong++;
                break;
            }
        }
    }
    assert_int_equal(wrong, 0);
}

static int record(void)
{
    unsigned count = read_gold();

    (void)sim_context();
    run_all(count, results);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned t = 0; t < THREADS; t++) {
            printf("%llx ", (unsigned long long)results[i][t]);
        }
        printf("| %s\n", names[i]);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_instructions_match_gpu)};

    if (argc == 2 && strcmp(argv[1], "--record") == 0) {
        return record();
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
