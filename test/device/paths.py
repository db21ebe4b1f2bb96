# SPDX-License-Identifier: Apache-2.0
"""Imported for its effect: the helpers of test/process can be imported afterwards."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(1, str(ROOT / "test/process"))
