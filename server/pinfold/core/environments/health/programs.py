"""What system and machine a program was built for, by the first bytes of its file.

Owns the headers of ELF, Mach-O and PE as far as they tell this, and which of them a machine surely
cannot run. Refuses to guess: what is unknown, and what may run by an emulator, is not judged.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pinfold.core.files import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinfold.core.files import FileSystem

MAX_HEAD_BYTES = 256
"""More than a header takes, and as much as Linux looks at to find an emulator."""


def this_machine() -> str | None:
    """Return what the system calls the machine that this runs on, ``None`` if it does not say."""
    # Not by the module `platform`, some functions of which start a process.
    return os.uname().machine if hasattr(os, "uname") else None


def why_foreign(
    data: bytes, filesystem: FileSystem, platform: str, machine: str | None
) -> str | None:
    """Return why a program that begins with *data* surely cannot run here, in a clause.

    ``None`` if it may. *platform* is as in ``sys.platform``, *machine* as in ``uname -m``. The
    system's emulators are read from *filesystem*.
    """
    found = _foreign_to(data, platform, machine)
    if found is None or any(_starts(data, one) for one in _emulators(filesystem)):
        return None
    return found


def _foreign_to(data: bytes, platform: str, machine: str | None) -> str | None:
    system = _system_of(data)
    if system is None or platform not in _SYSTEMS:
        # Windows runs programs for other machines by itself, and what is no PE is not started.
        return None
    if system != _SYSTEMS[platform]:
        return f"it is a program for {system}, and this is {_SYSTEMS[platform]}"
    # On macOS, Rosetta hides from this process which machine it is.
    if platform != "linux" or machine not in _MACHINES:
        return None
    built_for = _elf_machine(data)
    name, runs = _MACHINES[machine]
    if built_for is None or built_for in runs:
        return None
    return f"it is a program for {built_for}, and this machine is {name}"


# A Mach-O of one machine, of either order and width. Those of several begin as Java's classes do,
# but say how many there are where a class says its version, which is 45 at least.
_MACH_O = re.compile(
    rb"\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba[\xbe\xbf]\x00\x00\x00[\x01-\x1e]"
)
# "Actually portable" programs are all of these at once, and shell scripts besides.
_PE = re.compile(rb"MZ(?!qFpD)")


def _system_of(data: bytes) -> str | None:
    if data.startswith(b"\x7fELF"):
        return "Linux"
    if _MACH_O.match(data):
        return "macOS"
    return "Windows" if _PE.match(data) else None


_SYSTEMS = {"linux": "Linux", "darwin": "macOS"}

_X86, _X86_64, _ARM, _ARM_64 = "32-bit x86", "x86-64", "32-bit ARM", "ARM 64"

# By `e_machine` and the order of bytes: https://gabi.xinuos.com/elf/a-emachine.html
_ELF_MACHINES = {
    (3, "little"): _X86,
    (62, "little"): _X86_64,
    (40, "little"): _ARM,
    (183, "little"): _ARM_64,
    (21, "little"): "POWER",
    (21, "big"): "big-endian POWER",
    (22, "big"): "IBM Z",
    (243, "little"): "RISC-V",
}

# What a kernel calls itself, what people call that, and what it may run: 64-bit ones have modes
# for programs of 32 bits. Those that call themselves 32-bit may be 64-bit ones in disguise.
_MACHINES = {
    "x86_64": (_X86_64, (_X86_64, _X86)),
    "aarch64": (_ARM_64, (_ARM_64, _ARM)),
    "ppc64le": ("POWER", ("POWER",)),
    "s390x": ("IBM Z", ("IBM Z",)),
    "riscv64": ("RISC-V", ("RISC-V",)),
}


def _elf_machine(data: bytes) -> str | None:
    """Return what machine an ELF file is for, ``None`` if that is none of the known ones."""
    match data[5:6]:
        case b"\1":
            return _ELF_MACHINES.get((int.from_bytes(data[18:20], "little"), "little"))
        case b"\2":
            return _ELF_MACHINES.get((int.from_bytes(data[18:20], "big"), "big"))
        case _:
            return None


_BINFMT = "/proc/sys/fs/binfmt_misc"


def _emulators(filesystem: FileSystem) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield what Linux starts by another program: offset, bytes, and which bits of these count.

    Such as programs of Windows by WSL or Wine, and of other machines by QEMU. Format:
    https://docs.kernel.org/admin-guide/binfmt-misc.html
    """
    names = filesystem.names(_BINFMT)
    for name in () if isinstance(names, Unreadable) else names:
        start = filesystem.read_start(f"{_BINFMT}/{name}", 4096)
        if isinstance(start, Unreadable) or not start.data.startswith(b"enabled\n"):
            continue
        match = re.search(
            rb"^offset (?P<at>[0-9]{1,4})\nmagic (?P<magic>(?:[0-9a-f]{2})+)"
            rb"(?:\nmask (?P<mask>(?:[0-9a-f]{2})+))?$",
            start.data,
            re.MULTILINE,
        )
        if match is not None:
            magic = bytes.fromhex(match["magic"].decode())
            mask = bytes.fromhex((match["mask"] or b"").decode())
            yield int(match["at"]), magic, mask.ljust(len(magic), b"\xff")


def _starts(data: bytes, emulated: tuple[int, bytes, bytes]) -> bool:
    at, magic, mask = emulated
    part = data[at : at + len(magic)]
    return len(part) == len(magic) and all(
        (one ^ other) & bits == 0 for one, other, bits in zip(part, magic, mask, strict=False)
    )
