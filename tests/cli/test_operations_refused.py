"""What is refused before anything is done: said in a sentence, and to programs as an outcome."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.operating import BASE, Shop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.index import Index

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="the layout of environments is another one"),
]

NO_ENVIRONMENT = "no environment for the current folder: "
NAME_ONE = "make one with `pinfold env create`, name one, or see `pinfold env list`"
REFUSED = (
    (("install", "till"), NO_ENVIRONMENT, NAME_ONE),
    (("install", "-r", "nope.txt"), "nope.txt: does not exist", None),
    (("install", "-c", "nope.txt", "till"), "nope.txt: does not exist", None),
    (("uninstall", "till", "--env", "nope"), "nope does not exist", None),
    (("upgrade", "--env", ""), "an empty path names nothing", None),
    (("sync", "nope.txt", "--env", "."), " holds neither a pyvenv.cfg nor an interpreter", None),
    (("undo",), NO_ENVIRONMENT, NAME_ONE),
    (("env", "create", ""), "an empty path names nothing", None),
    (("env", "create", "x", "-r", "nope.txt"), "nope.txt: does not exist", None),
    (
        ("env", "create", "--python", "nonsense"),
        "`nonsense` is neither an interpreter",
        "`pinfold env list` shows which there are",
    ),
    (("env", "remove", "nope"), "nope does not exist", None),
    (("env", "rebuild"), NO_ENVIRONMENT, NAME_ONE),
)


@pytest.fixture
def empty(index: Index, tmp_path: Path) -> Shop:
    """A project without an environment, on a machine with uv."""
    shop = Shop(tmp_path / "shop", index, "uv")
    shop.make({})
    return shop


@pytest.mark.parametrize(("command", "message", "action"), REFUSED, ids=lambda one: str(one)[:30])
def test_refusals_are_outcomes(
    command: tuple[str, ...], message: str, action: str | None, empty: Shop
) -> None:
    """Whatever is wrong with what was named, a program gets an outcome, and a person a line."""
    shape = empty.outcome(*command, expected=2)
    said = empty.run(*command, expected=2)

    assert ("refused", "invalid") == (shape["result"], shape["refusal"]["reason"])
    assert message in shape["refusal"]["message"]
    assert action == shape["refusal"]["action"]
    assert "" == said.stdout
    assert said.stderr.endswith(f"; {action}\n" if action else f"{shape['refusal']['message']}\n")


@pytest.mark.parametrize("stocked", ["uv"], indirect=True)
def test_nobody_to_agree(shop: Shop) -> None:
    """Where somebody would have to agree and nobody can, that is an outcome with the plan."""
    shape = shop.outcome("undo", expected=2)
    said = shop.run("undo", expected=2).stderr

    assert ("refused", "unconfirmed") == (shape["result"], shape["refusal"]["reason"])
    assert "undo" == shape["plan"]["verb"]
    assert "pass `yes`" == shape["refusal"]["action"].replace("--", "")
    assert "nothing was changed: nobody can be asked here" in said


PLACES = (
    ("a\nb", "a line end in it"),
    ("a\tb", "a tab in it"),
    ("a\x1bb", "a control character in it"),
    ("a:b", "has a `:` in it, which separates folders in PATH"),
    (os.fsdecode(b"a\xffb"), "is no Unicode"),
    ('a"b', "shells act on"),
    ("a$(id)", "shells act on"),
    ("a`id`b/env", "shells act on"),
)


@pytest.mark.parametrize(("name", "reason"), PLACES, ids=lambda one: ascii(one)[:12])
def test_names_that_break_scripts(name: str, reason: str, empty: Shop) -> None:
    """An environment whose scripts could not run is not made, not even half of it."""
    before = empty.everything()
    shape = empty.outcome("env", "create", name, "--python", BASE, expected=2)

    assert reason in shape["refusal"]["message"]
    assert "name another place" == shape["refusal"]["action"]
    assert before == empty.everything()


PROMPTS = ("a\nhome = /nowhere", "a\x1b[31m", "$(touch pwned)", "`id`", 'a"b', " ")


@pytest.mark.parametrize("prompt", PROMPTS, ids=ascii)
def test_prompts_that_break_scripts(prompt: str, empty: Shop) -> None:
    """A prompt that a shell would run, or that would end a line of pyvenv.cfg, is refused."""
    shape = empty.outcome("env", "create", "--python", BASE, "--prompt", prompt, expected=2)

    assert "prompt" in shape["refusal"]["message"]
    assert not empty.prefix.exists()


def run_script(shop: Shop, prefix: Path) -> None:
    """Run a script of an environment by its path, and after activating it."""
    subprocess.run([prefix / "bin" / "helper"], check=True, env=shop.variables)
    line = '. "$1/bin/activate" && [ "$(command -v helper)" = "$1/bin/helper" ] && helper'
    done = subprocess.run(
        ["bash", "-c", line, "x", str(prefix)],
        check=False,
        cwd=shop.project,
        env=shop.variables,
        capture_output=True,
    )
    assert (0, b"") == (done.returncode, done.stderr)


@pytest.mark.parametrize("backend", ["uv", "pip"])
@pytest.mark.parametrize("name", ["a b", "n" * 150, "ünïcode", "it's", "-x", "100% & #1!"])
def test_unusual_names_that_do_no_harm(
    name: str, backend: str, index: Index, tmp_path: Path
) -> None:
    """Spaces, and paths longer than a kernel reads of a first line: the scripts run."""
    shop = Shop(tmp_path / "shop", index, backend)
    shop.make({})
    shop.run("env", "create", f"./{name}", "--python", BASE, "--install", "helper")

    run_script(shop, shop.project / name)


@pytest.mark.parametrize("backend", ["uv", "pip"])
def test_a_project_that_is_called_like_a_command(
    backend: str, index: Index, tmp_path: Path
) -> None:
    """The name of the project becomes no prompt where a shell would run it; it is said."""
    shop = Shop(tmp_path / "shop", index, backend)
    shop.make({})
    project = shop.project / "a$(touch pwned)"
    project.mkdir()
    done = shop.run("env", "create", "--python", BASE, "--prompt=-x", "two", cwd=project)
    shop.run("env", "create", "--python", BASE, cwd=project)
    configuration = (project / ".venv" / "pyvenv.cfg").read_text()
    prompts = [line for line in configuration.splitlines() if line.startswith("prompt")]

    assert "activating it may fail" in done.stderr
    assert "-x" in (project / "two" / "pyvenv.cfg").read_text()
    assert "pwned" not in "".join(prompts)
