"""A requirement or an editable, as pip reads its text: a PEP 508 specifier, a URL, or a local path.

Owns pip's choice between the three, and the range of each part. Whether the text is a valid PEP 508
specifier or marker is for ``packaging`` to say; this only remembers where its parts stand.
A path is judged by its text alone: pip asks the disk, which a parser must not.
Read from pip 26.3: ``_internal/req/constructors.py`` and ``_internal/models/link.py``.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pinfold.core.formats.pep508 import judge_marker, read_with_packaging, too_complex
from pinfold.core.formats.problem import Problem, ProblemKind
from pinfold.core.formats.requirement_parts import (
    Offsets,
    Shifted,
    atoms,
    bracketed_extras,
    egg_part,
    named_parts,
    stripped_part,
    trailing_extras,
)
from pinfold.core.formats.urls import (
    InvalidUrl,
    Url,
    archive_extension,
    is_project_name,
    is_url,
    parse_url,
    wheel_name_and_version,
)
from pinfold.core.model.dependency import Dependency, Part

if TYPE_CHECKING:
    from packaging.requirements import Requirement as PackagingRequirement

    from pinfold.core.model.dependency import Option

_VERSION_CONTROLS = ("bzr", "git", "hg", "svn")

# What is plainly meant as a path. pip takes any text with a slash for one if such a directory
# exists; `requests>=2/3` is better called an invalid requirement than a missing directory.
# Two slashes would begin a network share, which pip turns into a URL of another host and refuses.
_PREFIXED_PATH = re.compile(r"(?:/(?!/[^/])|\.{1,2}(?:/|$)|\.[\w.-])[^;]*")
_RELATIVE_PATH = re.compile(r"\w[\w.+ -]*(?:/[\w.+ -]*)+(?:\[[^\]]*\])?")
_BARE_DIRECTORY = re.compile(r"\w[\w.-]*(?:\[[^\]]*\])?")

_SHARE = re.compile(r"//(?!/)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement as pip reads it, and its parts where they stand.

    `name`, `extras`, `specifier` and `marker` are what pip makes of the text, which is not always
    what stands there: pip lower-cases extras at the end of a line, and takes name and version of a
    wheel from its file name. `specifier` is the text of a PEP 440 set, empty for a name without
    one, ``None`` without a name.
    `url` is ``None`` for a local path, which is `path`.
    """

    name: str | None
    extras: tuple[str, ...]
    specifier: str | None
    marker: str | None
    url: str | None
    path: Part | None
    parts: Dependency

    def dependency(self, *, hashes: tuple[Option, ...], editable: bool) -> Dependency:
        """Return the declared parts, with the options of their line."""
        if not hashes and not editable:
            return self.parts
        return dataclasses.replace(self.parts, hashes=hashes, editable=editable)


def read_requirement(text: str, offsets: Offsets) -> Requirement | Problem:
    """Read a requirement that is not editable; *text* is a line without its options."""
    invalid = _invalid(ProblemKind.INVALID_REQUIREMENT, text, offsets)
    try:
        named_by_url = is_url(text)
    except InvalidUrl as error:
        return invalid(str(error), kind=ProblemKind.INVALID_URL)
    # In a URL a semicolon needs white space behind it to start a marker. Before it, pip needs none.
    separator = "; " if named_by_url else ";"
    before, found, after = text.partition(separator)
    marker_start = len(before) + len(separator)
    marker: Part | None = None
    if found and after.strip():
        marker = stripped_part(text, marker_start, len(text), offsets)
        message = judge_marker(after.strip())
        if message is not None:
            return Problem(message.kind, message.message, marker.range)
    subject = before.strip()
    start = len(before) - len(before.lstrip())
    subject_offsets = Shifted(offsets, start)
    if named_by_url:
        return _read_url(subject, marker, subject_offsets)
    try:
        path_extras = _path_extras(subject)
    except ValueError:
        return invalid(f"`{subject}` ends in brackets that hold no extras")
    path_text, extras = path_extras
    if archive_extension(path_text) and not _is_at_url(subject):
        filename = posixpath.basename(path_text)
        return _read_archive(subject, filename, extras, marker, subject_offsets)
    outcome = _read_pep508(subject, extras, marker, subject_offsets)
    if isinstance(outcome, Problem) and _is_path(subject):
        return _path_requirement(subject, extras, marker, subject_offsets)
    return outcome


def read_editable(text: str, offsets: Offsets) -> Requirement | Problem:
    """Read the value of ``-e``: a path, a version-control URL, or ``name @ URL``."""
    invalid = _invalid(ProblemKind.INVALID_EDITABLE, text, offsets)
    limit = too_complex(text)
    if limit is not None:
        return invalid(limit, kind=ProblemKind.TOO_COMPLEX)
    parsed = read_with_packaging(text)
    if not isinstance(parsed, str) and parsed.url:
        return _read_direct_editable(text, parsed, offsets)
    try:
        bare, extras = _strip_extras(text)
    except ValueError:
        return invalid(f"`{text}` ends in brackets that hold no extras")
    lowered = text.lower()
    if bare.lower().startswith("file:"):
        url_text, link_text = bare, bare
    elif any(lowered.startswith(f"{control}:") for control in _VERSION_CONTROLS):
        control = lowered.partition(":")[0]
        url_text, extras = text, ()
        link_text = f"{control}+{text}"
    else:
        url_text, extras_if_path = text, extras
        link_text, extras = text, ()
        # What begins with two backslashes pip takes for a Windows share, on every system.
        if _is_directory_text(bare) or text.startswith("\\\\"):
            path = Part(bare, offsets.source_range(0, len(bare)))
            parts = Dependency(
                None, extras=bracketed_extras(text, offsets), path=path, editable=True
            )
            whole = Part(text, offsets.source_range(0, len(text)))
            return Requirement(None, extras_if_path, None, None, None, whole, parts)
    try:
        url = parse_url(link_text)
    except InvalidUrl as error:
        return invalid(str(error), kind=ProblemKind.INVALID_URL)
    if not url.is_version_control and not link_text.startswith("file:"):
        return invalid(
            f"`{text}` cannot be editable: name a local project, or a version-control URL such as "
            "git+https://…"
        )
    if url.egg is None and not link_text.startswith("file:"):
        return invalid(f"`{text}` does not say its name: write `name @ {text}`")
    if url.egg is not None and not is_project_name(url.egg):
        return invalid(f"`{url.egg}` is no project name")
    problem = _judge_local_url(url)
    if problem is not None:
        return invalid(problem, kind=ProblemKind.INVALID_URL)
    part = Part(url_text, offsets.source_range(0, len(url_text)))
    parts = Dependency(
        egg_part(url_text, url, offsets),
        extras=bracketed_extras(text, offsets) if extras else (),
        url=part,
        editable=True,
    )
    specifier = None if url.egg is None else ""
    return Requirement(url.egg, extras, specifier, None, link_text, None, parts)


class _Invalid(Protocol):
    def __call__(self, message: str, *, kind: ProblemKind = ...) -> Problem: ...


def _invalid(default: ProblemKind, text: str, offsets: Offsets) -> _Invalid:
    def problem(message: str, *, kind: ProblemKind = default) -> Problem:
        return Problem(kind, message, offsets.source_range(0, len(text)))

    return problem


def _read_url(text: str, marker: Part | None, offsets: Offsets) -> Requirement | Problem:
    invalid = _invalid(ProblemKind.INVALID_URL, text, offsets)
    try:
        url = parse_url(text)
    except InvalidUrl as error:
        return invalid(str(error))
    if url.is_local and "../" in text:
        # pip keeps nothing of such a URL but its path, which it makes absolute.
        url = url.made_absolute()
    problem = _judge_local_url(url)
    if problem is not None:
        return invalid(problem)
    if url.egg is not None and not url.is_wheel and not is_project_name(url.egg):
        return invalid(f"`{url.egg}` is no project name")
    part = Part(text, offsets.source_range(0, len(text)))
    marker_text = None if marker is None else marker.text
    name: str | None = url.egg
    specifier = None if name is None else ""
    if url.is_wheel:
        named = wheel_name_and_version(url.filename)
        if named is None:
            return invalid(
                f"`{url.filename}` is no valid name of a wheel", kind=ProblemKind.INVALID_WHEEL_NAME
            )
        name, specifier = named[0], f"=={named[1]}"
    parts = Dependency(egg_part(text, url, offsets), url=part, marker=marker, atoms=atoms(marker))
    return Requirement(name, (), specifier, marker_text, text, None, parts)


def _read_archive(
    text: str,
    filename: str,
    extras: tuple[str, ...],
    marker: Part | None,
    offsets: Offsets,
) -> Requirement | Problem:
    """Read *text* as the path of an archive, which is called *filename* once pip has normalised it.

    That takes a slash off the end: `a.zip/` is the archive `a.zip`.
    """
    bare = _without_trailing_extras(text)
    if _SHARE.match(bare):
        return Problem(
            ProblemKind.INVALID_URL,
            f"`{bare}` names a network share, which pip cannot open",
            offsets.source_range(0, len(text)),
        )
    name: str | None = None
    specifier: str | None = None
    if filename.endswith(".whl"):
        named = wheel_name_and_version(filename)
        if named is None:
            return Problem(
                ProblemKind.INVALID_WHEEL_NAME,
                f"`{filename}` is no valid name of a wheel",
                offsets.source_range(0, len(text)),
            )
        name, specifier = named[0], f"=={named[1]}"
    path = Part(bare, offsets.source_range(0, len(bare)))
    parts = Dependency(
        None,
        extras=bracketed_extras(text, offsets) if extras else (),
        path=path,
        marker=marker,
        atoms=atoms(marker),
    )
    whole = Part(text, offsets.source_range(0, len(text)))
    marker_text = None if marker is None else marker.text
    return Requirement(name, extras, specifier, marker_text, None, whole, parts)


def _path_requirement(
    text: str, extras: tuple[str, ...], marker: Part | None, offsets: Offsets
) -> Requirement:
    bare = _without_trailing_extras(text)
    parts = Dependency(
        None,
        extras=bracketed_extras(text, offsets) if extras else (),
        path=Part(bare, offsets.source_range(0, len(bare))),
        marker=marker,
        atoms=atoms(marker),
    )
    whole = Part(text, offsets.source_range(0, len(text)))
    return Requirement(
        None, extras, None, None if marker is None else marker.text, None, whole, parts
    )


def _read_pep508(
    text: str, path_extras: tuple[str, ...], marker: Part | None, offsets: Offsets
) -> Requirement | Problem:
    invalid = _invalid(ProblemKind.INVALID_REQUIREMENT, text, offsets)
    limit = too_complex(text)
    if limit is not None:
        return invalid(limit, kind=ProblemKind.TOO_COMPLEX)
    parsed = read_with_packaging(text)
    if isinstance(parsed, str):
        return invalid(parsed)
    url: Part | None = None
    if parsed.url:
        problem = _judge_direct_url(parsed.url)
        if problem is not None:
            return invalid(problem, kind=ProblemKind.INVALID_URL)
        start = text.index(parsed.url, text.index("@") + 1)
        url = Part(parsed.url, offsets.source_range(start, start + len(parsed.url)))
    parts = named_parts(text, parsed, url, marker, offsets)
    return Requirement(
        parsed.name,
        path_extras or tuple(sorted(parsed.extras)),
        "" if parts.specifier is None else parts.specifier.text,
        None if marker is None else marker.text,
        parsed.url,
        None,
        parts,
    )


def _read_direct_editable(
    text: str, parsed: PackagingRequirement, offsets: Offsets
) -> Requirement | Problem:
    invalid = _invalid(ProblemKind.INVALID_EDITABLE, text, offsets)
    assert parsed.url is not None
    try:
        url = parse_url(parsed.url)
    except InvalidUrl as error:
        return invalid(str(error), kind=ProblemKind.INVALID_URL)
    if not url.is_version_control and not parsed.url.startswith("file:"):
        return invalid(
            f"`{parsed.url}` cannot be editable: only version-control URLs such as git+https://… "
            "and file: URLs can"
        )
    problem = _judge_local_url(url)
    if problem is not None:
        return invalid(problem, kind=ProblemKind.INVALID_URL)
    start = text.index(parsed.url, text.index("@") + 1)
    url_end = start + len(parsed.url)
    marker: Part | None = None
    if parsed.marker is not None:
        marker_start = text.index(";", url_end) + 1
        marker = stripped_part(text, marker_start, len(text), offsets)
    parts = named_parts(
        text,
        parsed,
        Part(parsed.url, offsets.source_range(start, url_end)),
        marker,
        offsets,
    )
    return Requirement(
        parsed.name,
        tuple(sorted(parsed.extras)),
        "",
        None if marker is None else marker.text,
        parsed.url,
        None,
        parts,
    )


def _strip_extras(text: str) -> tuple[str, tuple[str, ...]]:
    """Return *text* without what stands in brackets at its end, and those extras in lower case.

    Raises:
        ValueError: the brackets hold something else.
    """
    bracket = trailing_extras(text)
    if bracket is None:
        return text, ()
    parsed = read_with_packaging("placeholder" + text[bracket:].lower())
    if isinstance(parsed, str):
        raise ValueError(parsed)
    return text[:bracket].rstrip(), tuple(sorted(parsed.extras))


def _path_extras(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the path that *text* would be, and the extras that pip would read at its end."""
    # pip makes the text absolute first; only the end of the path matters here, so any deep enough
    # directory stands in for the working directory.
    return _strip_extras(posixpath.normpath(posixpath.join("/a/b/c/d/e/f/g/h", text)))


def _without_trailing_extras(text: str) -> str:
    bracket = trailing_extras(text)
    return text if bracket is None else text[:bracket].rstrip()


def _is_at_url(text: str) -> bool:
    """Return whether pip takes ``name@archive.zip`` for a name and a URL."""
    before, at, _ = text.partition("@")
    return bool(at) and "/" not in before and not before.startswith(".")


def _is_path(text: str) -> bool:
    if _PREFIXED_PATH.fullmatch(text) is not None:
        return True
    return "/" in text and _RELATIVE_PATH.fullmatch(text) is not None


def _is_directory_text(text: str) -> bool:
    return _is_path(text) or _BARE_DIRECTORY.fullmatch(text) is not None


def _judge_direct_url(text: str) -> str | None:
    try:
        return _judge_local_url(parse_url(text))
    except InvalidUrl as error:
        return str(error)


def _judge_local_url(url: Url) -> str | None:
    if url.is_local and not url.text.startswith("file:"):
        return "pip takes `file:` in lower case only"
    if url.is_local and url.host not in ("", "localhost"):
        return f"a file: URL cannot name another host (`{url.host}`)"
    return None
