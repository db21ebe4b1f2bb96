#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the checks themselves: each must see the fault that it is there for."""

import unittest
from unittest import mock

import check_docs
import check_layers
import check_man_facts
import check_manual
import check_spdx
import check_unanswered
import check_words
import source

SAMPLE = """/* int not_one(void) { } */
#define BODY(x) \\
    static void x(void) { }
struct pair { int a; };
static const int table[] = {1, 2};
__attribute__((format(printf, 1, 2))) static void
first(const char *fmt, ...)
{
    if (fmt) {
        second();
    }
}
int third(int (*call)(void)) { return call() + '{'; }
"""


class Functions(unittest.TestCase):
    def test_bodies_are_found_and_counted(self):
        self.assertEqual(source.functions(SAMPLE), [("first", 8, 5), ("third", 13, 1)])

    def test_literals_and_comments_are_blanked(self):
        self.assertEqual(source.strip_c('a("//x"); /* b */ c'), 'a("");         c')


class Manual(unittest.TestCase):
    def test_a_function_without_a_comment_is_seen(self):
        text = ("/* The two. */\nint one(void);\nint two(int a,\n        int b);\n\nvoid three(void);\n\n"
                "/* Five lines. */\n__attribute__((format(printf, 1, 2))) void four(const char *f, ...);\n"
                "struct five {\n    int (*call)(void);\n};\nstruct five *six(void);\n")
        self.assertEqual(list(check_manual.bare(text)), [(6, "three")])
        self.assertEqual(list(check_manual.bare("struct a *seven(void);\n")), [(1, "seven")])


class Unanswered(unittest.TestCase):
    def test_names_that_are_unknown_or_twice(self):
        text = "# all\none  changed\n\ntwo\none\nthree\n"
        self.assertEqual(list(check_unanswered.problems("list", text, {"one", "two"})),
                         ["list:5: 'one' stands here twice", "list:6: there is no 'three'"])


class Words(unittest.TestCase):
    def problems(self, name, text):
        stripped = source.strip_c(text, keep_line_comments=True)
        found = list(check_words.hits(name, text, check_words.UNFINISHED, ""))
        for pattern, message in check_words.rules(name):
            found += check_words.hits(name, stripped, pattern, message)
        return found

    def test_banned_words_are_seen(self):
        for text in ("strcpy(a, b);", "x = sprintf (a);", "// c", "goto fail;", "X" + "XX", "TO" + "DO: x"):
            self.assertEqual(len(self.problems("common/a.c", text)), 1, text)

    def test_printing_is_for_the_terminal_only(self):
        self.assertEqual(len(self.problems("broker/a.c", 'printf("x");')), 1)
        self.assertEqual(self.problems("broker/main.c", 'printf("x");'), [])
        self.assertEqual(self.problems("test/a.c", 'printf("x");'), [])

    def test_fine_text_passes(self):
        text = 'snprintf(a, 1, "strcpy(//"); goto out; /* sprintf( */ TO' + "DO(#3)"
        self.assertEqual(self.problems("common/a.c", text), [])

    def test_curesult_is_confined(self):
        self.assertEqual(len(self.problems("broker/a.c", "CUresult cu;")), 1)
        self.assertEqual(self.problems("guest/libcuda/a.c", "CUresult cu;"), [])


class Layers(unittest.TestCase):
    def test_arrows_point_down_only(self):
        check = check_layers.check_quoted
        self.assertIsNone(check("proto/a.c", "common/fd.h", {}))
        self.assertIsNotNone(check("common/a.c", "proto/ring.h", {}))
        self.assertIsNotNone(check("guest/a.c", "broker/session.h", {}))
        self.assertIsNotNone(check("guest/a.c", "../common/fd.h", {}))
        self.assertIsNotNone(check("broker/a.c", "gs_calls.h", {}))
        self.assertIsNotNone(check("proto/a.c", "common/fd.h", {"common/fd.h": "common"}))

    def test_foreign_headers_stay_at_home(self):
        check = check_layers.check_rows
        self.assertIsNotNone(check("executor/a.c", "uv.h", check_layers.FOREIGN))
        self.assertIsNone(check("broker/a.c", "uv.h", check_layers.FOREIGN))
        self.assertIsNotNone(check("guest/a.c", "cuda.h", check_layers.FOREIGN))


class Licences(unittest.TestCase):
    def check(self, name, text):
        with mock.patch.object(source, "read", return_value=text):
            return check_spdx.check(name)

    def test_the_folder_decides(self):
        tag = "SPDX-License-Identifier: "
        self.assertIsNone(self.check("common/a.c", f"/* {tag}Apache-2.0 */\n"))
        self.assertIsNotNone(self.check("common/a.c", f"/* {tag}GPL-2.0-only */\n"))
        self.assertIsNotNone(self.check("common/a.c", f"\n/* {tag}Apache-2.0 */\n"))
        self.assertIsNone(self.check("dev", f"#!/bin/sh\n# {tag}Apache-2.0\n"))
        self.assertIsNotNone(self.check("qemu-device/a.c", f"/* {tag}Apache-2.0 */\n"))


class Links(unittest.TestCase):
    def test_broken_links_are_seen(self):
        text = "[a](LICENSE) [b](nowhere.md) `[c](no.md)` [d](https://example.org)\n"
        with mock.patch.object(source, "read", return_value=text):
            found = list(check_docs.check("README.md"))
        self.assertEqual(len(found), 1)
        self.assertIn("nowhere.md", found[0])

    def test_a_defence_that_nothing_shows_is_seen(self):
        head = "| attack | stopped by | shown by |\n|---|---|---|\n"
        rows = "| a | b | `lint/test_lint.py` |\n| c | d | |\n| e | f | `lint/nowhere.py` |\n"
        found = list(check_docs.defences(head + rows + "\n| not | this | |\n"))
        self.assertEqual([p.rsplit(": ", 1)[1] for p in found], ["c", "e"])
        self.assertEqual(len(list(check_docs.defences("no table"))), 1)


class ManPages(unittest.TestCase):
    HELP = """usage: x [OPTION]...
  --file NAME       reads NAME, see --other
  --set A.B=C       sets one
  --help, --version
"""
    PAGE = """.Sh SYNOPSIS
.Nm
.Op Fl -file Ar name
.Op Fl -set Ar a.b=c
.Op Fl -help
.Op Fl -version
.Sh OPTIONS
.It Fl -file Ar name
.It Fl -set Ar a.b=c
.It Fl -help
.It Fl -version
"""

    def options(self, page):
        return list(check_man_facts.check_options("x.8", page,
                                                  check_man_facts.help_options(self.HELP)))

    def test_options_match(self):
        self.assertEqual(self.options(self.PAGE), [])

    def test_missing_and_invented_options_are_seen(self):
        self.assertEqual(self.options(self.PAGE.replace(".It Fl -set Ar a.b=c\n", "")),
                         ["x.8: option --set VALUE is missing"])
        self.assertEqual(self.options(self.PAGE + ".It Fl -gone\n"),
                         ["x.8: there is no option --gone"])
        self.assertEqual(len(self.options(self.PAGE.replace(".It Fl -file Ar name", ".It Fl -file"))),
                         2)
        self.assertEqual(len(self.options(self.PAGE.replace(".Op Fl -help\n", ""))), 1)

    def test_settings_are_read(self):
        conf = "# a = 1\n[one]\na = 1\n[two]\na = /x\n"
        page = (".Ss Section one\n.It Cm a No = Cm 1\n.Ss Section two\n.It Cm a No = Pa /x\n"
                ".Sh NEXT\n.It Cm b No = Cm 2\n")
        self.assertEqual(check_man_facts.conf_keys(conf), {"one.a = 1", "two.a = /x"})
        self.assertEqual(check_man_facts.page_keys(page), check_man_facts.conf_keys(conf))

    def test_variables_are_read(self):
        found, problems = check_man_facts.variables_read(
            "a.c", '/* getenv("NO") */ getenv("A"); secure_getenv( "B" ); getenv(name);')
        self.assertEqual(found, {"A", "B"})
        self.assertEqual(len(problems), 1)
        self.assertEqual(check_man_facts.page_variables(".It Ev A , B\n"), {"A", "B"})


if __name__ == "__main__":
    unittest.main()
