# SPDX-License-Identifier: Apache-2.0
"""Writes instructions.ptx, for test_sim_instructions.

Each kernel tries up to 32 instructions.  A thread reads a, b, c as integers
and as doubles, and stores each result at [instruction][thread].  What an H100
answered is in instructions.gold, a line an instruction, in the same order.
"""
import itertools

INTS = ["u16", "s16", "u32", "s32", "u64", "s64"]
cases = []  # (instruction template, type of a, b, c, type of d, exact)


def reg(kind, name):
    size = {"8": "s", "16": "s", "32": "r", "64": "l"}
    if kind == "pred":
        return "%p" + name
    if kind in ("f32", "f64"):
        return "%" + kind[0] + ("" if kind == "f32" else "d") + name
    return "%" + size[kind.lstrip("usbf")] + name


def add(text, a, b=None, c=None, d=None, n=None):
    cases.append((text, a, b or a, c or b or a, d or a))


def integer():
    for t in INTS:
        for op in ("add", "sub", "div", "rem", "min", "max", "mul.lo", "mul.hi"):
            add(f"{op}.{t} D, A, B;", t)
        add(f"mad.lo.{t} D, A, B, C;", t)
        add(f"mad.hi.{t} D, A, B, C;", t)
        if t[0] == "s":
            add(f"abs.{t} D, A;", t)
            add(f"neg.{t} D, A;", t)
        add(f"shr.{t} D, A, B;", t, "u32")
        add(f"shr.{t} D, A, 5;", t)
        for cmp in ("eq", "ne", "lt", "le", "gt", "ge"):
            add(f"setp.{cmp}.{t} D, A, B;", t, d="pred")
        add(f"set.lt.u32.{t} D, A, B;", t, d="u32")
    for t in ("u16", "s16", "u32", "s32"):
        w = t[0] + str(int(t[1:]) * 2)
        add(f"mul.wide.{t} D, A, B;", t, d=w)
        add(f"mad.wide.{t} D, A, B, C;", t, t, w, w)
    for t in ("u32", "s32"):
        add(f"sad.{t} D, A, B, C;", t)
        add(f"mul24.lo.{t} D, A, B;", t)
        add(f"mad24.lo.{t} D, A, B, C;", t)
        for u in ("u32", "s32"):
            add(f"dp4a.{t}.{u} D, A, B, C;", "u32")
    add("add.sat.s32 D, A, B;", "s32")
    add("sub.sat.s32 D, A, B;", "s32")


def carries():
    for t in ("u32", "s32", "u64", "s64"):
        add(f"add.cc.{t} D, A, B; addc.{t} D, C, C;", t)
        add(f"sub.cc.{t} D, A, B; subc.{t} D, C, A;", t)
        add(f"add.cc.{t} D, A, B; addc.cc.{t} D, C, C; addc.{t} D, A, C;", t)
        add(f"mad.lo.cc.{t} D, A, B, C; madc.hi.{t} D, A, B, C;", t)
        add(f"mad.hi.cc.{t} D, A, B, C; madc.lo.cc.{t} D, B, C, A; addc.{t} D, A, 0;", t)


def bits():
    for t in ("b16", "b32", "b64"):
        for op in ("and", "or", "xor"):
            add(f"{op}.{t} D, A, B;", t)
        add(f"not.{t} D, A;", t)
        add(f"cnot.{t} D, A;", t)
        add(f"shl.{t} D, A, B;", t, "u32")
    for t in ("b32", "b64"):
        add(f"popc.{t} D, A;", t, d="u32")
        add(f"clz.{t} D, A;", t, d="u32")
        add(f"brev.{t} D, A;", t)
        add(f"bfi.{t} D, A, B, C, 9;", t, t, "u32")
        add(f"bfi.{t} D, A, B, 5, C;", t, t, "u32")
    for t in ("u32", "s32", "u64", "s64"):
        add(f"bfind.{t} D, A;", t, d="u32")
        add(f"bfind.shiftamt.{t} D, A;", t, d="u32")
        add(f"bfe.{t} D, A, B, C;", t, "u32", "u32")
        add(f"bfe.{t} D, A, 7, C;", t, "u32", "u32")
        add(f"bfe.{t} D, A, B, 11;", t, "u32", "u32")
    for mode in ("", ".f4e", ".b4e", ".rc8", ".ecl", ".ecr", ".rc16"):
        add(f"prmt.b32{mode} D, A, B, C;", "b32")
    for way, mode in itertools.product("lr", ("clamp", "wrap")):
        add(f"shf.{way}.{mode}.b32 D, A, B, C;", "b32")
    for table in (0x00, 0x96, 0xE8, 0x1B, 0xCA, 0x57):
        add(f"lop3.b32 D, A, B, C, {table};", "b32")


def real():
    for t in ("f32", "f64"):
        flush = ("", ".ftz") if t == "f32" else ("",)
        for f in flush:
            for mode in (".rn", ".rz", ".rm", ".rp"):
                for op in ("add", "sub", "mul", "div"):
                    add(f"{op}{mode}{f}.{t} D, A, B;", t)
                add(f"fma{mode}{f}.{t} D, A, B, C;", t)
                add(f"sqrt{mode}{f}.{t} D, A;", t)
                add(f"rcp{mode}{f}.{t} D, A;", t)
            for op in ("min", "max"):
                add(f"{op}{f}.{t} D, A, B;", t)
            add(f"abs{f}.{t} D, A;", t)
            add(f"neg{f}.{t} D, A;", t)
            for cmp in ("eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu",
                        "geu", "num", "nan"):
                add(f"setp.{cmp}{f}.{t} D, A, B;", t, d="pred")
            add(f"set.ne{f}.s32.{t} D, A, B;", t, d="s32")
        add(f"copysign.{t} D, A, B;", t)
        for kind in ("finite", "infinite", "number", "notanumber", "normal", "subnormal"):
            add(f"testp.{kind}.{t} D, A;", t, d="pred")
    for op in ("add", "mul"):
        add(f"{op}.sat.f32 D, A, B;", "f32")
        add(f"{op}.ftz.sat.f32 D, A, B;", "f32")
    add("fma.rn.sat.f32 D, A, B, C;", "f32")
    add("min.NaN.f32 D, A, B;", "f32")
    add("max.NaN.f32 D, A, B;", "f32")


def holds(d, s):
    """Whether every value of integer type s is one of d."""
    if d[0] == s[0]:
        return int(d[1:]) >= int(s[1:])
    return d[0] == "s" and int(d[1:]) > int(s[1:])


def convert():
    ints = ["u8", "s8"] + INTS
    for d, s in itertools.product(ints, ints):
        wide = {"u8": "u16", "s8": "s16"}
        add(f"cvt.{d}.{s} D, A;", wide.get(s, s), d=wide.get(d, d))
        if not holds(d, s):
            add(f"cvt.sat.{d}.{s} D, A;", wide.get(s, s), d=wide.get(d, d))
    for i in INTS:
        for f in ("f32", "f64"):
            for mode in ("rn", "rz", "rm", "rp"):
                if f == "f32" or i in ("u64", "s64"):
                    add(f"cvt.{mode}.{f}.{i} D, A;", i, d=f)
            for mode in ("rni", "rzi", "rmi", "rpi"):
                add(f"cvt.{mode}.{i}.{f} D, A;", f, d=i)
            add(f"cvt.rzi.sat.{i}.{f} D, A;", f, d=i)
        add(f"cvt.rni.ftz.{i}.f32 D, A;", "f32", d=i)
    for mode in ("rni", "rzi", "rmi", "rpi"):
        add(f"cvt.{mode}.f32.f32 D, A;", "f32")
        add(f"cvt.{mode}.ftz.f32.f32 D, A;", "f32")
        add(f"cvt.{mode}.f64.f64 D, A;", "f64")
    for mode in ("rn", "rz", "rm", "rp"):
        add(f"cvt.{mode}.f32.f64 D, A;", "f64", d="f32")
        add(f"cvt.{mode}.ftz.sat.f32.f64 D, A;", "f64", d="f32")
    add("cvt.f64.f32 D, A;", "f32", d="f64")
    add("cvt.ftz.f64.f32 D, A;", "f32", d="f64")
    add("cvt.sat.f32.f32 D, A;", "f32")


def select():
    for t in ("b16", "b32", "b64", "f32", "f64", "s32"):
        add(f"setp.lt.s32 %pa, %rc, 77; selp.{t} D, A, B, %pa;", t)
        add(f"slct.{t}.s32 D, A, B, %rc;", t)
        add(f"slct.{t}.f32 D, A, B, %fc;", t)
    for op in ("and", "or", "xor"):
        add(f"setp.gt.s32 %pa, %rc, 9; setp.lt.{op}.u32 D, A, B, %pa;", "u32", d="pred")
        add(f"setp.gt.s32 %pa, %rc, 9; setp.lt.{op}.u32 %pa|D, A, B, !%pa;", "u32", d="pred")
        add(f"setp.gt.s32 %pa, %rc, 9; set.ge.{op}.u32.s32 D, A, B, %pa;", "s32", d="u32")
    add("setp.eq.s64 %pa|D, A, B;", "s64", d="pred")
    add("mov.b64 {%rx, %ry}, A; mov.b64 D, {%ry, %rx};", "b64")
    add("mov.b64 {%sw, %sx, %sy, %sz}, A; mov.b64 D, {%sz, %sw, %sx, %sy};", "b64")


CHUNK = 32  # instructions a kernel
THREADS = 16


def body_of(n, case):
    text, a, b, c, d = case
    wide = {"A": a, "B": b, "C": c}
    body = text
    for name in "ABC":
        body = body.replace(f" {name},", f" {reg(wide[name], name.lower())},")
        body = body.replace(f" {name};", f" {reg(wide[name], name.lower())};")
    body = body.replace("|D,", f"|{reg(d, 'd')},").replace(" D,", f" {reg(d, 'd')},")
    end = {
        "pred": "selp.u64 %out, 1, 0, %pd;",
        "f32": "mov.b32 %rd, %fd; cvt.u64.u32 %out, %rd;",
        "f64": "mov.b64 %out, %fdd;",
    }.get(d)
    if end is None:
        end = {"16": "cvt.u64.u16 %out, %sd;", "32": "cvt.u64.u32 %out, %rd;",
               "64": "mov.b64 %out, %ld;"}[d.lstrip("usb")]
    return f"{body}\n{end} st.global.u64 [%to+{n % CHUNK * THREADS * 8}], %out;"


HEAD = """(.param .u64 in, .param .u64 out)
{
.reg .b64 %la, %lb, %lc, %ld, %at, %to, %out;
.reg .b32 %ra, %rb, %rc, %rd, %rx, %ry, %t;
.reg .b16 %sa, %sb, %sc, %sd, %sw, %sx, %sy, %sz;
.reg .f32 %fa, %fb, %fc, %fd;
.reg .f64 %fda, %fdb, %fdc, %fdd;
.reg .pred %pa, %pd;
mov.u32 %t, %tid.x;
ld.param.u64 %to, [out];
mad.wide.u32 %to, %t, 8, %to;
ld.param.u64 %at, [in];
mad.wide.u32 %at, %t, 48, %at;
ld.global.u64 %la, [%at]; ld.global.u64 %lb, [%at+8]; ld.global.u64 %lc, [%at+16];
ld.global.f64 %fda, [%at+24]; ld.global.f64 %fdb, [%at+32]; ld.global.f64 %fdc, [%at+40];
cvt.u32.u64 %ra, %la; cvt.u32.u64 %rb, %lb; cvt.u32.u64 %rc, %lc;
cvt.u16.u64 %sa, %la; cvt.u16.u64 %sb, %lb; cvt.u16.u64 %sc, %lc;
mov.b32 %fa, %ra; mov.b32 %fb, %rb; mov.b32 %fc, %rc;
"""


def main():
    for part in (integer, carries, bits, real, convert, select):
        part()
    out = ["// SPDX-License-Identifier: Apache-2.0", "// Written by instructions.py.",
           ".version 7.5", ".target sm_80", ".address_size 64"]
    for first in range(0, len(cases), CHUNK):
        chunk = cases[first:first + CHUNK]
        out.append(f".visible .entry k{first // CHUNK}" + HEAD +
                   "\n".join(body_of(first + k, case) for k, case in enumerate(chunk)) +
                   "\nret;\n}")
    with open("instructions.ptx", "w", encoding="ascii") as f:
        f.write("\n".join(out) + "\n")


main()
