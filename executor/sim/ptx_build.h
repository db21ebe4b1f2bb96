/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PTX_BUILD_H
#define SIM_PTX_BUILD_H

/*
 * The state of one translation, from text to struct ptx_module, shared by the
 * parser (ptx_*.c) and by the families of instructions (op_*.c), each of which
 * has a routine that checks an instruction and emits its internal form.
 *
 * ptx_fail() ends the translation: it does not return.  Nothing unknown is
 * passed over: each modifier must be taken by someone.
 */

#include <setjmp.h>

#include "executor/sim/arena.h"
#include "executor/sim/ptx.h"
#include "executor/sim/ptx_lex.h"

enum ptx_type {
    T_NONE,
    T_U8,
    T_U16,
    T_U32,
    T_U64,
    T_S8,
    T_S16,
    T_S32,
    T_S64,
    T_B8,
    T_B16,
    T_B32,
    T_B64,
    T_F16,
    T_F16X2,
    T_BF16,
    T_BF16X2,
    T_F32,
    T_F64,
    T_PRED,
    T_COUNT,
};

enum ptx_space {
    SPACE_GENERIC,
    SPACE_GLOBAL,
    SPACE_CONST,
    SPACE_SHARED,
    SPACE_LOCAL,
    SPACE_PARAM,
};

enum sym_kind {
    SYM_REG,    /* slot; count above 1: name is a prefix, slots follow */
    SYM_FORMAL, /* parameter or result in memory: offset */
    SYM_CPARAM, /* .param variable of a body: offset */
    SYM_LOCAL,  /* offset */
    SYM_SHARED, /* shared */
    SYM_VAR,    /* global or constant */
    SYM_FUNC,
    SYM_PROTO, /* .callprototype: func with parameters only */
};

/* A shared variable; placed when all functions that use it are known. */
struct ptx_shared {
    struct ptx_shared *next;
    struct ptx_func *owner; /* NULL: of the module */
    uint64_t size;
    uint32_t align;
    uint32_t offset;
    bool dynamic;
};

struct ptx_symbol {
    struct ptx_symbol *chain; /* in its hash bucket */
    struct ptx_symbol *scope; /* made before it in the same scope */
    char *name;
    enum sym_kind kind;
    enum ptx_type type;
    uint32_t slot;
    uint32_t count;
    uint64_t size;
    uint32_t align;
    uint64_t offset;
    uint32_t text;  /* which of the texts that are linked made it */
    uint32_t depth; /* of the braces that it is made in; 0: outside, or a parameter */
    bool inner;     /* within a function */
    struct ptx_func *func;
    struct ptx_var *var;
    struct ptx_shared *shared;
};

/* An instruction whose jump to a label is to be filled in. */
struct label_use {
    struct label_use *next;
    uint32_t at;   /* index of the instruction */
    int64_t *slot; /* where the distance goes; NULL: its imm */
};

/* Labels live apart from the other names: they may be used before they are made. */
struct ptx_label {
    struct ptx_label *next;
    char *name;
    uint32_t line;
    uint32_t depth; /* of the braces that it is made in */
    bool defined;
    uint32_t at;
    struct label_use *uses;
    struct ptx_label **target; /* of .branchtargets: target_count of them */
    uint32_t target_count;
};

enum opd_kind {
    OPD_NONE,
    OPD_REG,
    OPD_INT,
    OPD_F32,
    OPD_F64,
    OPD_SYM,   /* the address of a symbol, plus value */
    OPD_ADDR,  /* [register or symbol + value] */
    OPD_TEXEL, /* [register, coordinates]: sub, count of them */
    OPD_VEC,
    OPD_SREG, /* special register, by name */
    OPD_NAME, /* anything else with a name: a label, a function not yet seen */
    OPD_SINK, /* _ */
    OPD_LIST, /* (a, b, ...) of a call */
};

#define OPERANDS_MAX  8
#define MODIFIERS_MAX 16

struct ptx_operand {
    enum opd_kind kind;
    bool negated;       /* !p */
    bool pred;          /* a register that is a predicate */
    enum ptx_type type; /* of a register */
    uint32_t slot;
    uint64_t value;          /* immediate, or offset */
    struct ptx_symbol *sym;  /* OPD_SYM, OPD_ADDR; NULL with a register or nothing */
    bool base_reg;           /* OPD_ADDR: slot is the base */
    char *name;              /* OPD_SREG, OPD_NAME */
    struct ptx_operand *sub; /* lists: count of them; else p of "d|p" */
    uint32_t count;
};

struct ptx_inst {
    const char *op;
    const char *mod[MODIFIERS_MAX];
    bool taken[MODIFIERS_MAX];
    uint32_t mod_count;
    struct ptx_operand opd[OPERANDS_MAX];
    uint32_t opd_count;
    uint32_t line;
};

/* One call from a function's body, for stack sizes and shared memory. */
struct call_edge {
    struct call_edge *next;
    struct ptx_func *to; /* NULL: through a pointer */
};

struct shared_use {
    struct shared_use *next;
    struct ptx_func *func;
    struct ptx_shared *shared;
    uint32_t constant;
    int64_t addend;
};

#define SYMBOL_BUCKETS 1024

struct ptx_build {
    struct ptx_module *module;
    struct arena *arena;
    struct ptx_lexer lexer;
    struct ptx_token tok; /* the one to be looked at */
    jmp_buf fail;
    char *error;
    size_t error_size;
    int code;
    bool allow_undefined;

    struct ptx_symbol *bucket[SYMBOL_BUCKETS];
    struct ptx_symbol *scope; /* latest symbol of the scopes that are open */
    uint32_t texts;           /* each begins with .version */
    uint32_t func_room;
    struct ptx_shared *shareds;
    struct shared_use *shared_uses;
    bool address_taken; /* of any function */

    /* The body at hand. */
    struct ptx_func *func;
    struct insn *code_at;
    uint32_t code_room;
    uint32_t constant_room;
    struct ptx_label *labels;
    uint32_t depth;      /* of braces */
    uint32_t nesting;    /* of lists in an operand */
    uint32_t line;       /* of the instruction at hand */
    uint32_t sink;       /* slot of a register that nobody reads */
    uint64_t live_words; /* declared registers in 32-bit units */
};

/* End with a message at a line. */
_Noreturn void ptx_fail(struct ptx_build *b, uint32_t line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* --- tokens (ptx_token.c) --- */
void ptx_next(struct ptx_build *b);
bool ptx_at(const struct ptx_build *b, const char *punct);
bool ptx_at_dot(const struct ptx_build *b, const char *word);
bool ptx_accept(struct ptx_build *b, const char *punct);
bool ptx_accept_dot(struct ptx_build *b, const char *word);
void ptx_expect(struct ptx_build *b, const char *punct);
/* A name, copied; an integer, with a sign. */
char *ptx_name(struct ptx_build *b);
int64_t ptx_int(struct ptx_build *b);

/* --- types (ptx_token.c) --- */
enum ptx_type ptx_type_of(const char *word, size_t length);
uint32_t ptx_type_size(enum ptx_type type);
bool ptx_type_signed(enum ptx_type type);
bool ptx_type_float(enum ptx_type type);

/* --- symbols (ptx_symbol.c) --- */
struct ptx_symbol *ptx_symbol_new(struct ptx_build *b, char *name, enum sym_kind kind);
/* The same; fails when the scope has one of that name. */
struct ptx_symbol *ptx_symbol_only(struct ptx_build *b, char *name, enum sym_kind kind);
/* By exact name, else register r of "%r<n>"; *slot is then its own. */
struct ptx_symbol *ptx_symbol_find(struct ptx_build *b, const char *name, uint32_t *slot);
void ptx_scope_close(struct ptx_build *b, struct ptx_symbol *before);

/* --- declarations (ptx_decl.c) --- */
struct ptx_decl {
    enum ptx_type type;
    uint32_t align;
    uint32_t vector; /* elements of .v2, .v4; else 1 */
    char *name;
    uint64_t size;  /* bytes */
    bool sized;     /* false: name[] */
    uint32_t range; /* name<range>: that many registers; 0 otherwise */
};
/* ".align n .type name[dims]", the state space already read. */
void ptx_decl_read(struct ptx_build *b, struct ptx_decl *d);
void ptx_var_read(struct ptx_build *b, bool constant, bool external);
void ptx_shared_read(struct ptx_build *b, bool external);
void ptx_reg_read(struct ptx_build *b);
void ptx_local_read(struct ptx_build *b);
void ptx_cparam_read(struct ptx_build *b);

/* --- labels (ptx_label.c) --- */
/* The label of that name, made at its first mention. */
struct ptx_label *ptx_label(struct ptx_build *b, char *name);
/* It is here: at the instruction emitted next. */
void ptx_label_define(struct ptx_build *b, struct ptx_label *label);
/* Instruction number at jumps there. */
void ptx_label_use(struct ptx_build *b, struct ptx_label *label, uint32_t at, int64_t *slot);
/* Fill in and forget what was made at this depth of braces or deeper. */
void ptx_labels_close(struct ptx_build *b, uint32_t depth);

/* --- functions (ptx_func.c), bodies (ptx_body.c), layout (ptx_layout.c) --- */
void ptx_func_read(struct ptx_build *b, bool entry, bool external);
void ptx_params_read(struct ptx_build *b, struct ptx_func *f, bool results, bool bind);
struct ptx_func *ptx_func_new(struct ptx_build *b, char *name);
void ptx_body_read(struct ptx_build *b);
void ptx_inst_read(struct ptx_build *b);
void ptx_layout(struct ptx_build *b);

/* --- emitting (ptx_emit.c) --- */
/* A new instruction at the end of the body; valid until the next. */
struct insn *ptx_emit(struct ptx_build *b, insn_fn fn);
/* The same with the first operand as destination and `sources` (4 at most) behind it. */
struct insn *ptx_emit_sources(struct ptx_build *b, struct ptx_inst *in, insn_fn fn,
                              enum ptx_type type, uint32_t sources);
uint32_t ptx_reg_new(struct ptx_build *b, uint32_t count);
uint32_t ptx_const(struct ptx_build *b, uint64_t value);
/* A constant of its own that is filled in later. */
uint32_t ptx_const_new(struct ptx_build *b, uint64_t value);
void ptx_lower(struct ptx_build *b, struct ptx_inst *in);

/* Modifiers: take this one if it is there; any of a NULL-ended list of no effect. */
bool ptx_mod(struct ptx_inst *in, const char *word);
void ptx_mod_ignore(struct ptx_inst *in, const char *const *words);
/* The next type modifier, or T_NONE. */
enum ptx_type ptx_mod_type(struct ptx_inst *in);
enum ptx_type ptx_mod_type_needed(struct ptx_build *b, struct ptx_inst *in);
/* Operands. */
void ptx_operands(struct ptx_build *b, const struct ptx_inst *in, uint32_t least, uint32_t most);
uint32_t ptx_dst(struct ptx_build *b, const struct ptx_inst *in, uint32_t k);
uint32_t ptx_src(struct ptx_build *b, const struct ptx_inst *in, uint32_t k, enum ptx_type type);
uint32_t ptx_src_of(struct ptx_build *b, uint32_t line, const struct ptx_operand *o,
                    enum ptx_type type);
/* An immediate integer. */
int64_t ptx_imm(struct ptx_build *b, const struct ptx_inst *in, uint32_t k);
/* A source slot with the address of a symbol of any space, as in that space. */
uint32_t ptx_address_of(struct ptx_build *b, uint32_t line, struct ptx_symbol *sym, int64_t addend);
_Noreturn void ptx_unsupported(struct ptx_build *b, const struct ptx_inst *in);

/* A table of routines by type; fails when there is none. */
insn_fn ptx_pick(struct ptx_build *b, const struct ptx_inst *in, const insn_fn *table,
                 enum ptx_type type);

typedef void (*lower_fn)(struct ptx_build *b, struct ptx_inst *in);

struct lower_row {
    const char *op;
    lower_fn fn;
};

/* One NULL-ended table a family. */
extern const struct lower_row lower_int[];
extern const struct lower_row lower_mul[];
extern const struct lower_row lower_bits[];
extern const struct lower_row lower_field[];
extern const struct lower_row lower_video[];
extern const struct lower_row lower_float[];
extern const struct lower_row lower_math[];
extern const struct lower_row lower_compare[];
extern const struct lower_row lower_convert[];
extern const struct lower_row lower_move[];
extern const struct lower_row lower_memory[];
extern const struct lower_row lower_atomic[];
extern const struct lower_row lower_async[];
extern const struct lower_row lower_mbarriers[];
extern const struct lower_row lower_hint[];
extern const struct lower_row lower_matrix[];
extern const struct lower_row lower_wmmas[];
extern const struct lower_row lower_flow[];
extern const struct lower_row lower_calls[];
extern const struct lower_row lower_warp[];
extern const struct lower_row lower_barrier[];
extern const struct lower_row lower_texture[];
extern const struct lower_row lower_surface[];

#endif
