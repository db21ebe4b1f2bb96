/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PTX_H
#define SIM_PTX_H

/*
 * PTX in its internal form.  A function is an array of instructions, each a
 * pointer to the routine that carries it out and its operands as numbers
 * (slots): from 0 a register of the frame, in steps of a warp's 32 threads
 * whose values lie side by side; with the top bit set an entry of the
 * function's constants.  Registers are 64 bits wide; an instruction reads as
 * many low bits of one as its type has, so what lies above does not matter.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thr;
struct warp;
struct insn;
struct call_edge;

/*
 * Carries i out for the lanes of mask, which all are there.  Returns the next
 * instruction of all of them in the same frame, or NULL: then each lane's
 * place is set, and some may have stopped.
 */
typedef const struct insn *(*insn_fn)(struct warp *w, const struct insn *i, uint32_t mask);
/* The same for one thread. */
typedef const struct insn *(*lane_fn)(struct thr *t, const struct insn *i);

struct insn {
    insn_fn fn;
    uint32_t d; /* destination register */
    uint32_t a; /* sources */
    uint32_t b;
    uint32_t c;
    uint32_t e;    /* second destination, fourth source, or a count */
    uint32_t line; /* in the source */
    int64_t imm;   /* offset, target, flags: the routine's own */
};

#define PTX_CONST 0x80000000u /* operand is an index into the constants */

/* The top byte of a generic address tells the spaces that are not host memory. */
#define PTX_WIN_SHIFT  56
#define PTX_WIN_SHARED ((uint64_t)1 << PTX_WIN_SHIFT)
#define PTX_WIN_LOCAL  ((uint64_t)2 << PTX_WIN_SHIFT)
#define PTX_WIN_PARAM  ((uint64_t)3 << PTX_WIN_SHIFT)
#define PTX_WIN_FUNC   ((uint64_t)4 << PTX_WIN_SHIFT)
#define PTX_WIN_GRID   ((uint64_t)5 << PTX_WIN_SHIFT) /* a cooperative grid's workspace */

/* Shared addresses from here on are dynamic shared memory, whatever the kernel. */
#define PTX_SHARED_DYNAMIC 0x1000000u
/* ... and so many from here on are the system's own (%reserved_smem_offset_*). */
#define PTX_SHARED_RESERVED       0x2000000u
#define PTX_SHARED_RESERVED_BYTES 1024u

/* A formal parameter or result of a function. */
struct ptx_param {
    const char *name;
    uint32_t size;
    uint32_t align;
    uint32_t offset; /* in the formals' bytes; of a register: its slot */
    bool reg;        /* a .reg parameter */
};

struct ptx_func {
    const char *name;
    struct ptx_module *module;
    uint32_t index; /* in module->func */
    bool entry;
    bool defined;
    struct ptx_param *param;
    uint32_t param_count;
    struct ptx_param *ret;
    uint32_t ret_count;
    uint32_t param_bytes;  /* the formals, results included */
    uint32_t cparam_bytes; /* .param variables of the body */
    uint32_t local_bytes;  /* .local variables of one frame */
    uint32_t reg_count;    /* words of a frame */
    uint32_t shared_bytes; /* static, of an entry */
    uint32_t stack_bytes;  /* .local of the deepest call path, without recursion */
    uint32_t reg_estimate; /* what a compiler would have used, roughly */
    bool recursive;        /* itself or something that it calls */
    struct call_edge *calls;
    uint8_t mark;         /* of the walk over the calls */
    bool uses_common;     /* shared variables that are not a kernel's own */
    uint32_t max_threads; /* of .maxntid or .reqntid, else 1024 */
    uint32_t reqntid[3];  /* zeroes: none */
    lane_fn builtin;      /* vprintf and its kin: no code */
    struct insn *code;
    uint32_t code_count;
    uint64_t *constant;
    uint32_t constant_count;
};

/* A variable in global, constant or static memory. */
struct ptx_var {
    struct ptx_var *next;
    const char *name;
    bool constant; /* .const */
    bool external;
    uint64_t size;
    uint32_t align;
    uint8_t *init;            /* size bytes, or NULL for zeroes */
    struct ptx_reloc *relocs; /* addresses in the initialiser */
    uint64_t offset;          /* in the module's image */
    uintptr_t address;        /* once placed */
};

/* "value = address of symbol + addend", 8 bytes at offset of a variable. */
struct ptx_reloc {
    struct ptx_reloc *next;
    uint64_t offset;
    const struct ptx_var *var; /* or */
    const struct ptx_func *func;
    int64_t addend;
};

/* A constant of a function that becomes an address when variables are placed. */
struct ptx_fixup {
    struct ptx_fixup *next;
    struct ptx_func *func;
    uint32_t constant;
    const struct ptx_var *var;
    int64_t addend;
};

struct ptx_module {
    struct arena *arena; /* everything here lives in it */
    int version;         /* 88 for .version 8.8 */
    int target;          /* 75 for sm_75 */
    struct ptx_func **func;
    uint32_t func_count;
    struct ptx_var *vars;
    struct ptx_fixup *fixups;
    uint64_t image_bytes; /* all variables, laid out */
    uint64_t const_bytes;
    bool sees_clusters; /* code asks which cluster it is in, or for another block of it */
};

/*
 * Parse PTX text (NUL-terminated).  Returns an owned module, or NULL with a
 * message of at most size bytes, each line naming its place, in error, and
 * *cu set: CUDA_ERROR_INVALID_PTX, _UNSUPPORTED_PTX_VERSION, _OUT_OF_MEMORY.
 * allow_undefined: functions that are declared only are no error (linking).
 */
struct ptx_module *ptx_parse(const char *text, bool allow_undefined, char *error, size_t size,
                             int *cu);

/* Give variables their addresses, image at base, and fill the image there. */
void ptx_place(struct ptx_module *module, uintptr_t base);

/* Frees a module with all that it has; NULL may come. */
void ptx_free(struct ptx_module *module);

#endif
