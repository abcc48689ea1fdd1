"""Damage to lines and files, and heaps of fragments, made from a seed.

Where the grammar of :mod:`tests.oracle.lines` knows what people write, this knows nothing: it finds
what nobody thought of. The same seed gives the same damage on every Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_PIECES = (
    *("\\", "\\\n", "\\ \n", "\n", "\r", "\r\n", "\t", " ", "  ", "#", " #", ";", "; ", ","),
    *("#egg=", "&egg=", "#egg=a", "&subdirectory=", "?a=b", "@", " @ ", "@ ", "[", "]", "[]"),
    *("[a,b]", "[A]", "[ a ]", "[x", "extra=='x'", "; python_version<'3'", "os_name", " and "),
    *(" or ", " in ", " not in ", "extras", "python_version", "os.name", "sys.platform", "(", ")"),
    *("==", "===", "~=", "!=", "=", "<", ">", "<=", ", ", "'", '"', "-", " -", " --", "--", "+"),
    *("--hash=", "--hash sha256:a", " --hash=sha256:ab", " --hash=md5:a", "-r ", "-e ", "-c "),
    *("-C ", " -C a", "--config-settings=a=b", "--pre", "--no-index", "-f ", "-i ", "--req"),
    *("--extra-index-url ", "--trusted-host ", "--no-binary ", "--only-binary=", ":all:"),
    *("--use-feature ", "--require-hashes", "--no-r", "${A}", "${AB_1}", "$A", "${a}", "$", "{"),
    *("%20", "%5B", "%", "../", "./", "/", "//", "///", ".", "..", "~/", "file:", "file://"),
    *("file:///", "FILE:", "file:../", "git+", "hg+", "bzr+", "svn+", "git+https://h/p", "git:"),
    *("https://", "https://h/", "http://[::1]", "http://[", "ftp://", "git@", "ssh://", "C:\\"),
    *(".zip", ".whl", ".tar.gz", ".tar", "a-1-py3-none-any.whl", "_-1-py3-none-any.whl", ":80"),
    *("foo", "a", "A", "x", "1", "1.0", "0", "00", "v", "rc1", ".*", "*", "!", "1!", "_", "?"),
    *("+local", "&", "|", "^", "`", ":", ":x", "user:pw@", "9" * 30, "a" * 70, "\x00", "\x1f"),
    *("\u00a0", "\u3000", "\u200b", "\ufeff", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85"),
    *("\u2028", "\u2029", "\U0001f600", "\u00e9", "\u00df", "\u0130", "\u0131", "\u017f"),
    *("\u212a", "\u0661", "\x7f", "\\\\", "\\\\h\\p"),
)
_LINE_ENDS = (b"\n", b"\r", b"\r\n", b"\r\r\n", b"\\\n", b" \\\n", b"\x0c", b"\xe2\x80\xa8")
_BEGINNINGS = (
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0\0\xfe\xff"),
    *(b"# coding: latin-1\n", b"# -*- coding: utf-16 -*-\n", b"#coding=idna\n", b"# coding: hex\n"),
    *(b"# coding: unicode_escape\n", b"#coding:utf-7\n", b"# coding: punycode\n", b"#coding=\n"),
    b"\n# coding: cp1252\n",
)


def damaged_line(random: Random, line: str) -> str:
    """*line* with a few pieces lost, put in, doubled or replaced."""
    for _ in range(random.choice([1, 1, 1, 2, 2, 3, 5])):
        at = random.randrange(len(line) + 1)
        match random.randrange(6):
            case 0 | 1:
                line = line[:at] + random.choice(_PIECES) + line[at:]
            case 2:
                line = line[:at] + line[at + random.randrange(1, 6) :]
            case 3:
                replacement = random.choice([chr(random.randrange(256)), random.choice(_PIECES)])
                line = line[:at] + replacement + line[at + 1 :]
            case 4:
                end = at + random.randrange(1, 12)
                line = line[:end] + line[at:end] + line[end:]
            case _:
                line = line[:at] + line[at:].swapcase()
    return line


def fragments(random: Random) -> str:
    """Up to ten pieces of the format in any order."""
    count = random.choice([1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 10])
    return "".join(random.choice(_PIECES) for _ in range(count))


def damaged_bytes(random: Random, data: bytes) -> bytes:
    """Some two thousand bytes of *data*, damaged here and there, maybe declared as something."""
    begin = random.randrange(max(1, len(data) - 2000))
    damaged = bytearray(data[begin : begin + 2000])
    for _ in range(random.choice([1, 2, 4, 8, 20])):
        at = random.randrange(len(damaged) + 1)
        match random.randrange(5):
            case 0:
                damaged[at:at] = random.choice(_PIECES).encode()
            case 1:
                # Mostly ASCII: a single other byte makes the whole file undecodable.
                damaged[at:at] = bytes([random.randrange(random.choice([128, 128, 128, 256]))])
            case 2:
                del damaged[at : at + random.randrange(1, 20)]
            case 3:
                damaged[at : at + 1] = bytes([random.randrange(128)])
            case _:
                damaged[at:at] = random.choice(_LINE_ENDS)
    if random.random() < 0.2:
        damaged[0:0] = random.choice(_BEGINNINGS)
    return bytes(damaged)
