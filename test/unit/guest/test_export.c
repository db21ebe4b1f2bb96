/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/libcuda/export.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gs_symbols.h"
#include "guest/libcuda/handshake.h"
#include "test/unit/guest/fake_broker.h"
#include "test/unit/guest/test.h"

static struct fake_broker broker;

#define RUNTIME       "\x6b\xd5\xfb\x6c\x5b\xf4\xe7\x4a\x89\x87\xd9\x39\x12\xfd\x9d\xf9"
#define HOOKS         "\xa0\x94\x79\x8c\x2e\x74\x2e\x74\x93\xf2\x08\x00\x20\x0c\x0a\x66"
#define CURRENT       "\x42\xd8\x5a\x81\x23\xf6\xcb\x47\x82\x98\xf6\xe7\x8a\x3a\xec\xdc"
#define STORAGE       "\xc6\x93\x33\x6e\x11\x21\xdf\x11\xa8\xc3\x68\xf3\x55\xd8\x95\x93"
#define CHECKS        "\x26\x3e\x88\x60\x7c\xd2\x61\x43\x92\xf6\xbb\xd5\x00\x6d\xfa\x7e"
#define HANDSHAKE     "\xd4\x08\x20\x55\xbd\xe6\x70\x4b\x8d\x34\xba\x12\x3c\x66\xe1\xf2"
#define MESSAGES      "\xf8\xcf\xf9\x51\x21\x46\x8b\x4e\xb9\xe2\xfb\x46\x9e\x7c\x0d\xd9"
#define CONTEXT_TOOLS "\x21\x31\x8c\x60\x97\x14\x32\x48\x8c\xa6\x41\xff\x73\x24\xc8\xf2"
#define BLAS          "\x17\x34\xdc\x26\x80\x0d\x47\x45\x87\x26\xc0\xf1\xe7\xdd\x8b\xca"
#define FUNCTIONS     "\x6e\x16\x3f\xbe\xb9\x58\x44\x4d\x83\x5c\xe1\x82\xaf\xf1\x99\x1e"

static const uintptr_t *table(const char *id)
{
    const void *found = NULL;
    CUuuid uuid;

    memcpy(uuid.bytes, id, sizeof(uuid.bytes));
    CHILD_CHECK(cuGetExportTable(&found, &uuid) == CUDA_SUCCESS && found != NULL);
    return found;
}

/* Slot n as a function of a type. */
#define SLOT(id, n, type) ((type)table(id)[n])

static CUcontext start(void)
{
    CUcontext context;

    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&context, 0) == CUDA_SUCCESS);
    return context;
}

static void sizes(void)
{
    static const struct {
        const char *id;
        unsigned int first;
        unsigned int slots;
    } expected[] = {
        {RUNTIME, 0, 13},  {HOOKS, 0, 7},          {CURRENT, 0, 3},    {CHECKS, 0, 15},
        {HANDSHAKE, 0, 3}, {CONTEXT_TOOLS, 0, 93}, {BLAS, 0, 17},      {FUNCTIONS, 0, 99},
        {MESSAGES, 0, 3},  {MESSAGES, 4, 2},       {MESSAGES, 6, 4},   {MESSAGES, 10, 2},
        {MESSAGES, 14, 7}, {MESSAGES, 22, 15},     {MESSAGES, 38, 14},
    };

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const uintptr_t *words = table(expected[i].id) + expected[i].first;

        CHILD_CHECK(words[0] == 8ull * expected[i].slots);
        for (unsigned int k = 1; k < expected[i].slots; k++) {
            CHILD_CHECK(words[k] != 0);
        }
        CHILD_CHECK(table(expected[i].id) == words - expected[i].first);
    }
    CHILD_CHECK(table(STORAGE)[0] > 4096 && table(STORAGE)[3] == 0); /* no size, an end */
}

/* Standard error from here on, to be read with said(). */
static int listen_to_log(void)
{
    int ends[2];

    CHILD_CHECK(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
    return ends[0];
}

static void said(int fd, const char *text)
{
    char line[512] = "";

    CHILD_CHECK(read(fd, line, sizeof(line) - 1) > 0);
    CHILD_CHECK(strcmp(line, text) == 0);
}

static void unknown_slots_and_tables(void)
{
    typedef CUresult (*slot)(void *, void *, void *);
    const void *none = &broker;
    CUuuid id = {"\xda\x91\x51\xd3\x3a\xe6\xcc\x41\xa5\xc0\x4f\x26\xd5\x33\xe3\x28"};
    int fd = listen_to_log();

    for (int i = 0; i < 2; i++) {
        CHILD_CHECK(SLOT(CONTEXT_TOOLS, 5, slot)(NULL, NULL, NULL) == CUDA_ERROR_NOT_SUPPORTED);
    }
    said(fd, "vgpu: the program called slot 5 of the driver's private table 21318c60, which is "
             "not supported\n");
    CHILD_CHECK(SLOT(FUNCTIONS, 98, slot)(NULL, NULL, NULL) == CUDA_ERROR_NOT_SUPPORTED);
    said(fd, "vgpu: the program called slot 98 of the driver's private table 6e163fbe, which is "
             "not supported\n");
    for (int i = 0; i < 2; i++) {
        none = &broker;
        CHILD_CHECK(cuGetExportTable(&none, &id) == CUDA_ERROR_INVALID_VALUE && none == NULL);
    }
    said(fd, "vgpu: the program asked for the driver's private table "
             "da9151d3-3ae6-cc41-a5c0-4f26d533e328, which is not supported\n");
    CHILD_CHECK(SLOT(BLAS, 4, slot)(&none, &none, NULL) == CUDA_ERROR_NOT_SUPPORTED);
    CHILD_CHECK(SLOT(CHECKS, 14, slot)(NULL, NULL, NULL) == CUDA_ERROR_NOT_SUPPORTED);
    said(fd, "vgpu: the program called slot 14 of the driver's private table 263e8860, which is "
             "not supported\n");
}

static CUresult call_report(const char *domain, int level, const char *fmt, ...)
{
    typedef void (*slot)(const char *, int, const char *, va_list);
    va_list args;

    va_start(args, fmt);
    SLOT(MESSAGES, 1, slot)(domain, level, fmt, args);
    va_end(args);
    return CUDA_SUCCESS;
}

/* What the runtime reports is in the program's log, and nowhere else. */
static void reports(void)
{
    char text[512];
    size_t size = sizeof(text);

    CHILD_CHECK(call_report("CUDART", 0, "Insufficient driver: %d < %d", 1, 2) == CUDA_SUCCESS);
    CHILD_CHECK(call_report(NULL, 1, "a long one %0300d\nmore", 1) == CUDA_SUCCESS);
    CHILD_CHECK(call_report(NULL, 1, NULL) == CUDA_SUCCESS);
    CHILD_CHECK(cuLogsDumpToMemory(NULL, text, &size, 0) == CUDA_SUCCESS);
    CHILD_CHECK(strstr(text, "[CUDART][E] Insufficient driver: 1 < 2\n") != NULL);
    CHILD_CHECK(strstr(text, "[CUDA][W] a long one 0000") != NULL);
    CHILD_CHECK(strstr(text, "more") == NULL && text[size - 1] == '\n');
}

/* The runtime looks up hundreds of entry points: without a host it says so once, cuInit again. */
static void no_host(void)
{
    char line[2048] = "";
    void *p;
    int version;
    int fd = listen_to_log();

    (void)setenv("VGPU_SOCKET", "/nonexistent/broker.sock", 1);
    for (int i = 0; i < 3; i++) {
        CHILD_CHECK(cuGetProcAddress_v2("cuInit", &p, 13000, 0, NULL) == CUDA_SUCCESS);
        CHILD_CHECK(p == (void *)cuInit && cuDriverGetVersion(&version) == CUDA_SUCCESS);
    }
    CHILD_CHECK(read(fd, line, sizeof(line) - 1) > 0);
    CHILD_CHECK(strchr(line, '\n') == strrchr(line, '\n'));
    CHILD_CHECK(cuInit(0) == CUDA_ERROR_SYSTEM_NOT_READY);
}

static void primary_contexts(void)
{
    typedef CUresult (*slot)(CUcontext *, CUdevice);
    slot primary = SLOT(RUNTIME, 2, slot);
    CUcontext context = NULL;
    CUcontext retained;
    unsigned int flags;
    int active = -1;

    CHILD_CHECK(primary(&context, 0) == CUDA_ERROR_NOT_INITIALIZED);
    fake_broker_start(&broker);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    CHILD_CHECK(primary(NULL, 0) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(primary(&context, 1) == CUDA_ERROR_INVALID_DEVICE && context == NULL);
    CHILD_CHECK(primary(&context, 0) == CUDA_SUCCESS && context != NULL);
    CHILD_CHECK(cuDevicePrimaryCtxGetState(0, &flags, &active) == CUDA_SUCCESS && active == 0);
    CHILD_CHECK(cuCtxSetCurrent(context) == CUDA_SUCCESS);
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&retained, 0) == CUDA_SUCCESS && retained == context);
    fake_broker_stop(&broker);
}

static void hooks(void)
{
    typedef void (*slot)(uint32_t **, size_t *);
    uint32_t *flags = NULL;
    size_t count = 0;

    SLOT(HOOKS, 2, slot)(&flags, &count);
    CHILD_CHECK(count == 1024);
    for (unsigned int i = 0; i < 4096; i++) {
        CHILD_CHECK(flags[i] == 0);
    }
    SLOT(HOOKS, 6, slot)(&flags, &count);
    CHILD_CHECK(count == 14 && flags[0] == 0 && flags[13] == 0);
}

static void current_context(void)
{
    typedef CUresult (*current_slot)(CUcontext *);
    typedef CUresult (*check_slot)(CUcontext, uint32_t *, void **);
    typedef uint32_t (*process_slot)(void);
    CUcontext context = start();
    CUcontext now = context;
    uint32_t flag = 9;
    void *other = &flag;

    CHILD_CHECK(SLOT(CURRENT, 2, current_slot)(&now) == CUDA_SUCCESS && now == NULL);
    CHILD_CHECK(cuCtxSetCurrent(context) == CUDA_SUCCESS);
    CHILD_CHECK(SLOT(CURRENT, 2, current_slot)(&now) == CUDA_SUCCESS && now == context);
    CHILD_CHECK(SLOT(CHECKS, 2, check_slot)(context, &flag, &other) == CUDA_SUCCESS);
    CHILD_CHECK(flag == 0 && other == &flag);
    CHILD_CHECK(SLOT(CHECKS, 3, process_slot)() == 0);
    fake_broker_stop(&broker);
}

typedef void (*stored_end)(CUcontext, void *, void *);
typedef CUresult (*put_slot)(CUcontext, void *, void *, stored_end);
typedef CUresult (*delete_slot)(CUcontext, void *);
typedef CUresult (*get_slot)(void **, CUcontext, void *);
#define PUT    SLOT(STORAGE, 0, put_slot)
#define DELETE SLOT(STORAGE, 1, delete_slot)
#define GET    SLOT(STORAGE, 2, get_slot)

static char keys[40];
static unsigned int ends;
static CUcontext end_context;

static void on_end(CUcontext context, void *key, void *value)
{
    CUcontext now;
    void *again;

    CHILD_CHECK(cuCtxGetCurrent(&now) == CUDA_SUCCESS); /* no lock is held */
    CHILD_CHECK(GET(&again, context, key) == CUDA_ERROR_INVALID_CONTEXT);
    CHILD_CHECK((char *)key - keys == (char *)value - (char *)0);
    end_context = context;
    ends++;
}

static void storage_codes(void)
{
    CUcontext context;
    void *value = keys;

    fake_broker_start(&broker);
    CHILD_CHECK(GET(&value, NULL, keys) == CUDA_ERROR_NOT_INITIALIZED);
    CHILD_CHECK(cuInit(0) == CUDA_SUCCESS);
    CHILD_CHECK(GET(&value, NULL, keys) == CUDA_ERROR_INVALID_CONTEXT);
    CHILD_CHECK(cuDevicePrimaryCtxRetain(&context, 0) == CUDA_SUCCESS);
    CHILD_CHECK(GET(&value, NULL, keys) == CUDA_ERROR_INVALID_CONTEXT);
    CHILD_CHECK(GET(&value, context, keys) == CUDA_ERROR_INVALID_HANDLE && value == keys);
    CHILD_CHECK(cuCtxSetCurrent(context) == CUDA_SUCCESS);
    CHILD_CHECK(GET(&value, NULL, keys) == CUDA_ERROR_INVALID_HANDLE && value == keys);
    CHILD_CHECK(GET(NULL, NULL, keys) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(DELETE(NULL, keys) == CUDA_ERROR_INVALID_HANDLE);
    CHILD_CHECK(PUT(NULL, keys, keys + 1, NULL) == CUDA_SUCCESS);
    CHILD_CHECK(GET(&value, context, keys) == CUDA_SUCCESS && value == keys + 1);
    CHILD_CHECK(PUT(context, keys, keys + 2, NULL) == CUDA_SUCCESS);
    CHILD_CHECK(GET(&value, NULL, keys) == CUDA_SUCCESS && value == keys + 2);
    CHILD_CHECK(DELETE(NULL, keys) == CUDA_SUCCESS);
    CHILD_CHECK(GET(&value, NULL, keys) == CUDA_ERROR_INVALID_HANDLE && value == keys + 2);
    fake_broker_stop(&broker);
    CHILD_CHECK(GET(&value, NULL, keys) == CUDA_ERROR_INVALID_HANDLE);
}

/* More keys than a thread remembers, each with its own value; all end with the context. */
static void storage_ends(void)
{
    CUcontext context = start();
    CUcontext second;
    void *value;

    CHILD_CHECK(cuCtxCreate_v2(&second, 0, 0) == CUDA_SUCCESS);
    for (int life = 0; life < 2; life++) {
        for (size_t i = 0; i < sizeof(keys); i++) {
            CHILD_CHECK(PUT(context, &keys[i], (char *)0 + i, on_end) == CUDA_SUCCESS);
        }
        for (size_t i = 0; i < 3 * sizeof(keys); i++) {
            size_t k = i % sizeof(keys);

            CHILD_CHECK(GET(&value, context, &keys[k]) == CUDA_SUCCESS);
            CHILD_CHECK(value == (char *)0 + k);
            CHILD_CHECK(GET(&value, NULL, &keys[k]) == CUDA_ERROR_INVALID_HANDLE);
        }
        CHILD_CHECK(DELETE(context, &keys[7]) == CUDA_SUCCESS);
        if (life == 0) {
            CHILD_CHECK(cuDevicePrimaryCtxReset_v2(0) == CUDA_SUCCESS);
            CHILD_CHECK(cuDevicePrimaryCtxRetain(&context, 0) == CUDA_SUCCESS);
        } else {
            CHILD_CHECK(cuDevicePrimaryCtxRelease_v2(0) == CUDA_SUCCESS);
        }
        CHILD_CHECK(ends == sizeof(keys) - 1 && end_context == context);
        ends = 0;
    }
    CHILD_CHECK(PUT(second, &keys[1], (char *)0 + 1, on_end) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxDestroy_v2(second) == CUDA_SUCCESS && ends == 1 && end_context == second);
    fake_broker_stop(&broker);
}

#define THREADS 4

static void *use_storage(void *arg)
{
    CUcontext context = arg;
    char key;
    void *value;

    CHILD_CHECK(cuCtxSetCurrent(context) == CUDA_SUCCESS);
    for (int i = 0; i < 2000; i++) {
        CHILD_CHECK(PUT(NULL, &key, &key + (i & 1), NULL) == CUDA_SUCCESS);
        CHILD_CHECK(GET(&value, NULL, &key) == CUDA_SUCCESS && value == &key + (i & 1));
        CHILD_CHECK(GET(&value, NULL, keys) == CUDA_SUCCESS && value == keys);
    }
    CHILD_CHECK(DELETE(NULL, &key) == CUDA_SUCCESS);
    return NULL;
}

static void storage_of_threads(void)
{
    CUcontext context = start();
    pthread_t threads[THREADS];

    CHILD_CHECK(PUT(context, keys, keys, NULL) == CUDA_SUCCESS);
    for (int i = 0; i < THREADS; i++) {
        CHILD_CHECK(pthread_create(&threads[i], NULL, use_storage, context) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    fake_broker_stop(&broker);
}

static void context_and_stream_ids(void)
{
    typedef CUresult (*context_slot)(CUcontext, unsigned long long *);
    typedef CUresult (*inner_slot)(CUcontext, CUstream, void **, int);
    typedef CUresult (*id_slot)(CUcontext, void *, uint64_t *);
    inner_slot inner = SLOT(CONTEXT_TOOLS, 51, inner_slot);
    id_slot id = SLOT(CONTEXT_TOOLS, 39, id_slot);
    CUcontext context = start();
    CUstream streams[3] = {NULL, CU_STREAM_PER_THREAD};
    unsigned long long expected;
    unsigned long long context_id;
    void *what[3];
    uint64_t got;

    CHILD_CHECK(cuCtxSetCurrent(context) == CUDA_SUCCESS);
    CHILD_CHECK(cuCtxGetId(NULL, &expected) == CUDA_SUCCESS);
    CHILD_CHECK(SLOT(CONTEXT_TOOLS, 4, context_slot)(context, &context_id) == CUDA_SUCCESS);
    CHILD_CHECK(context_id == expected);
    CHILD_CHECK(cuStreamCreate(&streams[2], CU_STREAM_NON_BLOCKING) == CUDA_SUCCESS);
    for (int i = 0; i < 3; i++) {
        CHILD_CHECK(inner(context, streams[i], &what[i], 0) == CUDA_SUCCESS && what[i] != NULL);
        CHILD_CHECK(cuStreamGetId(streams[i], &expected) == CUDA_SUCCESS);
        CHILD_CHECK(id(NULL, what[i], &got) == CUDA_SUCCESS && got == expected);
    }
    CHILD_CHECK(what[0] != what[1] && what[1] != what[2] && what[0] != what[2]);
    CHILD_CHECK(inner(NULL, NULL, &what[0], 1) == CUDA_SUCCESS && what[0] == what[1]);
    CHILD_CHECK(id(context, NULL, &got) == CUDA_ERROR_INVALID_VALUE);
    CHILD_CHECK(inner(context, (CUstream)keys, &what[0], 0) == CUDA_ERROR_INVALID_HANDLE);
    CHILD_CHECK(inner((CUcontext)keys, NULL, &what[0], 0) == CUDA_ERROR_INVALID_CONTEXT);
    fake_broker_stop(&broker);
}

typedef CUresult (*handshake_slot)(uint32_t, uint64_t, uint64_t[2]);

#if VGPU_CUDART_HANDSHAKE

static size_t add(uint8_t *text, size_t at, const void *bytes, size_t len)
{
    memcpy(text + at, bytes, len);
    return at + len;
}

static size_t add_device(uint8_t *text, size_t at, CUdevice device)
{
    const CUdevice_attribute place[3] = {CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID,
                                         CU_DEVICE_ATTRIBUTE_PCI_BUS_ID,
                                         CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID};
    CUuuid uuid;

    CHILD_CHECK(cuDeviceGetUuid_v2(&uuid, device) == CUDA_SUCCESS);
    at = add(text, at, uuid.bytes, sizeof(uuid.bytes));
    for (int i = 0; i < 3; i++) {
        int value = 0;

        CHILD_CHECK(cuDeviceGetAttribute(&value, place[i], device) == CUDA_SUCCESS);
        at = add(text, at, &value, sizeof(value));
    }
    return at;
}

/* The answer is made of what the program itself can ask. */
static void handshake(void)
{
    static const uint8_t key[16] = {0x14, 0x6a, 0xdd, 0xae, 0x53, 0xa9, 0xa7, 0x52,
                                    0xaa, 0x08, 0x41, 0x36, 0x0b, 0xf5, 0x5a, 0x9f};
    handshake_slot check = SLOT(HANDSHAKE, 1, handshake_slot);
    uint64_t tables[4] = {(uint64_t)(uintptr_t)table(RUNTIME),
                          (uint64_t)(uintptr_t)table(HANDSHAKE), table(HANDSHAKE)[1], 1790000000};
    uint32_t words[4] = {0, 13002, (uint32_t)getpid(), (uint32_t)(uintptr_t)pthread_self()};
    uint8_t text[256];
    uint8_t expected[16];
    uint64_t got[2] = {0, 0};
    size_t len;

    broker.devices = 2;
    (void)start();
    CHILD_CHECK(cuDriverGetVersion((int *)&words[0]) == CUDA_SUCCESS);
    len = add(text, 0, words, sizeof(words));
    len = add(text, len, tables, sizeof(tables));
    len = add_device(text, add_device(text, len, 0), 1);
    gs_hmac_md2(key, text, len, expected);
    CHILD_CHECK(check(13002, 1790000000, got) == CUDA_SUCCESS);
    CHILD_CHECK(memcmp(got, expected, sizeof(got)) == 0);
    CHILD_CHECK(check(13000, 1790000000, got) == CUDA_SUCCESS);
    CHILD_CHECK(got[0] == 0x3341181c03cb675cull && got[1] == 0x8ed383aa1f4cd1e8ull);
    CHILD_CHECK(check(13001, 1790000000, got) == CUDA_SUCCESS);
    CHILD_CHECK(got[0] == 0x1841181c03cb675cull && got[1] == 0x8ed383aa1f4cd1e8ull);
    CHILD_CHECK(check(13001, 1790000000, NULL) == CUDA_ERROR_INVALID_VALUE);
    fake_broker_stop(&broker);
}
#else
static void handshake(void)
{
    uint64_t got[2] = {1, 2};
    int fd = listen_to_log();

    for (uint32_t i = 0; i < 3; i++) {
        CHILD_CHECK(SLOT(HANDSHAKE, 1, handshake_slot)(13000 + i, 1790000000, got) ==
                    CUDA_ERROR_NOT_SUPPORTED);
    }
    CHILD_CHECK(got[0] == 1 && got[1] == 2);
    said(fd, "vgpu: NVIDIA's runtime asked for its handshake, which this library was built without "
             "(-DVGPU_CUDART_HANDSHAKE=OFF): programs of the runtime API fail\n");
}
#endif

#define IN_CHILD(fn)                                                                               \
    static void test_##fn(void **state)                                                            \
    {                                                                                              \
        (void)state;                                                                               \
        fake_run_in_child(fn);                                                                     \
    }
IN_CHILD(sizes)
IN_CHILD(unknown_slots_and_tables)
IN_CHILD(reports)
IN_CHILD(no_host)
IN_CHILD(primary_contexts)
IN_CHILD(hooks)
IN_CHILD(current_context)
IN_CHILD(storage_codes)
IN_CHILD(storage_ends)
IN_CHILD(storage_of_threads)
IN_CHILD(context_and_stream_ids)
IN_CHILD(handshake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_unknown_slots_and_tables),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_no_host),
        cmocka_unit_test(test_primary_contexts),
        cmocka_unit_test(test_hooks),
        cmocka_unit_test(test_current_context),
        cmocka_unit_test(test_storage_codes),
        cmocka_unit_test(test_storage_ends),
        cmocka_unit_test(test_storage_of_threads),
        cmocka_unit_test(test_context_and_stream_ids),
        cmocka_unit_test(test_handshake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
