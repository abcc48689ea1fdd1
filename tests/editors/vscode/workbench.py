"""One window of a VS Code, driven as a person does it: by keys and by what is on the screen.

Owns how its widgets are found and waited for. Every wait ends with an event or when something is on
the screen, and has a deadline. Knows Pinfold by its commands' ids only: their titles are read from
the extension that is installed.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

from playwright.sync_api import Error, Locator, Page, expect

from tests.editors.vscode.marked import LOOK_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

WAIT_S = 60.0
"""Long, as the machine may be busy: a test fails by it, and never waits for it."""

expect.set_options(timeout=WAIT_S * 1000)

SCREENSHOTS = "screenshots"

_NO_POINTER = """
for (const kind of ["pointerdown", "pointerup", "mousedown", "mouseup", "click", "dblclick"]) {
    window.addEventListener(kind, (event) => {
        const isOfKey = kind === "click" && event.detail === 0;
        if (event.isTrusted && !isOfKey) {
            event.stopImmediatePropagation();
            event.preventDefault();
        }
    }, true);
}
"""

_INPUT = ".quick-input-widget .quick-input-filter input"
_ROWS = ".quick-input-widget .quick-input-list .monaco-list-row"

_NOTIFICATIONS = ":is(.notifications-toasts, .notifications-center) .monaco-list-row"


def eventually(condition: Callable[[], object], expected: str, deadline_s: float = WAIT_S) -> None:
    """Wait until *condition* holds, for what tells nobody that it has changed: disk, processes."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, f"it has never come to this: {expected}"
        time.sleep(LOOK_S)


class Workbench:
    """A window; *extension* is the folder of the installed extension, *shots* for screenshots."""

    def __init__(self, page: Page, extension: Path, shots: Path) -> None:
        self.page = page
        manifest = json.loads((extension / "package.json").read_text(encoding="utf-8"))
        self._titles = dict(_titles(manifest["contributes"]["commands"]))
        self._view = manifest["contributes"]["views"]["explorer"][0]["name"]
        self._shots = shots
        self.console: list[str] = []
        page.set_default_timeout(WAIT_S * 1000)
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.console.append(f"page error: {error}"))

    def open(self, address: str, file: str = "") -> None:
        """Go to *address*, and wait until the window can be used, with *file* in it if any."""
        self.page.goto(address)
        expect(self.page.locator(".monaco-workbench")).to_be_visible()
        # Shown at the same moment at which the commands of extensions get into the palette.
        expect(self.page.locator(".pane-header", has_text=self._view)).to_be_visible()
        if file:
            self._wait_for_file(file)

    def has_folders(self) -> bool:
        """Return whether the explorer shows folders by now, or says that there are none."""
        none = self.page.locator(".pane-header", has_text="No Folder Opened")
        expect(
            none.or_(self.page.locator(".explorer-folders-view [role=treeitem]")).first
        ).to_be_visible()
        return not none.is_visible()

    # What a person does.

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def forbid_pointer(self) -> None:
        """From now on, no pointer does anything: what needs one never happens."""
        self.page.evaluate(_NO_POINTER)

    def palette(self, text: str) -> None:
        """Run the command of the palette that is called *text*."""
        self.press("F1")
        self.page.locator(_INPUT).fill(f">{text}")
        self.pick(text, exact=True)

    def run(self, command: str) -> None:
        """Run a command of Pinfold's from the palette, by its id."""
        self.palette(self.title(command))

    def title(self, command: str) -> str:
        """Return what the palette calls a command."""
        return self._titles[command]

    def item(self, text: str | re.Pattern[str], *, exact: bool = False) -> Locator:
        """Return the items of the open picker that have *text* in them."""
        rows = self.page.locator(_ROWS)
        if exact:
            assert isinstance(text, str)
            label = self.page.locator(".label-name", has_text=re.compile(f"^{re.escape(text)}$"))
            return rows.filter(has=label)
        return rows.filter(has_text=text)

    def items(self) -> list[str]:
        """Return the items of the open picker that are in sight, as they read."""
        rows = self.page.locator(_ROWS)
        expect(rows.first).to_be_visible()
        return [row.get_attribute("aria-label") or "" for row in rows.all()]

    def pick(self, text: str | re.Pattern[str], *, exact: bool = False) -> None:
        """Choose the first item with *text* in the open picker, once it is there."""
        item = self.item(text, exact=exact).first
        expect(item).to_be_visible()
        item.click()

    def answer(self, text: str) -> None:
        """Write *text* into the open picker or box, and press Enter."""
        field = self.page.locator(_INPUT)
        expect(field).to_be_visible()
        field.fill(text)
        self.press("Enter")

    def open_file(self, name: str) -> Locator:
        """Open a file of the workspace by its name, and return its editor."""
        folder, _, base = name.rpartition("/")
        self.press("Control+p")
        self.page.locator(_INPUT).fill(name)
        # A file of another folder may be there from before, until the text has been taken in.
        self.pick(re.compile(f"^{re.escape(base)}.*{re.escape(folder)}"))
        return self._wait_for_file(name)

    def new_file(self, name: str) -> Locator:
        """Make a file in the folder that is open, in the explorer, and return its editor."""
        explorer = self.page.locator(".explorer-folders-view")
        explorer.hover()
        self.page.get_by_role("button", name="New File...").click()
        field = explorer.locator(".explorer-item-edited input")
        expect(field).to_be_focused()
        field.fill(name)
        self.press("Enter")
        return self._wait_for_file(name)

    def _wait_for_file(self, name: str) -> Locator:
        base = name.rpartition("/")[2]
        expect(self.page.locator(".tab.active")).to_have_attribute("data-resource-name", base)
        editor = self.page.locator(".editor-group-container.active .monaco-editor").last
        # Its language is there only once extensions run.
        expect(editor.locator(".view-lines")).to_be_visible()
        editor.locator(".view-lines").click()
        return editor

    def write(self, text: str) -> None:
        """Write *text* in place of all that is in the active editor, and save it."""
        self.press("Control+a")
        self.page.keyboard.insert_text(text)
        self.save()

    def save(self) -> None:
        """Save the active editor, and wait until that is done."""
        self.press("Control+s")
        expect(self.page.locator(".tab.active.dirty")).to_have_count(0)

    def go_to_line(self, line: int) -> None:
        """Put the cursor on a line of the active editor, counted from 1."""
        self.press("Control+g")
        self.answer(f":{line}")

    def leave_lightbulbs(self) -> None:
        """Put the cursor on the last line of the active editor, an empty one, which never has one.

        So one that is there later is that of the line where the cursor went then.
        """
        self.press("Control+End")
        expect(self._lightbulb()).to_have_count(0)

    def open_lightbulb(self, text: str) -> Locator:
        """Open the lightbulb's menu at the cursor, and return what has *text* in it.

        :meth:`leave_lightbulbs` comes first, then whatever moves the cursor. VS Code itself asks
        for the line's actions a moment after that, and drops what a key has asked for meanwhile:
        the lightbulb shows that it has its answer.
        """
        expect(self._lightbulb()).to_have_count(1)
        self.press("Control+.")
        action = self.page.locator(".action-widget .monaco-list-row", has_text=text).first
        expect(action).to_be_visible()
        return action

    def _lightbulb(self) -> Locator:
        # Between two lines, or where there is no place beside the numbers of the lines.
        editor = self.page.locator(".editor-group-container.active .monaco-editor").last
        return editor.locator(
            ":is(.lightBulbWidget, .glyph-margin-widgets [class*=light-bulb])"
        ).filter(visible=True)

    def in_terminal(self, line: str) -> None:
        """Write a line into the active terminal, which is opened if there is none."""
        if self.page.locator(".terminal-wrapper.active").count() == 0:
            self.palette("Terminal: Create New Terminal")
        terminal = self.page.locator(".terminal-wrapper.active .xterm-screen")
        expect(terminal).to_be_visible()
        # A shell that says something is one that reads.
        rows = self.page.locator(".terminal-wrapper.active .xterm-rows")
        expect(rows).to_contain_text(re.compile(r"[$#%>]"))
        terminal.click()
        self.page.keyboard.insert_text(line)
        self.press("Enter")

    # What a person sees.

    def status(self, text: str | re.Pattern[str] = "") -> Locator:
        """Return Pinfold's items in the status bar that have *text* in them."""
        return self.page.locator('.statusbar-item[id*="pinfold" i]', has_text=text)

    def notification(self, text: str | re.Pattern[str] = "") -> Locator:
        """Return the first notification on the screen that has *text* in it."""
        return self.page.locator(_NOTIFICATIONS, has_text=text).first

    def show_notifications(self) -> None:
        """Open the list of notifications: one that is a while ago is there, and nowhere else."""
        self.palette("Notifications: Show Notifications")
        expect(self.page.locator(".notifications-center")).to_be_visible()

    def progress(self) -> Locator:
        """Return the notifications of what is under way."""
        items = self.page.locator(_NOTIFICATIONS)
        return items.filter(has=self.page.get_by_role("progressbar"))

    def press_button(self, button: str, text: str | re.Pattern[str] = "") -> None:
        """Press a button of the notification that has *text* in it, once it is there."""
        notification = self.notification(text)
        expect(notification).to_be_visible()
        notification.get_by_role("button", name=button, exact=True).click()

    def dialog(self) -> Locator:
        """Return the modal dialog."""
        return self.page.locator(".monaco-dialog-box")

    def press_in_dialog(self, button: str) -> None:
        """Press a button of the modal dialog, once it is there."""
        expect(self.dialog()).to_be_visible()
        self.dialog().get_by_role("button", name=button, exact=True).click()

    def squiggles(self) -> Locator:
        """Return the squiggles in the editors that are open."""
        return self.page.locator(".monaco-editor [class*='squiggly-']")

    def problems(self) -> Locator:
        """Open the panel of problems, and return its rows."""
        if not self.page.locator(".markers-panel").is_visible():
            self.press("Control+Shift+m")
            expect(self.page.locator(".markers-panel")).to_be_visible()
        return self.page.locator(".markers-panel .monaco-list-row")

    def problem(self, text: str | re.Pattern[str]) -> Locator:
        """Open the panel of problems, and return those with *text* in them."""
        return self.problems().filter(has_text=text)

    def text(self) -> str:
        """Return what is in sight of the active editor's text."""
        shown = self.page.locator(".editor-group-container.active .view-lines").last.inner_text()
        return shown.replace("\N{NO-BREAK SPACE}", " ")

    def terminal_text(self) -> str:
        """Return what is in sight of the active terminal."""
        rows = self.page.locator(".terminal-wrapper.active .xterm-rows").last.inner_text()
        return rows.replace("\N{NO-BREAK SPACE}", " ")

    def screenshot(self, name: str) -> Path:
        """Keep what is on the screen as a result of the build."""
        self._shots.mkdir(parents=True, exist_ok=True)
        path = self._shots / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def close(self) -> None:
        """Close the window, as closing the browser's tab does."""
        self.page.close(run_before_unload=False)


def _titles(commands: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    for command in commands:
        category = command.get("category")
        title = command["title"]
        yield command["command"], f"{category}: {title}" if category else title


__all__ = ["SCREENSHOTS", "WAIT_S", "Error", "Workbench", "eventually"]
