#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The variables that native obeys, in the guest's environment."""

from case import StackCase, main

PROGRAM = "vgpu-process-environment"
# No more than the addresses of a sanitizer build have room for.
BUSES = ["0000:01:00.0", "0000:02:00.0"]
OK, NO_DEVICE, NO_BINARY, NO_JIT, UNSUPPORTED = 0, 100, 209, 223, 801
# A cubin that is looked at: the program's has a header alone, which a card answers so.
EMPTY = 999


class Environment(StackCase):
    gpus = len(BUSES)

    def facts(self, **environment):
        """What the program says: lists of words by their first."""
        result = self.stack.run(PROGRAM, environment=environment)
        self.assertEqual(result.status, 0, result)
        said = {}
        for line in result.out.splitlines():
            said.setdefault(line.split()[0], []).extend(line.split()[1:])
        return said

    def assert_devices(self, expected, **environment):
        said = self.facts(**environment)
        self.assertEqual(said["devices"], [BUSES[i] for i in expected], environment)
        return said

    def assert_loads(self, expected, **environment):
        said = self.facts(**environment)
        self.assertEqual({name: int(said[name][0]) for name in expected}, expected, environment)

    def test_devices_come_in_an_order_of_their_own(self):
        self.assert_devices([0, 1])
        self.assert_devices([0, 1], CUDA_DEVICE_ORDER="PCI_BUS_ID")
        self.assert_devices([1, 0], CUDA_VISIBLE_DEVICES="1,0", CUDA_DEVICE_ORDER="PCI_BUS_ID")

    def test_devices_are_named_by_uuid(self):
        uuids = self.assert_devices([0, 1])["uuid"]
        self.assert_devices([1, 0], CUDA_VISIBLE_DEVICES=f"{uuids[1]},{uuids[0]}")
        self.assert_devices([1], CUDA_VISIBLE_DEVICES=f"{uuids[1]},9,0")

    def test_no_device_is_an_error(self):
        for text in ("", "-1", "nothing", "0,0"):
            self.assertEqual(self.facts(CUDA_VISIBLE_DEVICES=text)["init"], [str(NO_DEVICE)], text)

    def test_the_loading_mode_is_told(self):
        self.assertEqual(self.facts()["mode"], ["2"])
        self.assertEqual(self.facts(CUDA_MODULE_LOADING="LAZY")["mode"], ["2"])
        self.assertEqual(self.facts(CUDA_MODULE_LOADING="EAGER")["mode"], ["1"])

    def test_loads(self):
        # The simulator knows no machine code.
        self.assert_loads({"text": OK, "cubin": EMPTY, "fat-text": OK, "fat-cubin": NO_BINARY,
                           "fat-both": OK, "fat-old-cubin": OK})

    def test_machine_code_left_out(self):
        for name in ("CUDA_FORCE_PTX_JIT", "CUDA_FORCE_JIT"):
            self.assert_loads({"text": OK, "cubin": NO_BINARY, "fat-text": OK,
                               "fat-cubin": NO_BINARY, "fat-both": OK, "fat-old-cubin": OK},
                              **{name: "1"})

    def test_no_compiler(self):
        for name in ("CUDA_DISABLE_PTX_JIT", "CUDA_DISABLE_JIT"):
            self.assert_loads({"text": NO_JIT, "cubin": EMPTY, "fat-text": NO_JIT,
                               "fat-cubin": NO_BINARY, "fat-both": OK, "fat-old-cubin": NO_JIT},
                              **{name: "1"})

    def test_managed_variables_are_refused_by_name(self):
        result = self.stack.run(PROGRAM)
        self.assertIn(f"managed {UNSUPPORTED}", result.out.splitlines())
        self.assertIn('managed variable "counter"', result.err)


if __name__ == "__main__":
    main()
