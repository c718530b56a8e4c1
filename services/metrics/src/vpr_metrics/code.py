"""Which code computes: its version, and a digest of it and of the libraries that it computes with."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("duckdb", "numpy", "pyarrow", "scipy")


@cache
def libraries() -> dict[str, str]:
    """The versions of what figures are computed with."""
    return {name: version(name) for name in LIBRARIES}


@cache
def code_version() -> str:
    """Such as ``0.1.0-3f9c1ab2d0e4``: it changes with any of this package's modules and any of those libraries."""
    digest = hashlib.sha256(repr(libraries()).encode())
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return f"{version('vpr-metrics')}-{digest.hexdigest()[:12]}"
