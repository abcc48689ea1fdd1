"""Pinfold's reading of a text held against pip's, field by field.

Owns what is compared, which differences are meant, and the count of both. Each meant difference has
an identifier under which ``docs/pip-differences.md`` gives its reason; every other difference is a
bug. Knows nothing of where the texts come from.
"""

from __future__ import annotations

import codecs
import locale
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pinfold.core.formats.encoding import DecodedText, decode_requirements
from tests.oracle.our_reading import depends_on_disk, is_limit, our_entries
from tests.oracle.pip_reading import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pinfold.core.formats.entry import Entry
    from tests.oracle.pip_reading import PipReader, Reading

FIELDS = (
    "kind",
    "first_line",
    "last_line",
    "text",
    "name",
    "extras",
    "specifier",
    "marker",
    "url",
    "target",
    "editable",
    "options",
    "hashes",
    "dropped",
)
"""What of a logical line is compared. Whether pip refuses it is its `kind`."""

LOCAL_PATH = "local-path"
TOO_COMPLEX = "too-complex"
SLOW_CODEC = "slow-codec"

MEANT_IN_LINES: Mapping[str, Callable[[Entry], bool]] = {
    LOCAL_PATH: depends_on_disk,
    TOO_COMPLEX: is_limit,
}
"""By identifier, whether a line that we have read may differ from pip's reading of it."""

SLOW_CODECS = frozenset({"punycode", "idna"})
SLOW_CODEC_LIMIT_BYTES = 65_536


def is_slow_codec(data: bytes, encoding: str) -> bool:
    """Return whether Pinfold refuses to decode *data*, which pip would take minutes for."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        return False
    return name in SLOW_CODECS and len(data) > SLOW_CODEC_LIMIT_BYTES


MEANT_IN_BYTES: Mapping[str, Callable[[bytes, str], bool]] = {SLOW_CODEC: is_slow_codec}
"""By identifier, whether bytes that we refuse to decode as some encoding may differ."""

MEANT = frozenset({*MEANT_IN_LINES, *MEANT_IN_BYTES})


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that Pinfold and pip read differently in `text`, in the fields named."""

    text: str
    fields: tuple[str, ...]
    ours: object
    pips: object

    def __str__(self) -> str:
        lines = [f"{', '.join(self.fields)} differ in {self.text!r:.2000}"]
        for name in self.fields:
            ours, pips = getattr(self.ours, name, self.ours), getattr(self.pips, name, self.pips)
            lines.append(f"  {name}: Pinfold {ours!r:.500}, pip {pips!r:.500}")
        return "\n".join(lines)


@dataclass(slots=True)
class Comparison:
    """What has been compared so far, and what came out.

    `texts` counts what was handed in, `rejected` those of which pip refuses at least one line.
    `kinds` counts logical lines by what pip makes of them, and files that it cannot decode; `meant`
    counts the meant differences.
    """

    pip: PipReader
    texts: int = 0
    rejected: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    meant: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def compare(self, text: str) -> None:
        """Read *text* both ways."""
        self.texts += 1
        pips = self.pip.read(text)
        self.kinds.update(reading.kind for reading in pips)
        self.rejected += any(reading.kind == "error" for reading in pips)
        try:
            ours = list(our_entries(text))
        except Exception as error:  # noqa: BLE001 - a crash is the worst of differences
            self.differences.append(Difference(text, ("crash",), error, None))
            return
        if len(ours) != len(pips):
            self.differences.append(Difference(text, ("lines",), len(ours), len(pips)))
            return
        present: Sequence[Reading] = pips
        if any(depends_on_disk(entry) for entry, _ in ours):
            present = self.pip.read_with_paths_present(text)
        for (entry, reading), absent_path, present_path in zip(ours, pips, present, strict=True):
            self._compare_line(text, entry, reading, absent_path, present_path)

    def compare_bytes(self, data: bytes) -> None:
        """Decode *data* both ways, then read the text."""
        # As pip asks for it; an interpreter in UTF-8 mode has no other.
        ours = decode_requirements(data, locale.getpreferredencoding(do_setlocale=False))
        try:
            pips: str | None = decode(data)
        except Exception:  # noqa: BLE001 - whatever pip raises, it refuses the file
            pips = None
        text = ours.text if isinstance(ours, DecodedText) else None
        if text is None and any(is_meant(data, ours.encoding) for is_meant in _IN_BYTES):
            self.texts += 1
            self.meant.update(k for k, v in MEANT_IN_BYTES.items() if v(data, ours.encoding))
        elif text != pips:
            self.texts += 1
            self.differences.append(Difference(repr(data), ("decoded",), ours, pips))
        elif text is not None:
            self.compare(text)
        else:
            self.texts += 1
            self.rejected += 1
            self.kinds["undecodable"] += 1

    def _compare_line(
        self, text: str, entry: Entry, ours: Reading, absent: Reading, present: Reading
    ) -> None:
        found = _differing(ours, absent, entry)
        if not found:
            return
        for identifier, is_meant in MEANT_IN_LINES.items():
            if is_meant(entry):
                self.meant[identifier] += 1
                break
        if is_limit(entry):
            # The line is not read, but where it stands is known.
            found = tuple(name for name in found if name in ("first_line", "last_line"))
        elif depends_on_disk(entry):
            found = _differing(ours, absent := present, entry)
        if found:
            self.differences.append(Difference(text, found, ours, absent))


_IN_BYTES = tuple(MEANT_IN_BYTES.values())


def _differing(ours: Reading, pips: Reading, entry: Entry) -> tuple[str, ...]:
    return tuple(name for name in FIELDS if _value(ours, name, entry) != _value(pips, name, None))


def _value(reading: Reading, name: str, entry: Entry | None) -> object:
    value = getattr(reading, name)
    match name:
        case "text":
            # What pip hands on; our reading has it for requirements only, our entry for all.
            return reading.text if entry is None else entry.text
        case "extras" | "hashes" | "dropped":
            # pip keeps sets of these, or sorts them.
            return tuple(sorted(value))
        case "options":
            # A flag that is given twice is as good as once.
            return {key: sorted(set(v)) if set(v) == {"true"} else v for key, v in value.items()}
        case _:
            return value
