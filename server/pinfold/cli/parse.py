"""``pinfold parse``: what pip would read in a file, line by line.

Owns how that is shown. What is read, and the shape of the JSON, is :mod:`pinfold.features.reading`.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.cli.main import CLEAN, FAILED
from pinfold.cli.secrets import masked
from pinfold.cli.targets import STANDARD_INPUT, absolute, shown_path
from pinfold.cli.terminal import Ink, Screen, complain, visible
from pinfold.core.files import LocalFileSystem, Unreadable, locale_encoding
from pinfold.core.workspace.snapshot import DiskFiles
from pinfold.features.reading import reading_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pinfold.core.files import FileSystem
    from pinfold.features.reading import EntryReading, FileReading


def run(arguments: Sequence[str]) -> int:
    """Show how pip reads the file that *arguments* name, and return the exit status."""
    options = _parser().parse_args(arguments)
    working_directory = Path.cwd()
    filesystem: FileSystem = LocalFileSystem()
    path = absolute(options.file, working_directory)
    shown = shown_path(path, working_directory)
    if options.file == STANDARD_INPUT:
        from pinfold.cli.standard_input import InputFileSystem, read_standard_input

        filesystem = InputFileSystem(filesystem, path, read_standard_input())
    file = DiskFiles(filesystem, locale_encoding()).read(path)
    if isinstance(file, Unreadable):
        complain(f"{options.file or 'an empty path'}: {file.detail}")
        return FAILED
    reading = reading_of(file.document, shown, file.decoded.encoding)
    screen = Screen.of(sys.stdout, options.color, os.environ)
    if options.format == "json":
        screen.write(_json(reading))
    else:
        screen.write("".join(_table(reading, screen)))
    return CLEAN


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold parse",
        description="Show what pip would read in a requirements or constraints file.",
        epilog="Exit status: 0, or 2 if the file cannot be read. A line that pip refuses is shown"
        " with the reason.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="a file, or `-` for standard input")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    return parser


def _json(reading: FileReading) -> str:
    """Return *reading* with an entry a line, in ASCII."""
    import json

    head = json.dumps({key: value for key, value in reading.items() if key != "entries"})
    entries = ",\n".join(json.dumps(entry) for entry in reading["entries"])
    opening, closing = ("[\n", "\n]") if entries else ("[", "]")
    return f'{head[:-1]}, "entries": {opening}{entries}{closing}}}\n'


def _table(reading: FileReading, screen: Screen) -> Iterator[str]:
    path, encoding = visible(reading["path"]), visible(reading["encoding"])
    yield f"{screen.paint(path, Ink.BOLD)} ({encoding})\n"
    entries = reading["entries"]
    if not entries:
        yield "  nothing that pip would act on\n"
        return
    numbers = [_numbers(entry) for entry in entries]
    width = max(len(number) for number in numbers)
    for number, entry in zip(numbers, entries, strict=True):
        kind = f"{entry['kind']:<11}"
        if entry["kind"] == "error":
            kind = screen.paint(kind, Ink.ERROR)
        yield f"{number:>{width}}  {kind}  {_shown(entry['text'].rstrip())}\n"
        for label, text in _parts(entry):
            yield f"{'':{width}}    {screen.paint(f'{label}:', Ink.DIM)} {_shown(text)}\n"


def _numbers(entry: EntryReading) -> str:
    first, last = entry["line"], entry["endLine"]
    return str(first) if first == last else f"{first}-{last}"


def _parts(entry: EntryReading) -> Iterator[tuple[str, str]]:
    """Yield what is worth a line of its own: what the text of the entry does not show as it is."""
    for label, part in (
        ("name", entry["name"]),
        ("extras", ", ".join(entry["extras"])),
        ("specifier", entry["specifier"]),
        ("url", entry["url"]),
        ("target", entry["target"]),
        ("marker", entry["marker"]),
    ):
        if part and part != entry["text"]:
            yield label, part
    for name, values in entry["options"].items():
        for value in values:
            yield f"--{name}", value
    for text in entry["ignored"]:
        yield "ignored by pip", text
    if entry["error"] is not None:
        yield "refused by pip", entry["error"]


def _shown(text: str) -> str:
    longest = 2_000
    cut = text if len(text) <= longest else f"{text[:longest]}..."
    return visible(masked(cut))
