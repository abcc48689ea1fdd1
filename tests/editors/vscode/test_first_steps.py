"""Somebody who has the extension and a Python, and has read nothing."""

from __future__ import annotations

import os
import socket
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.editors.vscode.projects import installed
from tests.editors.vscode.workbench import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.editors.vscode.conftest import Maker, Opener

pytestmark = [pytest.mark.editor, pytest.mark.slow, pytest.mark.network]

APP = """\
from flask import Flask

app = Flask(__name__)


@app.get("/")
def greet():
    return "Hello from Flask"
"""


def test_from_an_empty_folder_to_a_running_app(
    window: Opener, new_server: Maker, tmp_path: Path
) -> None:
    """An environment, Flask in it, a file, a terminal: the app answers; no uv is needed."""
    project = tmp_path / "hello"
    project.mkdir()
    # The machine's own ways to the package index, and not the index on loopback.
    ways = {name: os.environ.get(name) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")}
    ways |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    server = new_server(
        variables={"PIP_INDEX_URL": None, "PIP_CONFIG_FILE": None, **ways},
        settings={"security.workspace.trust.enabled": False},
    )
    wb = window(project, on=server)
    wb.screenshot("flask-1-empty-folder")
    wb.run("pinfold.createEnvironment")
    expect(wb.item("Python 3.").first).to_be_visible()
    wb.screenshot("flask-2-which-python")
    wb.press("Enter")
    expect(wb.dialog()).to_be_visible()
    wb.screenshot("flask-3-plan")
    wb.press("Enter")
    expect(wb.notification("Created")).to_be_visible()
    wb.screenshot("flask-4-created")

    wb.run("pinfold.installPackages")
    wb.answer("flask")
    expect(wb.dialog()).to_contain_text("flask", ignore_case=True)
    wb.screenshot("flask-5-what-would-be-installed")
    wb.press("Enter")
    expect(wb.notification("added")).to_be_visible()
    wb.screenshot("flask-6-installed")

    wb.new_file("app.py")
    wb.write(APP)
    expect(wb.status(".venv")).to_be_visible()
    wb.screenshot("flask-7-app")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    wb.in_terminal(f"flask run --port {port}")
    eventually(lambda: _page(port), "the app answers")
    wb.screenshot("flask-8-running")

    assert "Hello from Flask" == _page(port)
    assert "Flask" in installed(project / ".venv")


def _page(port: int) -> str:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
        answer: bytes = page.read()
        return answer.decode()
    return ""
