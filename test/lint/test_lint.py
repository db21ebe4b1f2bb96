#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the checks themselves: each must see the fault that it is there for."""

import unittest
from unittest import mock

import check_docs
import check_layers
import check_spdx
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


if __name__ == "__main__":
    unittest.main()
