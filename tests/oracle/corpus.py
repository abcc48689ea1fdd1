"""Real dependency files, taken out of the source archives of well-known packages.

It fetches by package name through whatever index and certificate pip is configured with, reads the
archives as data, and runs nothing of them. What the files mean is for the tests that read them.
Run as ``python -m tests.oracle.corpus DESTINATION``; the packages are in ``corpus_packages.txt``.
"""

from __future__ import annotations

import fnmatch
import io
import re
import subprocess
import sys
import tarfile
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

import requests
from packaging.version import Version
from pypi_simple import (
    DistributionPackage,
    NoSuchProjectError,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

PACKAGES_FILE = Path(__file__).with_name("corpus_packages.txt")
MINIMUM_FILES = 200

_THREADS = 6
_TIMEOUT_S = 30.0
_ATTEMPTS = 3
_MAXIMUM_ARCHIVE_BYTES = 25_000_000
_MAXIMUM_FILE_BYTES = 1_000_000
_MAXIMUM_MEMBERS = 100_000
_MAXIMUM_FILES_OF_A_PACKAGE = 60
_MAXIMUM_FOLDERS = 8

_OUTSIDE_ERRORS = (
    OSError,  # those of requests among them
    EOFError,
    zlib.error,
    NoSuchProjectError,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)

_FILE_PATTERNS = (
    "*requirements*.txt",
    "*constraints*.txt",
    "*requirements*.in",
    "*constraints*.in",
)
_FOLDER_PATTERNS = (
    "requirements",
    "requirements[-_.]*",
    "*[-_.]requirements",
    "reqs",
    "constraints",
)
_FOLDER_FILE_PATTERNS = ("*.txt", "*.in", "*.pip")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one package: its files, or why there are none."""

    name: str
    files: tuple[Path, ...]
    problem: str | None = None


class RefusedArchiveError(Exception):
    """An archive is not what a sane index serves; the message has no URL in it."""


def fetch_corpus(
    destination: Path,
    names: Iterable[str],
    on_fetched: Callable[[Fetched], None] = lambda fetched: None,
) -> list[Path]:
    """Write the dependency files of each package to ``destination/<package>`` and return them.

    They keep their places below the archive's top folder, so that includes still lead somewhere.
    A package that cannot be had is passed over; `on_fetched` hears of each as it is done.
    """
    configuration = pip_configuration()
    found: list[Path] = []
    with ThreadPoolExecutor(_THREADS) as pool:
        tasks = [pool.submit(_fetch, name, destination, configuration) for name in names]
        for task in tasks:
            fetched = task.result()
            on_fetched(fetched)
            found.extend(fetched.files)
    return found


def package_names(path: Path = PACKAGES_FILE) -> list[str]:
    """The names in `path`, one a line; ``#`` starts a comment."""
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return list(dict.fromkeys(line for line in lines if line))


def pip_configuration() -> Mapping[str, str]:
    """What pip itself would use: keys as in ``pip config list``, without their section.

    Variables win over files, and ``install`` over ``global``, as they do in pip.
    """
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    ).stdout
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listing.splitlines():
        match = re.fullmatch(r"(:env:|global|install)\.([\w-]+)='(.*)'", line)
        if match is not None:
            section, key, value = match.groups()
            sections[section][key] = value
    return {**sections["global"], **sections["install"], **sections[":env:"]}


def dependency_files(
    archive: Path | io.BytesIO, name: str
) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The dependency files in a source archive called `name`, without its top folder.

    An archive is somebody else's input: only regular files of a sane size come out, and no path
    leads outside.
    """
    count = 0
    for member, size, read in _members(archive, name):
        path = _below_top(member)
        if path is None or size > _MAXIMUM_FILE_BYTES or not is_dependency_file(path):
            continue
        yield path, read()
        count += 1
        if count == _MAXIMUM_FILES_OF_A_PACKAGE:
            return


def is_dependency_file(path: PurePosixPath) -> bool:
    """Whether `path` is named as requirements and constraints files are."""
    folded = PurePosixPath(str(path).lower())
    # An egg-info's requires.txt has another format, and SOURCES.txt none at all.
    if any(part.endswith((".egg-info", ".dist-info")) for part in folded.parts):
        return False
    if any(fnmatch.fnmatchcase(folded.name, pattern) for pattern in _FILE_PATTERNS):
        return True
    in_folder = any(
        fnmatch.fnmatchcase(part, pattern)
        for part in folded.parts[-3:-1]
        for pattern in _FOLDER_PATTERNS
    )
    return in_folder and any(
        fnmatch.fnmatchcase(folded.name, pattern) for pattern in _FOLDER_FILE_PATTERNS
    )


def main(arguments: list[str]) -> int:
    """Fetch the listed packages' files; status 1 if they are fewer than a comparison needs."""
    if len(arguments) != 1:
        print("usage: python -m tests.oracle.corpus DESTINATION", file=sys.stderr)
        return 2
    destination = Path(arguments[0])
    names = package_names()
    with_files = 0

    def report(fetched: Fetched) -> None:
        nonlocal with_files
        with_files += bool(fetched.files)
        outcome = fetched.problem or f"{len(fetched.files)} files"
        print(f"{fetched.name}: {outcome}", file=sys.stderr)

    files = fetch_corpus(destination, names, report)
    print(f"{len(files)} files from {with_files} of {len(names)} packages in {destination}")
    if len(files) < MINIMUM_FILES:
        print(f"fewer than {MINIMUM_FILES} files", file=sys.stderr)
        return 1
    return 0


def _fetch(name: str, destination: Path, configuration: Mapping[str, str]) -> Fetched:
    try:
        with _index(configuration) as index:
            package = _newest_source(index, name)
            if package is None:
                return Fetched(name, (), "no source archive of a sane size")
            content = _download(index, package)
        folder = destination / name
        files = [
            _write(folder, path, data)
            for path, data in dependency_files(io.BytesIO(content), package.filename)
        ]
    except RefusedArchiveError as error:
        return Fetched(name, (), str(error))
    # An unreachable index or a broken archive costs this package only; the count tells in the end.
    # Messages may hold the index's URL, and that a password, so the kind has to do.
    except (*_OUTSIDE_ERRORS, tarfile.TarError, zipfile.BadZipFile) as error:
        return Fetched(name, (), type(error).__name__)
    return Fetched(name, tuple(files))


def _index(configuration: Mapping[str, str]) -> PyPISimple:
    session = requests.Session()
    for prefix in ("https://", "http://"):
        session.mount(prefix, requests.adapters.HTTPAdapter(max_retries=_ATTEMPTS))
    # requests lets REQUESTS_CA_BUNDLE win over this, which is also what pip's vendored copy does.
    if "cert" in configuration:
        session.verify = configuration["cert"]
    if "index-url" in configuration:
        return PyPISimple(configuration["index-url"], session=session)
    return PyPISimple(session=session)


def _newest_source(index: PyPISimple, name: str) -> DistributionPackage | None:
    sources: list[tuple[Version, DistributionPackage]] = []
    for package in index.get_project_page(name, timeout=_TIMEOUT_S).packages:
        if package.package_type != "sdist" or package.version is None or package.is_yanked:
            continue
        if package.size is not None and package.size > _MAXIMUM_ARCHIVE_BYTES:
            continue
        if not package.filename.endswith((".tar.gz", ".zip", ".tar.bz2")):
            continue
        try:
            sources.append((Version(package.version), package))
        except ValueError:  # versions from before PEP 440
            continue
    if not sources:
        return None
    finals = [pair for pair in sources if not pair[0].is_prerelease]
    return max(finals or sources, key=lambda pair: pair[0])[1]


def _download(index: PyPISimple, package: DistributionPackage) -> bytes:
    with index.s.get(package.url, stream=True, timeout=_TIMEOUT_S) as response:
        response.raise_for_status()
        content = bytearray()
        for chunk in response.iter_content(1 << 16):
            content += chunk
            # The size that the index gives may be missing or wrong.
            if len(content) > _MAXIMUM_ARCHIVE_BYTES:
                raise RefusedArchiveError(f"{package.filename} is too large")
    return bytes(content)


def _members(
    archive: Path | io.BytesIO, name: str
) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Name, size and reader of each regular file; each has to be read before the next."""
    if name.endswith(".zip"):
        with zipfile.ZipFile(archive) as zipped:
            for information in zipped.infolist()[:_MAXIMUM_MEMBERS]:
                if not information.is_dir():
                    read = partial(_bounded, partial(zipped.open, information))
                    yield information.filename, information.file_size, read
        return
    opened = archive.open("rb") if isinstance(archive, Path) else archive
    # As a stream, since going back in compressed data means reading it all again.
    with opened, tarfile.open(fileobj=opened, mode="r|*") as tar:
        for count, member in enumerate(tar):
            if count == _MAXIMUM_MEMBERS:
                return
            if member.isreg():
                read = partial(_bounded, partial(tar.extractfile, member))
                yield member.name, member.size, read


def _bounded(opened: Callable[[], IO[bytes] | None]) -> bytes:
    stream = opened()
    if stream is None:
        raise RefusedArchiveError("a member is no regular file")
    with stream:
        data = stream.read(_MAXIMUM_FILE_BYTES + 1)
    if len(data) > _MAXIMUM_FILE_BYTES:
        raise RefusedArchiveError("a member is larger than the archive says")
    return data


def _below_top(member: str) -> PurePosixPath | None:
    """The member's path below the top folder, or ``None`` where it is no plain path inside it."""
    if "\\" in member or "\0" in member or ":" in member or member.startswith("/"):
        return None
    parts = [part for part in member.split("/") if part not in ("", ".")]
    if ".." in parts or not 2 <= len(parts) <= _MAXIMUM_FOLDERS + 1:
        return None
    if any(len(part) > 120 for part in parts):
        return None
    return PurePosixPath(*parts[1:])


def _write(folder: Path, path: PurePosixPath, data: bytes) -> Path:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
