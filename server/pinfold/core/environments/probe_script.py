"""What is run inside an interpreter to ask it about itself; read as text, never imported by us.

Refuses to import anything that is not in the standard library, and to write anywhere but to
standard output. It must parse and run on Python 2.7 and on every Python 3, so nothing newer stands
here: no annotations either.
"""

# mypy: allow-untyped-defs, allow-untyped-calls

import json
import os
import platform
import sys
import sysconfig


def _text(value):
    """Return a path as text; Python 2 has bytes, which need not be in any encoding."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def _full_version(info):
    version = "%d.%d.%d" % tuple(info[:3])  # noqa: UP031 - Python 2.7
    level = info[3]
    if level != "final":
        version += level[0] + str(info[4])
    return version


def _markers():
    """Return PEP 508's variables, as ``packaging`` does."""
    implementation = getattr(sys, "implementation", None)
    name = implementation.name if implementation else platform.python_implementation().lower()
    info = implementation.version if implementation else sys.version_info
    return {
        "implementation_name": name,
        "implementation_version": _full_version(info),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "platform_python_implementation": platform.python_implementation(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def _answer():
    base_prefix = getattr(sys, "base_prefix", getattr(sys, "real_prefix", sys.prefix))
    if hasattr(sys, "real_prefix"):
        # virtualenv before version 20.
        base_prefix = sys.real_prefix
    stdlib = sysconfig.get_path("stdlib") or ""
    return {
        "version_info": list(sys.version_info),
        "implementation": platform.python_implementation().lower(),
        "prefix": _text(sys.prefix),
        "base_prefix": _text(base_prefix),
        "executable": _text(sys.executable or ""),
        "base_executable": _text(getattr(sys, "_base_executable", None) or ""),
        "purelib": _text(sysconfig.get_path("purelib") or ""),
        "platlib": _text(sysconfig.get_path("platlib") or ""),
        "sys_path": [_text(path) for path in sys.path],
        "markers": dict((name, _text(value)) for name, value in _markers().items()),  # noqa: C402
        "platform": _text(sysconfig.get_platform()),
        "pointer_bits": 64 if sys.maxsize > 2**32 else 32,
        "is_free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "is_externally_managed": (
            base_prefix == sys.prefix and os.path.isfile(os.path.join(stdlib, "EXTERNALLY-MANAGED"))  # noqa: PTH113
        ),
    }


def _write(text):
    """Write past ``sys.stdout``, which a ``sitecustomize`` may have replaced."""
    data = text.encode("ascii")
    sys.stdout.flush()
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    _write("\n" + sys.argv[1] + json.dumps(_answer()) + sys.argv[2] + "\n")
