"""``pinfold check``: judge files, say what is found, and mend it where that is asked for.

Owns the order of a run and its exit status. What is judged, how it is shown and how it is written
are modules of their own.
"""

from __future__ import annotations

import logging
import os
import sys
from argparse import ArgumentParser
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.cli.main import CLEAN, FAILED, FOUND
from pinfold.cli.render import (
    render_fixed,
    render_report,
    render_totals,
    rendered_lines,
)
from pinfold.cli.report import FileReport, Places, reports, settings_reports, totals_of
from pinfold.cli.selection import Selection, UnknownRuleError, parse_selection
from pinfold.cli.targets import (
    STANDARD_INPUT,
    Question,
    Target,
    absolute,
    find_targets,
    named_paths,
    questions_of,
    shown_path,
)
from pinfold.cli.terminal import Progress, Screen, complain, counted, visible
from pinfold.core.files import LocalFileSystem, Unreadable, locale_encoding
from pinfold.core.formats.encoding import Unencodable
from pinfold.core.model.facts import Facts
from pinfold.core.workspace.dependency_files import role_of_named_file
from pinfold.core.workspace.snapshot import DiskFiles, Judgement, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TextIO

    from pinfold.cli.environments import Environments
    from pinfold.cli.fix import FixedFile
    from pinfold.cli.report import Totals
    from pinfold.core.files import FileSystem
    from pinfold.core.model.dependency import PackageName
    from pinfold.core.model.finding import Finding
    from pinfold.core.workspace.dependency_files import SearchProgress


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; the names are those of the options."""

    paths: tuple[str, ...]
    selection: Selection
    fix: bool
    unsafe_fixes: bool
    diff: bool
    format: str
    exit_zero: bool
    stdin_filename: str | None
    versions: str | None
    color: str
    quiet: bool
    env: str | None
    no_env: bool

    @property
    def reads_standard_input(self) -> bool:
        """Whether what is judged comes from standard input."""
        return self.paths == (STANDARD_INPUT,)


def run(arguments: Sequence[str]) -> int:
    """Judge what *arguments* name, and return the exit status."""
    options = _parse(arguments)
    failures = Failures()
    versions = _versions(options.versions, failures)
    if versions is None:
        return FAILED
    names = frozenset(name for name, value in os.environ.items() if value)
    facts = Facts(versions=versions, variables=names)
    found = False
    with _telling_bugs(failures), _environments(options) as environments:
        refusal = None if environments is None else environments.refusal()
        if refusal is not None:
            failures.tell(refusal)
        elif options.reads_standard_input:
            found = _run_on_standard_input(options, facts, failures, environments)
        else:
            found = _run_on_files(options, facts, failures, environments)
    return _status(options, failures, found=found)


class Failures:
    """Keeps what went wrong, and tells of it; whatever else there is to do is still done."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.remarks: list[str] = []
        self.before_telling: Callable[[], None] = _nothing

    def tell(self, message: str) -> None:
        """Say that something failed."""
        self.messages.append(message)
        self.before_telling()
        complain(message)

    def remark(self, message: str) -> None:
        """Say that something was passed over, which is no reason to fail."""
        self.remarks.append(message)
        self.before_telling()
        complain(message)


def _status(options: Options, failures: Failures, *, found: bool) -> int:
    if failures.messages:
        return FAILED
    return FOUND if found and not options.exit_zero else CLEAN


def _nothing() -> None:
    """What there is to do where no progress is shown."""


_FORMATS = {"text": "text", "json": "JSON", "github": "GitHub", "sarif": "SARIF"}


def _parse(arguments: Sequence[str]) -> Options:
    parser = _parser()
    # Until Python 3.13 at least, argparse takes what follows `--` for options in this mode.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    given = parser.parse_intermixed_args(arguments[:end])
    paths = (*given.paths, *arguments[end + 1 :]) or (".",)
    if STANDARD_INPUT in paths and len(paths) > 1:
        parser.error("standard input (`-`) is judged by itself, not beside other paths")
    if given.stdin_filename is not None and paths != (STANDARD_INPUT,):
        parser.error("--stdin-filename goes with `-` as the only path")
    if given.versions == STANDARD_INPUT and STANDARD_INPUT in paths:
        parser.error("standard input cannot be both the file and its versions")
    if given.unsafe_fixes and not (given.fix or given.diff):
        parser.error("--unsafe-fixes goes with --fix or --diff")
    if given.diff and given.format != "text":
        parser.error(f"--diff has no {_FORMATS[given.format]} format")
    if given.env == "":
        parser.error("--env needs a path")
    if given.env is not None and given.no_env:
        parser.error("--env and --no-env exclude each other")
    try:
        selection = parse_selection(given.select, given.ignore)
    except UnknownRuleError as error:
        parser.error(str(error))
    return Options(
        paths,
        selection,
        given.fix,
        given.unsafe_fixes,
        given.diff,
        given.format,
        given.exit_zero,
        given.stdin_filename,
        given.versions,
        given.color,
        given.quiet,
        given.env,
        given.no_env,
    )


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pinfold check",
        description="Say what is wrong with pip requirements and constraints files.",
        epilog="Exit status: 0 clean, 1 findings of severity warning or error, 2 wrong usage or a"
        " failed operation.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a file, judged whatever its name; a folder, searched for dependency files; or `-` for"
        " standard input (default: the current folder)",
    )
    add(
        "--select",
        action="append",
        default=[],
        metavar="RULE",
        help="report only these rules, whatever the settings select: names, families or `all`,"
        " separated by commas; a rule that is off stays off",
    )
    add("--ignore", action="append", default=[], metavar="RULE", help="do not report these rules")
    add("--fix", action="store_true", help="mend what can safely be mended")
    add(
        "--unsafe-fixes",
        action="store_true",
        help="with --fix or --diff: also fixes that somebody should look at",
    )
    add("--diff", action="store_true", help="show what --fix would change, and change nothing")
    add(
        "--format",
        choices=tuple(_FORMATS),
        default="text",
        help="github: annotations in a GitHub Actions job; sarif: for code scanning; default: text",
    )
    add("--exit-zero", action="store_true", help="exit with 0 even if there are findings")
    add("--stdin-filename", metavar="NAME", help="what to take standard input for")
    add(
        "--versions",
        metavar="FILE",
        help="what `pip freeze` printed, or `-`: the versions that fixes pin to",
    )
    add(
        "--env",
        metavar="DIR",
        help="judge every file against this environment: its folder, or the interpreter in it"
        " (default: for each file the one that the settings name, or else the nearest)",
    )
    add("--no-env", action="store_true", help="judge the files alone, against no environment")
    add("--color", choices=("auto", "always", "never"), default="auto", help="default: auto")
    add("--quiet", "-q", action="store_true", help="only a line for each finding")
    return parser


def _versions(name: str | None, failures: Failures) -> Mapping[PackageName, str] | None:
    """Return the versions that fixes pin to; ``None`` if they cannot be read."""
    if name is None:
        return {}
    from pinfold.cli.standard_input import read_standard_input
    from pinfold.cli.versions import NotVersionsError, parse_versions

    if name == STANDARD_INPUT:
        data: bytes | Unreadable = read_standard_input()
    else:
        data = LocalFileSystem().read_bytes(absolute(name, Path.cwd()))
    if isinstance(data, Unreadable):
        failures.tell(f"--versions {name}: {data.detail}")
        return None
    try:
        return parse_versions(data)
    except NotVersionsError as error:
        failures.tell(f"--versions {name}: {error}")
        return None


@contextmanager
def _telling_bugs(failures: Failures) -> Iterator[None]:
    """Tell of a rule that crashes in a line, without its traceback, and let the run fail."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            failures.tell(f"internal error: {record.getMessage()}; please report it")

    logger = logging.getLogger("pinfold")
    handler, propagates = Handler(logging.ERROR), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates


def _snapshot(
    filesystem: FileSystem, working_directory: Path, roots: Sequence[Path], facts: Facts
) -> Snapshot:
    return Snapshot(
        documents={},
        disk=DiskFiles(filesystem, locale_encoding()),
        roots=tuple(roots),
        working_directory=working_directory,
        facts=facts,
        revision=0,
        # A file that is named does not make its folder a workspace of its own.
        searches_above_roots=True,
    )


@contextmanager
def _environments(options: Options) -> Iterator[Environments | None]:
    """Give what finds out about environments, ``None`` where nobody is to."""
    if options.no_env:
        yield None
        return
    from pinfold.cli.environments import Environments

    environments = Environments(LocalFileSystem(), options.env, Path.cwd(), os.environ)
    try:
        yield environments
    finally:
        environments.stop()


def _run_on_files(
    options: Options, facts: Facts, failures: Failures, environments: Environments | None
) -> bool:
    working_directory = Path.cwd()
    named = named_paths(options.paths, working_directory)
    for missing in named.missing:
        failures.tell(f"{missing or 'an empty path'}: does not exist")
    filesystem = LocalFileSystem()
    folders = [path for path in named.paths if filesystem.is_directory(path)]
    snapshot = _snapshot(filesystem, working_directory, folders, facts)
    progress = Progress(sys.stderr)
    failures.before_telling = progress.hide

    advance = _Advance(progress)

    def on_unreadable(path: Path, unreadable: Unreadable) -> None:
        message = f"{shown_path(path, working_directory)}: {unreadable.detail}"
        if path in named.paths:
            failures.tell(message)
        else:
            # Data that a container's root owns lies about in many a checkout.
            failures.remark(message)

    targets = find_targets(
        named.paths, snapshot, on_progress=advance.searched, on_unreadable=on_unreadable
    )
    output = _Output(options, sys.stdout, progress, failures, environments)
    remark = _on_project(snapshot, filesystem)
    if remark is not None:
        failures.remark(remark)
    if options.fix or options.diff:
        known = list(targets)
        snapshot = _informed(snapshot, known, environments)
        return _fix(options, snapshot, known, output, failures, folders)
    questions = _questions(snapshot, advance.judging(targets), environments)
    found = output.report(snapshot, questions, folders)
    progress.hide()
    return found


def _on_project(snapshot: Snapshot, filesystem: FileSystem) -> str | None:
    """Return that the ``pyproject.toml`` of the working directory is no TOML, if it is none."""
    from pinfold.core.environments.unreadable_project import unreadable_project

    folder = snapshot.working_directory
    settings = snapshot.settings(folder / "requirements.txt")
    found = unreadable_project(folder, snapshot.disk.repository(folder) or folder, filesystem)
    if found is None or any(problem.path == found.path for problem in settings.problems):
        # It speaks of Pinfold, which is a finding.
        return None
    return f"{found.told(shown_path(found.path, folder))}; nothing that it says is heeded"


def _questions(
    snapshot: Snapshot, targets: Iterator[Target], environments: Environments | None
) -> Iterator[Question]:
    if environments is None:
        return questions_of(snapshot, targets)
    return environments.answered(snapshot, targets)


def _informed(
    snapshot: Snapshot, targets: Sequence[Target], environments: Environments | None
) -> Snapshot:
    return snapshot if environments is None else environments.known(snapshot, targets)


class _Advance:
    """How far search and judging are; they go hand in hand."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._folders = 0
        self._files = 0

    def searched(self, search: SearchProgress) -> None:
        """Take in that a folder was searched."""
        self._folders = search.directories
        self._show()

    def judging(self, targets: Iterator[Target]) -> Iterator[Target]:
        """Yield *targets*, and take in that each was judged."""
        for target in targets:
            yield target
            self._files += 1
            self._show()

    def _show(self) -> None:
        folders, files = counted(self._folders, "folder"), counted(self._files, "file")
        self._progress.show(f"Searched {folders}, judged {files}")


class _Output:
    """Where findings go, in which form."""

    def __init__(
        self,
        options: Options,
        stream: TextIO,
        progress: Progress,
        failures: Failures,
        environments: Environments | None,
    ) -> None:
        self._options = options
        self._environments = environments
        self._failures = failures
        self._working_directory = Path.cwd()
        self.progress = progress
        self.screen = Screen.of(stream, options.color, os.environ)

    def report(
        self,
        snapshot: Snapshot,
        questions: Iterator[Question],
        folders: Sequence[Path] = (),
        fixes: tuple[int, int] | None = None,
    ) -> bool:
        """Report on the files of *questions* and return whether there is a finding that counts.

        *fixes* are how many fixes were made, in how many files, where any were asked for.
        """
        options = self._options
        root = _root(options, snapshot)
        places = Places(snapshot, root)
        reported: list[FileReport] = []
        for report in _all_reports(snapshot, questions, folders, options.selection):
            reported.append(report)
            if report.findings and options.format == "text":
                self.progress.hide()
                self.screen.write(render_report(report, places, self.screen, brief=options.quiet))
        self.progress.hide()
        # Files that had to wait for their environment were judged last.
        reported.sort(key=lambda report: report.position)
        totals = totals_of(reported)
        if options.format == "json":
            from pinfold.cli.json_output import check_json

            self.screen.write(check_json(reported, totals, places))
        elif options.format == "sarif":
            from pinfold.cli.sarif import check_sarif

            failures = self._failures
            status = _status(options, failures, found=totals.fails)
            self.screen.write(
                check_sarif(
                    reported,
                    places,
                    root,
                    failures=failures.messages,
                    remarks=failures.remarks,
                    status=status,
                )
            )
        elif options.format == "github":
            from pinfold.cli.github import check_github

            # What reads them takes UTF-8, whatever the encoding of the stream.
            commands = check_github(reported, places)
            self.screen.write_bytes(commands.encode("utf-8", "backslashreplace"))
            self._summarise(Screen(sys.stderr, color=False), reported, totals, fixes)
        else:
            self._summarise(self.screen, reported, totals, fixes)
        return totals.fails

    def _summarise(
        self,
        screen: Screen,
        reported: Sequence[FileReport],
        totals: Totals,
        fixes: tuple[int, int] | None,
    ) -> None:
        if self._options.quiet:
            return
        if fixes is not None:
            screen.write(render_fixed(*fixes, totals, only_shown=False))
        elif reported:
            screen.write(render_totals(totals))
        else:
            screen.write("No dependency files found.\n")
        if self._environments is not None:
            from pinfold.cli.environments import render_used

            screen.write(render_used(self._environments.used(), self._working_directory))
            back = self._environments.way_back()
            if back is not None:
                screen.write(f"There is no environment any more: {visible(back)}.\n")


def _root(options: Options, snapshot: Snapshot) -> Path:
    """Return what the paths of the report are relative to."""
    if options.format not in ("github", "sarif"):
        return snapshot.working_directory
    from pinfold.cli.repository import repository_root

    return repository_root(snapshot.working_directory, os.environ)


def _all_reports(
    snapshot: Snapshot,
    questions: Iterator[Question],
    folders: Sequence[Path],
    selection: Selection,
) -> Iterator[FileReport]:
    told: set[tuple[Path, Finding]] = set()
    for folder in folders:
        # Settings that exclude too much, by mistake, would otherwise never be told of.
        found = snapshot.settings(folder / "requirements.txt")
        for report in settings_reports(found, selection, told):
            yield replace(report, position=-1)
    yield from reports(questions, selection, told)


def _fix(
    options: Options,
    snapshot: Snapshot,
    targets: Sequence[Target],
    output: _Output,
    failures: Failures,
    folders: Sequence[Path] = (),
) -> bool:
    from pinfold.cli.fix import fix_files
    from pinfold.cli.writing import replace_file

    def judge(snapshot: Snapshot, target: Target) -> Judgement:
        output.progress.show(f"Mending {shown_path(target.path, snapshot.working_directory)}")
        return options.selection.judge(snapshot, target)

    files = fix_files(snapshot, targets, judge, unsafe=options.unsafe_fixes)
    ready = list(_writable(files, snapshot, failures))
    if options.diff:
        return _show_diff(options, snapshot, targets, [file for file, _, _ in ready], output)
    written: list[FixedFile] = []
    for file, before, after in ready:
        refusal = None if before == after else replace_file(file.target.path, before, after)
        if refusal is None:
            written.append(file)
        else:
            failures.tell(f"{_shown(file, snapshot)}: {refusal}")
    again = snapshot.disk.without([file.target.path for file in written])
    fixes = (sum(file.fixed for file in written), len(written))
    questions = questions_of(replace(snapshot, disk=again), targets)
    return output.report(replace(snapshot, disk=again), questions, folders, fixes)


def _writable(
    files: Sequence[FixedFile], snapshot: Snapshot, failures: Failures
) -> Iterator[tuple[FixedFile, bytes, bytes]]:
    """Yield what can be written, with its bytes before and after."""
    from pinfold.cli.writing import bytes_as_read

    for file in files:
        after = file.data()
        before = bytes_as_read(file.target.path, file.decoded, snapshot.disk.filesystem)
        if isinstance(after, Unencodable):
            failures.tell(f"{_shown(file, snapshot)}: left as it is: {after.reason}")
        elif before is None:
            failures.tell(f"{_shown(file, snapshot)}: changed on disk since it was read")
        else:
            yield file, before, after


def _shown(file: FixedFile, snapshot: Snapshot) -> str:
    return shown_path(file.target.path, snapshot.working_directory)


def _show_diff(
    options: Options,
    snapshot: Snapshot,
    targets: Sequence[Target],
    files: Sequence[FixedFile],
    output: _Output,
) -> bool:
    from pinfold.cli.diff import diff_lines, encoded_lines
    from pinfold.cli.fix import with_fixed
    from pinfold.cli.terminal import is_terminal

    screen = output.screen
    for file in files:
        lines = diff_lines(_shown(file, snapshot), file.decoded, file.edits)
        if screen.color or is_terminal(screen.stream):
            screen.write(rendered_lines(lines, screen))
        else:
            screen.write_bytes(encoded_lines(lines, file.decoded))
        if file.is_reencoded:
            complain(f"{_shown(file, snapshot)}: would be rewritten as UTF-8")
    questions = questions_of(with_fixed(snapshot, files), targets)
    totals = totals_of(list(reports(questions, options.selection, set())))
    if not options.quiet:
        fixed = sum(file.fixed for file in files)
        message = render_fixed(fixed, len(files), totals, only_shown=True)
        Screen(sys.stderr, color=False).write(message)
    return totals.fails or bool(files)


def _run_on_standard_input(
    options: Options, facts: Facts, failures: Failures, environments: Environments | None
) -> bool:
    from pinfold.cli.standard_input import InputFileSystem, copy_rest, read_standard_input

    working_directory = Path.cwd()
    name = options.stdin_filename or STANDARD_INPUT
    path = absolute(name, working_directory)
    data = read_standard_input()
    target = Target(path, role_of_named_file(path))

    def snapshot_of(content: bytes) -> Snapshot:
        filesystem = InputFileSystem(LocalFileSystem(), path, content)
        return _snapshot(filesystem, working_directory, (), facts)

    before = _informed(snapshot_of(data), [target], environments)
    progress = Progress(None)
    output = _Output(options, sys.stdout, progress, failures, environments)
    if options.diff:
        return _fix(options, before, [target], output, failures)
    if not options.fix:
        return output.report(before, questions_of(before, [target]))
    fixed, count = _fixed_input(options, before, target, data, failures)
    # Whatever happens, what came in goes out again: an editor replaces its text by it.
    screen = Screen(sys.stdout, color=False)
    screen.write_bytes(fixed)
    copy_rest(screen)
    output = _Output(options, sys.stderr, progress, failures, environments)
    fixes = (count, 1 if count else 0)
    after = _informed(snapshot_of(fixed), [target], environments)
    return output.report(after, questions_of(after, [target]), fixes=fixes)


def _fixed_input(
    options: Options, snapshot: Snapshot, target: Target, data: bytes, failures: Failures
) -> tuple[bytes, int]:
    """Return *data* with its fixes, and how many there were."""
    from pinfold.cli.fix import fix_files

    files = fix_files(snapshot, [target], options.selection.judge, unsafe=options.unsafe_fixes)
    for file in files:
        after = file.data()
        if isinstance(after, bytes):
            return after, file.fixed
        failures.tell(f"{visible(options.stdin_filename or STANDARD_INPUT)}: {after.reason}")
    return data, 0
