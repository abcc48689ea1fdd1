from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.core.environments.activation import (
    ActivationScripts,
    ActivationText,
    Way,
    activation,
    environment_variables,
    read_activation_scripts,
)
from pinfold.core.environments.shells import (
    Shell,
    Unquotable,
    detect_shell,
    quoted,
    read_ancestors,
    shell_of,
)
from pinfold.core.files import LocalFileSystem, MemoryFileSystem
from pinfold.core.model.installation import Installation, InstallationKind
from tests.core.environments.tools import tool, tool_version

if TYPE_CHECKING:
    from tests.harness.tested import Witness

BIN = os.fspath(Path(sys.executable).parent)
UV = shutil.which("uv", path=BIN)


def find(name: str) -> str | None:
    """Return where a program is: beside this Python, or on PATH."""
    return shutil.which(name, path=os.pathsep.join([BIN, os.environ.get("PATH", "")]))


COMMANDS: dict[Shell, list[str]] = {
    shell: [path, *options]
    for shell, name, options in (
        (Shell.SH, "dash", []),
        (Shell.BASH, "bash", ["--norc", "--noprofile"]),
        (Shell.ZSH, "zsh", ["-f"]),
        (Shell.KSH, "ksh", []),
        (Shell.FISH, "fish", ["--no-config"]),
        (Shell.TCSH, "tcsh", ["-f"]),
        (Shell.POWERSHELL, "pwsh", ["-NoProfile"]),
        (Shell.NUSHELL, "nu", ["--no-config-file"]),
        (Shell.XONSH, "xonsh", ["--no-rc"]),
    )
    if (path := find(name)) is not None
}
"""The shells of this machine, with what keeps them from reading anybody's configuration."""

TYPED = [shell for shell in COMMANDS if shell in (Shell.BASH, Shell.ZSH, Shell.TCSH, Shell.KSH)]
"""Those that can be made to believe that somebody types what comes from a pipe."""

NAMES = {
    "plain": "plain",
    "space": "with a space",
    "single quote": "it's",
    "double quote": 'so "called"',
    "variable": "$HOME",
    "braces": "${HOME}{a,b}",
    "command": "`id`$(id)",
    "history": "wow! !! !x",
    "backslash": "back\\slash\\n",
    "wildcards": "*[a]?~#",
    "separators": ";&|<>()",
    "umlaut": "Ümläut 日本 🐍",
    "typographic": "‘so’ “called”",
    "percent": "100%PATH%",
    "equals": "a=b,c@PREFIX",
    "line end": "two\nlines",
    "tab": "a\tb",
    "all": "a b'c\"d$e`f!g\\h",
    "not UTF-8": "caf\udce9",
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A script that says which environment it runs in, in letters that no shell touches."""
    path = tmp_path_factory.mktemp("report") / "report.py"
    path.write_text(
        "import json, os, sys\n"
        "names = ('VIRTUAL_ENV', 'CONDA_PREFIX', 'PATH', 'PYTHONHOME')\n"
        "found = {name: os.environ.get(name) for name in names}\n"
        "print('\\nREPORT ' + json.dumps({'prefix': sys.prefix, **found}), flush=True)\n"
    )
    return path


@pytest.fixture(scope="module")
def venvs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Real environments made by venv, as this Python makes them, in folders of every name."""
    folder = tmp_path_factory.mktemp("venvs")
    made = {}
    for key, name in NAMES.items():
        made[key] = folder / name
        # venv itself fails on what is not UTF-8; a folder may be renamed afterwards.
        first = folder / "first" if key == "not UTF-8" else made[key]
        subprocess.run(
            [sys.executable, "-I", "-m", "venv", "--without-pip", first], check=True, timeout=60
        )
        first.rename(made[key])
    return made


@pytest.fixture(scope="module")
def uv_venvs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Real environments made by uv, which writes scripts for more shells."""
    assert UV is not None
    folder = tmp_path_factory.mktemp("uv")
    made = {}
    for key, name in NAMES.items():
        if key == "not UTF-8":  # Which uv refuses.
            continue
        made[key] = folder / name
        flags = ["--quiet", "--offline", "--no-config", "--no-project"]
        subprocess.run(
            [UV, "venv", *flags, "--python", sys.executable, made[key]], check=True, timeout=60
        )
    return made


def installation_of(prefix: Path) -> Installation:
    """Return an environment of the usual kind."""
    return Installation(prefix, InstallationKind.VENV, is_base=False)


def text_for(prefix: Path, shell: Shell) -> ActivationText:
    """Return how the environment at *prefix* is activated."""
    scripts = read_activation_scripts(prefix, LocalFileSystem())
    return activation(installation_of(prefix), shell, scripts)


@cache
def version_of(shell: Shell) -> str | None:
    """Return the version of a shell of this machine; ``None`` where it does not tell."""
    command = [COMMANDS[shell][0], "--version"]
    said = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    found = re.search(r"[0-9][\w.+/-]*", said.stdout + said.stderr)
    return None if said.returncode or found is None else found[0]


def run_lines(
    shell: Shell, lines: list[str], cwd: Path, *, is_typed: bool
) -> list[dict[str, str | None]]:
    """Give *lines* to a real shell, and return the reports that were printed."""
    if shell is Shell.TCSH and not is_typed:
        # venv's script takes for granted that somebody types; else, tcsh may go no further.
        lines = ["set prompt = '% '", *lines]
    text = "\n".join(lines) + "\n"
    command = [*COMMANDS[shell], *(["-i"] if is_typed else ["-c", text])]
    environ = {
        "PATH": f"{os.environ['PATH']}",
        "HOME": os.fspath(cwd),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "PYTHONHOME": "",
    }
    done = subprocess.run(
        command,
        input=os.fsencode(text) if is_typed else b"",
        capture_output=True,
        cwd=cwd,
        env=environ,
        timeout=60,
        start_new_session=True,
        check=False,
    )
    reports = [
        json.loads(line.partition("REPORT ")[2])
        for line in done.stdout.decode("utf-8", "replace").splitlines()
        if "REPORT {" in line
    ]

    assert reports, (done.stdout, done.stderr)
    return reports


def check(prefix: Path, shell: Shell, report: Path, cwd: Path, *, is_typed: bool) -> Way:
    """Activate and leave in a real shell; return the way that was taken."""
    text = text_for(prefix, shell)

    assert text.activate is not None, text.refusal
    assert text.deactivate is not None
    call = quoted(os.fspath(report), shell)
    own = quoted(sys.executable, shell)
    # Two of them take a quoted word at the start for a value.
    marks = {Shell.NUSHELL: ("^", ""), Shell.XONSH: ("$[", "]")}
    begin, end = marks.get(shell, ("", ""))
    inside, after = run_lines(
        shell,
        [text.activate, f"python {call}", text.deactivate, f"{begin}{own} {call}{end}"],
        cwd,
        is_typed=is_typed,
    )

    assert os.fspath(prefix) == inside["prefix"]
    assert os.fspath(prefix) == inside["VIRTUAL_ENV"]
    assert f"{prefix}/bin" == str(inside["PATH"]).split(":")[0]
    assert after["VIRTUAL_ENV"] is None
    assert os.environ["PATH"] == after["PATH"]
    assert text.way is not None
    return text.way


REFUSED = {
    *((Shell.XONSH, key) for key, name in NAMES.items() if "$" in name),
    (Shell.TCSH, "line end"),
    (Shell.TCSH, "tab"),
    (Shell.TCSH, "not UTF-8"),
    (Shell.POWERSHELL, "not UTF-8"),
    (Shell.NUSHELL, "not UTF-8"),
    (Shell.XONSH, "not UTF-8"),
}


@pytest.mark.slow
@pytest.mark.parametrize("key", NAMES)
@pytest.mark.parametrize("shell", COMMANDS)
def test_activation_in_real_shells(
    shell: Shell,
    key: str,
    venvs: dict[str, Path],
    report: Path,
    tmp_path: Path,
    tested: Witness,
) -> None:
    """Whatever the folder is called, the line activates it, and another one ends that."""
    tested.shell_ran(shell, Path(COMMANDS[shell][0]).name, version_of(shell))
    if (shell, key) in REFUSED:
        text = text_for(venvs[key], shell)

        assert text.activate is None
        assert text.refusal is not None
        return
    check(venvs[key], shell, report, tmp_path, is_typed=False)


@pytest.mark.network
@pytest.mark.parametrize("key", [key for key in NAMES if (Shell.XONSH, key) not in REFUSED])
def test_activation_in_xonsh(
    key: str,
    uv_venvs: dict[str, Path],
    venvs: dict[str, Path],
    report: Path,
    tmp_path: Path,
    tested: Witness,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """xonsh comes from the package index; uv writes a script for it, and venv does not."""
    command = [os.fspath(tool("xonsh") / "xonsh"), "--no-rc"]
    monkeypatch.setitem(COMMANDS, Shell.XONSH, command)
    tested.shell_ran(Shell.XONSH, "xonsh", tool_version("xonsh"))

    assert Way.VARIABLES is check(venvs[key], Shell.XONSH, report, tmp_path, is_typed=False)
    assert Way.SCRIPT is check(uv_venvs[key], Shell.XONSH, report, tmp_path, is_typed=False)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in NAMES if key != "not UTF-8"])
@pytest.mark.parametrize("shell", COMMANDS)
def test_activation_of_uv_environments_in_real_shells(
    shell: Shell, key: str, uv_venvs: dict[str, Path], report: Path, tmp_path: Path
) -> None:
    """uv's scripts are for more shells, and quote better."""
    if (shell, key) not in REFUSED:
        check(uv_venvs[key], shell, report, tmp_path, is_typed=False)


@pytest.mark.slow
@pytest.mark.parametrize("key", NAMES)
@pytest.mark.parametrize("shell", TYPED)
def test_activation_where_it_is_typed(
    shell: Shell, key: str, venvs: dict[str, Path], report: Path, tmp_path: Path
) -> None:
    """Shells that look for history in what is typed find none."""
    if (shell, key) not in REFUSED:
        check(venvs[key], shell, report, tmp_path, is_typed=True)


@pytest.mark.slow
@pytest.mark.parametrize("shell", COMMANDS)
def test_each_shell_has_its_way(
    shell: Shell, venvs: dict[str, Path], uv_venvs: dict[str, Path]
) -> None:
    """The script where there is one, else variables; a plain name needs no detour."""
    by_script = {shell for shell in Shell if shell not in (Shell.NUSHELL, Shell.XONSH, Shell.CMD)}

    assert (Way.SCRIPT if shell in by_script else Way.VARIABLES) == text_for(
        venvs["plain"], shell
    ).way
    assert Way.SCRIPT == text_for(uv_venvs["plain"], shell).way


# Texts.


def text_by_variables(shell: Shell, prefix: str = "/v w") -> ActivationText:
    """Return how an environment without scripts is activated."""
    return activation(installation_of(Path(prefix)), shell, ActivationScripts())


def test_golden_texts_of_scripts(tested: Witness) -> None:
    """The lines for shells that may not be on this machine."""
    texts = {
        "activate": b'VIRTUAL_ENV="/v w"\n',
        "activate.bat": b'@set "VIRTUAL_ENV=/v w"\r\n',
        "activate.csh": b'setenv VIRTUAL_ENV "/v w"\n',
        "activate.fish": b'set -gx VIRTUAL_ENV "/v w"\n',
        "activate.nu": b"    const virtual_env = '/v w'\n",
        "Activate.ps1": b"",
        "activate.xsh": b"",
    }
    scripts = ActivationScripts("Scripts", texts)

    assert {
        Shell.SH: (". '/v w/Scripts/activate'", "deactivate"),
        Shell.BASH: ("source '/v w/Scripts/activate'", "deactivate"),
        Shell.ZSH: ("source '/v w/Scripts/activate'", "deactivate"),
        Shell.KSH: (". '/v w/Scripts/activate'", "deactivate"),
        Shell.FISH: ("source '/v w/Scripts/activate.fish'", "deactivate"),
        Shell.TCSH: ("source '/v w/Scripts/activate.csh'", "deactivate"),
        Shell.POWERSHELL: ("& '/v w/Scripts/Activate.ps1'", "deactivate"),
        Shell.CMD: ('call "/v w/Scripts/activate.bat"', "deactivate"),
        Shell.NUSHELL: ("overlay use '/v w/Scripts/activate.nu'", "deactivate"),
        Shell.XONSH: ("source '/v w/Scripts/activate.xsh'", "deactivate"),
    } == {
        shell: (text.activate, text.deactivate)
        for shell in Shell
        if (text := activation(installation_of(Path("/v w")), shell, scripts)).way is Way.SCRIPT
    }
    for shell in Shell:
        tested.shell_by_text(shell)


def test_golden_texts_of_variables() -> None:
    """What is typed where there is no script, for the shells of Windows."""
    assert (
        (
            'set "_OLD_VIRTUAL_PATH=%PATH%" & set "VIRTUAL_ENV=/v w" & set "PATH=/v w/bin;%PATH%"'
            ' & set "PYTHONHOME="'
        ),
        'set "PATH=%_OLD_VIRTUAL_PATH%" & set "_OLD_VIRTUAL_PATH=" & set "VIRTUAL_ENV="',
    ) == (text_by_variables(Shell.CMD).activate, text_by_variables(Shell.CMD).deactivate)
    assert (
        (
            "if (-not $env:_OLD_VIRTUAL_PATH) { $env:_OLD_VIRTUAL_PATH = $env:PATH };"
            " $env:VIRTUAL_ENV = '/v w';"
            " $env:PATH = '/v w/bin' + [IO.Path]::PathSeparator + $env:_OLD_VIRTUAL_PATH;"
            " Remove-Item Env:PYTHONHOME, Env:VIRTUAL_ENV_PROMPT -ErrorAction SilentlyContinue"
        ),
        (
            "$env:PATH = $env:_OLD_VIRTUAL_PATH;"
            " Remove-Item Env:_OLD_VIRTUAL_PATH, Env:VIRTUAL_ENV -ErrorAction SilentlyContinue"
        ),
    ) == (
        text_by_variables(Shell.POWERSHELL).activate,
        text_by_variables(Shell.POWERSHELL).deactivate,
    )


def test_windows_paths_keep_their_form() -> None:
    """A drive, and backslashes."""
    prefix = Path("C:\\my projects\\.venv")
    scripts = ActivationScripts(
        "Scripts", {"activate.bat": b'set "VIRTUAL_ENV=C:\\my projects\\.venv"\r\n'}
    )

    assert 'call "C:\\my projects\\.venv\\Scripts\\activate.bat"' == (
        activation(installation_of(prefix), Shell.CMD, scripts).activate
    )


@pytest.mark.parametrize(
    ("text", "shell", "expected"),
    [
        ("it's ‘so’", Shell.POWERSHELL, "'it''s ‘‘so’’'"),
        ("$a`b", Shell.POWERSHELL, "'$a`b'"),
        ('a\n"$b`', Shell.POWERSHELL, '"a$([char]10)`"`$b``"'),
        ("a & b ^ !c!", Shell.CMD, '"a & b ^ !c!"'),
        ("it's", Shell.NUSHELL, '"it\'s"'),
        ('it\'s \\ "x"\n', Shell.NUSHELL, '"it\'s \\\\ \\"x\\"\\u{a}"'),
        ("it's\n", Shell.XONSH, "'it\\'s\\x0a'"),
        ("it's\n", Shell.BASH, "$'it\\047s\\012'"),
        ("it's\n", Shell.SH, "'it'\\''s\n'"),
        ("it's\n", Shell.FISH, "'it\\'s'\\X0a''"),
        ("it's!", Shell.TCSH, "'it'\\''s\\!'"),
    ],
)
def test_golden_quoting(text: str, shell: Shell, expected: str) -> None:
    """Each shell in its own way."""
    assert expected == quoted(text, shell)


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ("100%", Shell.CMD),
        ("two\nlines", Shell.CMD),
        ('"', Shell.CMD),
        ("two\nlines", Shell.TCSH),
        ("\udcff", Shell.POWERSHELL),
        ("\udcff", Shell.NUSHELL),
        ("\udcff", Shell.XONSH),
        ("\0", Shell.BASH),
    ],
)
def test_what_a_shell_cannot_quote_is_refused(text: str, shell: Shell) -> None:
    """With a reason, and without a line that would do something else."""
    assert isinstance(quoted(text, shell), Unquotable)


def test_an_unquotable_folder_is_refused_in_words() -> None:
    """The reason names the folder, in letters that do no harm."""
    assert ActivationText(
        Shell.CMD,
        refusal="'/100%' cannot be named: cmd reads a per cent sign in it as a variable, and cannot"
        " quote it",
    ) == text_by_variables(Shell.CMD, "/100%")


@pytest.mark.parametrize("shell", Shell)
def test_a_separator_of_path_is_refused(shell: Shell) -> None:
    """Nothing can quote a colon in PATH."""
    assert "`:` in /a:b ends an entry of PATH, so no shell can find it there" == (
        text_by_variables(shell, "/a:b").refusal
    )


def test_a_base_interpreter_is_not_activated() -> None:
    """There is nothing to activate, and that is said."""
    installation = Installation(Path("/usr"), InstallationKind.SYSTEM, is_base=True)

    assert "/usr is an interpreter, not an environment: there is nothing to activate" == (
        activation(installation, Shell.BASH, ActivationScripts()).refusal
    )


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        (Shell.BASH, "conda activate '/c/my env'"),
        (Shell.FISH, "conda activate '/c/my env'"),
        (Shell.CMD, 'conda activate "/c/my env"'),
        (Shell.POWERSHELL, "conda activate '/c/my env'"),
    ],
)
def test_conda_environments_are_activated_by_conda(shell: Shell, expected: str) -> None:
    """conda's own activation runs scripts of packages too."""
    installation = Installation(Path("/c/my env"), InstallationKind.CONDA, is_base=False)

    assert ActivationText(shell, Way.CONDA, expected, "conda deactivate") == activation(
        installation, shell, ActivationScripts()
    )


def test_where_there_is_no_conda_its_variable_is_set() -> None:
    """pixi comes without conda, and Nushell has none."""
    pixi = Installation(Path("/p/.pixi/envs/default"), InstallationKind.PIXI, is_base=False)
    conda = Installation(Path("/c"), InstallationKind.CONDA, is_base=False)

    assert "$env.CONDA_PREFIX = '/c';" in str(
        activation(conda, Shell.NUSHELL, ActivationScripts()).activate
    )
    assert "CONDA_PREFIX='/p/.pixi/envs/default';" in str(
        activation(pixi, Shell.BASH, ActivationScripts()).activate
    )


@pytest.mark.parametrize(
    "script",
    [
        b'VIRTUAL_ENV="/old"\n',  # moved
        b'VIRTUAL_ENV="/v w"',  # and another path is meant
        b"",  # empty
        b"\x00\xff",  # binary
        b'VIRTUAL_ENV="$(rm)/v"\n',
    ],
)
def test_a_script_that_would_set_something_else_is_not_run(script: bytes) -> None:
    """The variables are set instead."""
    text = activation(
        installation_of(Path("/v")), Shell.BASH, ActivationScripts("bin", {"activate": script})
    )

    assert Way.VARIABLES is text.way


def test_a_script_that_names_an_alias_is_run() -> None:
    """An environment that is known by a link has a script with its other name."""
    installation = Installation(
        Path("/link"), InstallationKind.VENV, is_base=False, aliases=(Path("/v"),)
    )
    scripts = ActivationScripts("bin", {"activate": b"VIRTUAL_ENV='/v'\n"})

    assert Way.SCRIPT is activation(installation, Shell.BASH, scripts).way


def test_scripts_are_read_where_they_stand() -> None:
    """In either folder, and nothing that is no script."""
    files = MemoryFileSystem({"/v/Scripts/Activate.ps1": "x", "/v/Scripts/pip.exe": ""})
    empty = MemoryFileSystem({"/v/pyvenv.cfg": ""})

    assert ActivationScripts("Scripts", {"Activate.ps1": b"x"}) == (
        read_activation_scripts(Path("/v"), files)
    )
    assert ActivationScripts() == read_activation_scripts(Path("/v"), empty)


# Variables for a command.


def test_variables_of_a_virtual_environment() -> None:
    """Those of another environment are gone, all others stay."""
    base = {
        "PATH": "/usr/bin",
        "PYTHONHOME": "/x",
        "CONDA_PREFIX": "/c",
        "VIRTUAL_ENV": "/o",
        "A": "1",
        "PYTHONPATH": "/mine",
    }

    assert {
        "PATH": "/v/bin:/usr/bin",
        "VIRTUAL_ENV": "/v",
        "VIRTUAL_ENV_PROMPT": "v",
        "A": "1",
        "PYTHONPATH": "/mine",
    } == environment_variables(installation_of(Path("/v")), base, is_windows=False)


def test_variables_of_other_installations() -> None:
    """conda's, a base interpreter's, and where there is no PATH at all."""
    conda = Installation(Path("/c/e"), InstallationKind.CONDA, is_base=False, name="e")
    base = Installation(
        Path("/opt/py"),
        InstallationKind.OTHER,
        is_base=True,
        executable=Path("/opt/py/bin/python3"),
    )

    assert {
        "PATH": "/c/e/bin",
        "CONDA_PREFIX": "/c/e",
        "CONDA_DEFAULT_ENV": "e",
    } == environment_variables(conda, {"VIRTUAL_ENV": "/v"}, is_windows=False)
    assert {"PATH": "/opt/py/bin:/bin"} == environment_variables(
        base, {"PATH": "/bin"}, is_windows=False
    )


def test_variables_on_windows() -> None:
    """Names of either case are the same variable."""
    prefix = Path("C:\\v")
    conda = Installation(prefix, InstallationKind.CONDA, is_base=False)

    assert {
        "Path": "C:\\v\\Scripts;C:\\Windows",
        "VIRTUAL_ENV": "C:\\v",
        "VIRTUAL_ENV_PROMPT": "v",
    } == environment_variables(
        installation_of(prefix), {"Path": "C:\\Windows", "PythonHome": "x"}, is_windows=True
    )
    assert (
        "C:\\v;C:\\v\\Library\\mingw-w64\\bin;C:\\v\\Library\\usr\\bin;C:\\v\\Library\\bin;"
        "C:\\v\\Scripts;C:\\v\\bin"
    ) == environment_variables(conda, {}, is_windows=True)["PATH"]


@pytest.mark.slow
def test_a_command_runs_inside(venvs: dict[str, Path], report: Path) -> None:
    """With these variables, `python` is that of the environment, whatever its folder's name."""
    for prefix in venvs.values():
        variables = environment_variables(installation_of(prefix), os.environ)
        done = subprocess.run(
            ["python", report],
            env=variables,
            capture_output=True,
            check=True,
            timeout=60,
            text=True,
        )
        found = json.loads(done.stdout.partition("REPORT ")[2])

        assert [os.fspath(prefix)] * 2 == [found["prefix"], found["VIRTUAL_ENV"]]


# Which shell.


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bash", Shell.BASH),
        ("-zsh", Shell.ZSH),
        ("/usr/local/bin/fish", Shell.FISH),
        ("C:\\Program Files\\PowerShell\\7\\pwsh.exe", Shell.POWERSHELL),
        ("CMD.EXE", Shell.CMD),
        ("nu", Shell.NUSHELL),
        ("dash", Shell.SH),
        ("csh", Shell.TCSH),
        ("python3", None),
        ("", None),
    ],
)
def test_shells_are_known_by_name(name: str, expected: Shell | None) -> None:
    """By path or name, of either system."""
    assert expected is shell_of(name)


@pytest.mark.parametrize(
    ("environ", "ancestors", "is_windows", "expected"),
    [
        ({"SHELL": "/bin/zsh"}, ["python", "fish", "zsh"], False, Shell.FISH),
        ({"SHELL": "/bin/zsh"}, ["python", "systemd"], False, Shell.ZSH),
        ({"SHELL": "/bin/bash", "NU_VERSION": "0.108.0"}, [], False, Shell.NUSHELL),
        ({"POWERSHELL_DISTRIBUTION_CHANNEL": "x"}, [], False, Shell.POWERSHELL),
        ({}, [], False, None),
        ({"PSModulePath": "x", "PROMPT": "$P$G"}, [], True, Shell.CMD),
        ({"PSModulePath": "x"}, [], True, Shell.POWERSHELL),
        ({}, [], True, Shell.CMD),
    ],
)  # fmt: skip
def test_the_shell_in_front_is_found(
    environ: dict[str, str], ancestors: list[str], is_windows: bool, expected: Shell | None
) -> None:
    """The nearest ancestor, then what a shell says of itself, then what one logs in with."""
    assert expected is detect_shell(environ, ancestors, is_windows=is_windows)


def test_ancestors_are_read() -> None:
    """From the kernel's own files, whatever characters a program has in its name."""
    files = MemoryFileSystem(
        {
            "/proc/7/stat": "7 (python) S 6 1",
            "/proc/6/stat": "6 (odd) (na me) S 5 1",
            "/proc/5/stat": "5 (bash) S 1 1",
            "/proc/1/stat": "1 (init) S 0 1",
        }
    )

    assert ["odd) (na me", "bash", "init"] == list(read_ancestors(7, files))
    assert [] == list(read_ancestors(8, files))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows ancestors as files")
def test_our_own_ancestors_are_read() -> None:
    """On this very machine."""
    assert [] != list(read_ancestors(os.getpid(), LocalFileSystem()))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/a\udcff", "tcsh cannot quote a byte in it that is no UTF-8"),
        ("/a\n", "tcsh cannot quote a line end or another control character in it"),
    ],
)
def test_why_tcsh_cannot_quote(text: str, reason: str) -> None:
    """The reason is the one that is true of this path."""
    assert Unquotable(reason) == quoted(text, Shell.TCSH)
