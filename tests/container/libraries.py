"""Loads every library of the packages in an image; stripping has broken some of them before.

Run inside, where there are no tests: the source comes on standard input.
"""

import ctypes
import importlib
import sysconfig
from pathlib import Path

packages = Path(sysconfig.get_paths()["purelib"])
importlib.import_module("numpy")
importlib.import_module("ctranslate2")
libraries = sorted(packages.rglob("*.so*"))
for library in libraries:
    ctypes.CDLL(str(library))
assert len(libraries) > 30, f"{len(libraries)} libraries"
