"""The server in Emacs with Eglot, with the file that docs/editors/emacs.md hands out."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.editors.required import absent
from tests.editors.scene import FAULTY, MENDED

if TYPE_CHECKING:
    from tests.editors.scene import Scene

pytestmark = [pytest.mark.editor, pytest.mark.slow]

Play = Callable[[str], dict[str, Any]]

HERE = Path(__file__).parent
_HOW = "apt-get install emacs-nox elpa-eglot"


@pytest.fixture
def play(scene: Scene) -> Play:
    """Return what runs a script in Emacs, in the buffer of the project's requirements."""
    emacs = shutil.which("emacs")
    if emacs is None:
        absent("Emacs", _HOW)
    find = [emacs, "--batch", "-l", "eglot"]
    if subprocess.run(find, stderr=subprocess.DEVNULL, check=False).returncode != 0:
        absent("Eglot", _HOW)

    def run(script: str) -> dict[str, Any]:
        begin = f"(driver-play {_text(script)} {_text(str(scene.file))})"
        return scene.drive([emacs, "--batch", "-l", str(HERE / "driver.el"), "--eval", begin])

    return run


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def test_diagnostics_and_quick_fix(scene: Scene, play: Play) -> None:
    """An error is shown where it is; its fix, applied and saved, is in the file, and it is gone."""
    scene.file.write_text(FAULTY)
    told = play(
        """
        (driver-wait "the error" (lambda () (driver-findings "invalid-requirement")))
        (let ((found (car (driver-findings "invalid-requirement"))))
          (push (cons 'line (line-number-at-pos (flymake-diagnostic-beg found))) driver-told)
          (goto-char (flymake-diagnostic-beg found)))
        (setq driver-answers '("=="))
        (call-interactively #'eglot-code-actions)
        (driver-wait "the fix" #'buffer-modified-p)
        (eglot--signal-textDocument/didChange)
        (driver-wait "its effect" (lambda () (not (driver-findings "invalid-requirement"))))
        (save-buffer)
        """
    )

    assert MENDED == scene.file.read_text()
    assert 1 == told["line"]


def test_create_environment(scene: Scene, play: Play) -> None:
    """What a command asks is asked in the minibuffer; the outcome is a message with a choice."""
    told = play(
        """
        (setq driver-answers
              (list "Enter" (getenv "PINFOLD_TEST_BASE") "requirements.txt" "Create" nil))
        (push (cons 'result (plist-get (driver-run "createEnvironment") :result)) driver-told)
        (driver-wait "the message" (lambda () (= 5 (length driver-asked))))
        (driver-wait "the findings" (lambda () (not (flymake-diagnostics))))
        (driver-wait "the status" (lambda () (string-search ".venv" (or (pinfold-status) ""))))
        """
    )

    assert "done" == told["result"]
    assert {"flask-3.1.0", "werkzeug-3.1.3"} == scene.installed()
    assert (scene.environment / "pyvenv.cfg").is_file()


def test_select_environment(scene: Scene, play: Play) -> None:
    """The environment that is chosen is kept, and the mode line has it."""
    for name in (".venv", "other"):
        scene.make_environment(name)
    play(
        """
        (driver-wait "the first" (lambda () (string-search "(.venv)" (or (pinfold-status) ""))))
        (setq driver-answers '("other"))
        (driver-run "selectEnvironment")
        (driver-wait "the other" (lambda () (string-search "(other)" (pinfold-status))))
        """
    )

    assert "other" == scene.selected()


def test_declined(scene: Scene, play: Play) -> None:
    """Whoever quits a box is asked what came before it; whoever quits that has changed nothing."""
    told = play(
        """
        (setq driver-answers '("Enter" nil nil))
        (push (cons 'result (plist-get (driver-run "createEnvironment") :result)) driver-told)
        """
    )

    assert "declined" == told["result"]
    assert told["asked"][0] == told["asked"][2]
    assert not scene.environment.exists()


def test_command_in_the_light_bulb(scene: Scene, play: Play) -> None:
    """Eglot does not wait for the end of a command of a code action: somebody is to answer it."""
    scene.make_environment(".venv")
    told = play(
        """
        (driver-wait "the findings" (lambda () (driver-findings "not-installed")))
        (goto-char (flymake-diagnostic-beg (car (driver-findings "not-installed"))))
        (setq driver-answers (list "is missing from" "Install" nil))
        (call-interactively #'eglot-code-actions)
        (push (cons 'at-once (length driver-asked)) driver-told)
        (driver-wait "the message" (lambda () (= 3 (length driver-asked))))
        """
    )

    assert 1 == told["at-once"]
    assert {"flask-3.1.0", "werkzeug-3.1.3"} == scene.installed()


def test_question_that_fails(scene: Scene, play: Play) -> None:
    """Whatever ends a question without an answer, the command comes to its end."""
    told = play(
        """
        (setq driver-answers nil)
        (push (cons 'is-over (null (driver-run "createEnvironment" '(:dryRun t)))) driver-told)
        """
    )

    assert 1 == len(told["asked"])
    assert not scene.environment.exists()
