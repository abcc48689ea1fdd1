"""Discovery: order, merging, streaming, deadlines, the search of a workspace."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinfold.core import bug
from pinfold.core.environments import workspace_search
from pinfold.core.environments.discovery import (
    LOCATORS,
    MAX_THREADS,
    ORDER,
    Discovery,
    Inventory,
    environments_of,
    identify_prefix,
)
from pinfold.core.environments.inspector import Inspector, LeftOut
from pinfold.core.environments.locators.locator import Locator, short_hash
from pinfold.core.environments.places import NoRegistry, Surroundings, state_folder, this_machine
from pinfold.core.environments.workspace_search import (
    MAX_DEPTH,
    MAX_ENVIRONMENTS,
    MAX_IN_IGNORED,
    search_folder,
)
from pinfold.core.files import Listing, LocalFileSystem, MemoryFileSystem, StrPath, Unreadable
from pinfold.core.model.installation import Installation, InstallationKind
from tests.core.environments.conformance import (
    HOME,
    PROGRAM,
    Example,
    Forwarding,
    audited,
    base,
    conda_environment,
    filesystem_of,
    venv,
)
from tests.core.environments.examples import EXAMPLES
from tests.core.environments.hung_mount import hung_mount, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAIT_S = 30.0
_AROUND = Surroundings(home=HOME, projects=("/w",))


def searched(
    files: dict[str, bytes | str], root: str = "/w", left_out: list[LeftOut] | None = None
) -> list[str]:
    """Return the prefixes that a search of *root* finds."""
    noted = [] if left_out is None else left_out
    look = Inspector(_AROUND, filesystem_of(files), on_left_out=noted.append)
    return sorted(candidate.prefix for candidate in search_folder(root, look))


def found(files: dict[str, bytes | str], around: Surroundings = _AROUND) -> Inventory:
    """Return everything on a machine."""
    return Discovery(filesystem_of(files)).find(around, timeout_s=_WAIT_S)


def ids(inventory: Inventory) -> list[str]:
    """Return the identities in an inventory."""
    return [installation.id for installation in inventory.installations]


def test_every_position_has_its_reason() -> None:
    """The list says why each locator stands where it does, and names none twice."""
    assert all(placed.reason for placed in ORDER)
    assert len(ORDER) == len({placed.locator.name for placed in ORDER})


@pytest.mark.parametrize(
    "prefix",
    [
        "/w",
        "/w/.venv",
        "/w/venv",
        "/w/anything",
        "/w/a/b/c/d/e/f/.venv",
        "/w/.tox/py312",
        "/w/.nox/tests",
        "/w/.hatch/default",
        "/w/.direnv/python-3.12",
        "/w/a/.tox/py312",
        "/w/envs/x",
    ],
)
def test_search_finds(prefix: str) -> None:
    """An environment may be called anything and be anywhere."""
    assert [prefix] == searched(venv(prefix))


def test_search_finds_conda_and_pixi() -> None:
    """Those of conda, an install inside of the workspace with its own, those of pixi."""
    files = {
        **conda_environment("/w/.conda"),
        **conda_environment("/w/forge"),
        **conda_environment("/w/forge/envs/x"),
        **conda_environment("/w/.pixi/envs/default"),
    }

    assert ["/w/.conda", "/w/.pixi/envs/default", "/w/forge", "/w/forge/envs/x"] == searched(files)


@pytest.mark.parametrize(
    "prefix",
    [
        "/w/node_modules/x/.venv",
        "/w/.git/x",
        "/w/a/__pycache__/x",
        "/w/.cache/x",
        "/elsewhere/.venv",
    ],
)
def test_search_passes_over(prefix: str) -> None:
    """Where no environments are kept, nobody looks."""
    assert [] == searched({**venv(prefix), "/w/a/b.py": ""})


def test_search_does_not_go_into_environments() -> None:
    """What is inside of an environment is none of the workspace's."""
    assert ["/w/.venv"] == searched({**venv("/w/.venv"), **venv("/w/.venv/lib/inner/.venv")})


def test_ignored_folders_are_looked_at_but_not_searched() -> None:
    """An environment that git ignores is found, and one deep in an ignored folder is not."""
    files = {
        "/w/.git/HEAD": "",
        "/w/.gitignore": ".venv\nmyenv/\nbuild/\n.tox\ndata\n",
        **venv("/w/.venv"),
        **venv("/w/myenv"),
        **venv("/w/build/deep/.venv"),
        **venv("/w/.tox/py312"),
        "/w/data/x": "",
        "/w/pkg/.gitignore": "env\nout\n",
        **venv("/w/pkg/env"),
        **venv("/w/pkg/out/deep/venv"),
        **venv("/w/pkg/src/venv"),
    }

    assert ["/w/.tox/py312", "/w/.venv", "/w/myenv", "/w/pkg/env", "/w/pkg/src/venv"] == searched(
        files
    )


@pytest.mark.parametrize("name", [".venvs", "venvs", ".envs", "env", ".venv", "ignored"])
def test_environments_right_in_an_ignored_folder_are_found(name: str) -> None:
    """People collect them in folders that git ignores; who built or downloaded some does not."""
    files = {
        "/w/.git/HEAD": "",
        "/w/.gitignore": f"{name}/\n",
        **venv(f"/w/{name}/dev"),
        **conda_environment(f"/w/{name}/lab"),
        **_lost(f"/w/{name}/lost"),
        f"/w/{name}/.venv": "->/far/env",
        f"/w/{name}/link": "->/far/other",
        f"/w/{name}/plain/x": "",
        **venv("/far/env"),
        **venv("/far/other"),
        **venv(f"/w/{name}/deep/er"),
        **venv(f"/w/{name}/node_modules"),
        **venv(f"/w/pkg/{name}/dev"),
    }

    assert sorted(
        [
            f"/w/{name}/.venv",
            f"/w/{name}/dev",
            f"/w/{name}/lab",
            f"/w/{name}/lost",
            f"/w/pkg/{name}/dev",
        ]
    ) == searched(files)


def test_an_ignored_environment_is_not_looked_into() -> None:
    """What stands in an environment is its own, be that an environment too."""
    files = {"/w/.gitignore": "/q\n", **venv("/w/q"), **venv("/w/q/lib")}

    assert ["/w/q"] == searched(files)


def test_what_is_built_is_not_walked() -> None:
    """Of an ignored folder only its own names are listed, however much is below."""
    files = {
        "/w/.gitignore": "build/\n",
        **{f"/w/build/part{index}/bin/f{index}": "" for index in range(50)},
        **venv("/w/build/.venv"),
    }
    listed: list[str] = []

    class Lister(Forwarding):
        def scan(self, directory: StrPath) -> Listing | Unreadable:
            listed.append(str(directory))
            return super().scan(directory)

        def names(self, directory: StrPath) -> list[str] | Unreadable:
            listed.append(str(directory))
            return super().names(directory)

    look = Inspector(_AROUND, Lister(filesystem_of(files)))
    prefixes = [one.prefix for one in search_folder("/w", look)]

    assert ["/w/build/.venv"] == prefixes
    assert ["/w", "/w/build"] == listed


def test_an_ignored_folder_of_very_many_is_asked_for_usual_names_only() -> None:
    """So many are built; nobody collects as many environments."""
    many = {f"/w/out/d{index}/x": "" for index in range(MAX_IN_IGNORED - 1)}
    files = {"/w/.gitignore": "out\n", **many, **venv("/w/out/dev")}

    assert ["/w/out/dev"] == searched(files)
    assert ["/w/out/venv"] == searched({**files, **venv("/w/out/venv")})


def test_very_many_ignored_folders_are_asked_for_usual_names_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What all of them hold is bounded too."""
    monkeypatch.setattr(workspace_search, "MAX_IN_ALL_IGNORED", 20)
    files = {
        "/w/.gitignore": "out\n",
        **{f"/w/{index}/out/d{inner}/x": "" for index in range(5) for inner in range(5)},
        **venv("/w/0/out/dev"),
        **venv("/w/4/out/dev"),
        **venv("/w/4/out/.venv"),
    }

    assert ["/w/0/out/dev", "/w/4/out/.venv"] == searched(files)


def test_an_environment_without_its_configuration_is_found() -> None:
    """Where it certainly was one, and be a folder or a circle in the place of the file."""
    files = {
        **_lost("/w/lost"),
        **_lost("/w/folder"),
        "/w/folder/pyvenv.cfg/x": "",
        **_lost("/w/circle"),
        "/w/circle/pyvenv.cfg": "->pyvenv.cfg",
        "/w/no-packages/bin/activate": _ACTIVATES,
        "/w/no-packages/bin/python": PROGRAM,
        "/w/no-python/bin/activate": _ACTIVATES,
        "/w/no-python/lib/python3.12/site-packages/x": "",
    }

    assert ["circle", "folder", "lost", "no-packages", "no-python"] == [
        Path(prefix).name for prefix in searched(files)
    ]
    lost = next(one for one in found(files).installations if one.prefix.name == "lost")
    assert (InstallationKind.VENV, "3.12.4", False) == (lost.kind, lost.version, lost.is_base)


def test_random_folders_are_no_environments() -> None:
    """What has some of it only may be anything."""
    files: dict[str, bytes | str] = {
        "/w/scripts/bin/activate": _ACTIVATES,
        "/w/other/bin/activate": "source ../env.sh\n",
        "/w/other/bin/python": PROGRAM,
        "/w/tool/bin/python": PROGRAM,
        "/w/tool/lib/python3.12/site-packages/x": "",
        "/w/base/bin/activate": _ACTIVATES,
        "/w/base/bin/python": PROGRAM,
        "/w/base/lib/python3.12/os.py": "",
        "/w/circle/pyvenv.cfg": "->pyvenv.cfg",
        **venv("/w/circle/inner"),
    }

    assert ["/w/circle/inner"] == searched(files)


def test_a_virtualenv_before_20_is_found() -> None:
    """It has no pyvenv.cfg; its standard library leads to that of its base."""
    files: dict[str, bytes | str] = {
        "/w/fresh/bin/activate": _ACTIVATES,
        "/w/fresh/bin/activate_this.py": "",
        "/w/fresh/bin/python": PROGRAM,
        "/w/fresh/bin/python3.6": PROGRAM,
        "/w/fresh/lib/python3.6/os.py": "",
        "/w/fresh/lib/python3.6/orig-prefix.txt": "/opt/python",
        "/w/fresh/lib/python3.6/site-packages/x": "",
    }

    assert ["/w/fresh"] == searched(files)
    assert [(InstallationKind.VIRTUALENV, "/w/fresh")] == [
        (one.kind, str(one.prefix)) for one in found(files).installations
    ]


_ACTIVATES = "VIRTUAL_ENV=/somewhere\n"


def _lost(prefix: str) -> dict[str, bytes | str]:
    """Return the files of a virtual environment that has lost its ``pyvenv.cfg``."""
    files = {**base("/opt/python", "3.12.4"), **venv(prefix), f"{prefix}/bin/activate": _ACTIVATES}
    del files[f"{prefix}/pyvenv.cfg"]
    return files


def test_an_inner_repository_has_its_own_ignored_folders() -> None:
    """What the outer one ignores says nothing of the inner one."""
    files = {
        "/w/.git/HEAD": "",
        "/w/.gitignore": "out\n",
        "/w/inner/.git/HEAD": "",
        **venv("/w/inner/out/x/venv"),
    }

    assert ["/w/inner/out/x/venv"] == searched(files)


def test_links_are_not_followed_in_circles() -> None:
    """A link that is called like an environment is looked at, any other is not."""
    files = {
        "/w/a/loop": "->/w",
        "/w/a/.venv": "->/w/a/.venv",
        "/w/b/.venv": "->/far/env",
        "/w/c/up": "->..",
        **venv("/far/env"),
        **venv("/w/c/venv"),
    }

    assert ["/w/b/.venv", "/w/c/venv"] == searched(files)


def test_a_venv_file_leads_to_an_environment() -> None:
    """uv writes one for an environment that it keeps elsewhere."""
    files: dict[str, bytes | str] = {"/w/.venv": "/far/env\n", **venv("/far/env")}

    assert ["/far/env"] == searched(files)


def test_search_is_bounded_in_depth() -> None:
    """Beyond a depth nobody goes, and that is said."""
    left_out: list[LeftOut] = []
    deep = "/w" + "/d" * (MAX_DEPTH + 2)

    assert [] == searched(venv(f"{deep}/.venv"), left_out=left_out)
    assert 1 == len(left_out)


def test_search_is_bounded_in_time() -> None:
    """A search that takes too long ends, with what it found until then."""
    left_out: list[LeftOut] = []
    files = {**venv("/w/.venv"), **{f"/w/d{index}/x": "" for index in range(100)}}
    look = Inspector(_AROUND, filesystem_of(files), on_left_out=left_out.append)
    prefixes = [one.prefix for one in search_folder("/w", look, max_seconds=-1.0)]

    assert prefixes in ([], ["/w/.venv"])
    assert ["/w"] == [one.path for one in left_out]


def test_search_is_bounded_in_number(tmp_path: Path) -> None:
    """More environments than anybody has are not listed, and that is said."""
    for index in range(MAX_ENVIRONMENTS + 50):
        (tmp_path / str(index)).mkdir()
        (tmp_path / str(index) / "pyvenv.cfg").write_bytes(b"")
    left_out: list[LeftOut] = []
    look = Inspector(Surroundings(), LocalFileSystem(), on_left_out=left_out.append)
    count = sum(1 for _ in search_folder(str(tmp_path), look))

    assert MAX_ENVIRONMENTS == count
    assert 1 == len(left_out)


def test_ten_thousand_folders_beside_each_other(tmp_path: Path) -> None:
    """They are all looked into."""
    for index in range(10_000):
        (tmp_path / f"d{index}").mkdir()
    (tmp_path / "d9999" / "env").mkdir()
    (tmp_path / "d9999" / "env" / "pyvenv.cfg").write_bytes(b"")
    look = Inspector(Surroundings(), LocalFileSystem())

    assert [f"{tmp_path}/d9999/env"] == [one.prefix for one in search_folder(str(tmp_path), look)]


def test_strange_names_are_kept(tmp_path: Path) -> None:
    """A path may hold a newline, quotes, and bytes that are no UTF-8."""
    names = [b"a\nb", b'it\'s "so"', b"\xff\xfe", b" "]
    for name in names:
        folder = tmp_path / os.fsdecode(name) / ".venv"
        folder.mkdir(parents=True)
        (folder / "pyvenv.cfg").write_bytes(b"version = 3.12.1\n")
    inventory = Discovery(LocalFileSystem()).find(Surroundings(projects=(str(tmp_path),)))
    own = [one for one in inventory.installations if one.prefix.is_relative_to(tmp_path)]

    assert sorted(names) == sorted(os.fsencode(one.prefix.parent.name) for one in own)


def test_folder_that_is_foreign_is_not_searched() -> None:
    """On WSL, a search of a drive of Windows would take minutes."""
    left_out: list[LeftOut] = []
    around = Surroundings(home=HOME, is_wsl=True)
    look = Inspector(around, filesystem_of(venv("/mnt/c/w/.venv")), on_left_out=left_out.append)

    assert [] == list(search_folder("/mnt/c/w", look))
    assert ["/mnt/c/w"] == [one.path for one in left_out]


def test_everything_at_once() -> None:
    """All locators, the search and what is activated give one list, sorted, each only once."""
    files = {
        **base(f"{HOME}/.pyenv/versions/3.12.4", "3.12.4"),
        **venv("/w/.venv", home=f"{HOME}/.pyenv/versions/3.12.4/bin"),
        **venv("/far/active"),
        **conda_environment(f"{HOME}/miniconda3"),
    }
    around = Surroundings(
        home=HOME,
        projects=("/w",),
        variables={
            "VIRTUAL_ENV": "/far/active",
            "PATH": f"/far/active/bin:{HOME}/.pyenv/versions/3.12.4/bin",
        },
    )
    inventory = found(files, around)

    assert inventory.is_complete
    assert [
        ("/far/active", InstallationKind.VENV),
        (f"{HOME}/.pyenv/versions/3.12.4", InstallationKind.PYENV),
        (f"{HOME}/miniconda3", InstallationKind.CONDA),
        ("/w/.venv", InstallationKind.VENV),
    ] == [(one.id, one.kind) for one in inventory.installations]


def test_first_that_recognises_has_it() -> None:
    """pyenv's interpreter is on PATH as well, and stays pyenv's."""
    prefix = f"{HOME}/.pyenv/versions/3.12.4"
    around = Surroundings(home=HOME, variables={"PATH": f"{prefix}/bin"})
    inventory = found(base(prefix, "3.12.4"), around)

    assert [InstallationKind.PYENV] == [one.kind for one in inventory.installations]


@pytest.mark.parametrize(
    ("pyproject", "expected"),
    [
        ("[tool.poetry]\nname = 'a'\n", InstallationKind.POETRY),
        ("[project]\nname = 'poetry-reader'\n", InstallationKind.VIRTUALENV),
        ("[tool]\npoetry = 1\n", InstallationKind.VIRTUALENV),
        ("[tool.poetry\n", InstallationKind.VIRTUALENV),
    ],
)
def test_only_a_table_of_poetry_makes_a_project_its_own(
    pyproject: str, expected: InstallationKind
) -> None:
    """A file that merely has the word in it is another tool's."""
    files: dict[str, bytes | str] = {
        "/w/pyproject.toml": pyproject,
        "/w/.venv/pyvenv.cfg": "home = /usr/bin\nvirtualenv = 20.26.6\nversion = 3.11.2\n",
    }

    assert [expected] == [one.kind for one in found(files).installations]


def test_two_paths_to_one_folder_are_one_installation() -> None:
    """The folder's own path is the identity, the link to it an alias; never its Python's."""
    files = {**venv("/w/z/.venv"), "/w/a/.venv": "->/w/z/.venv", "/w/b/.venv": "->/w/z/.venv"}
    inventory = found(files)

    assert ["/w/z/.venv"] == ids(inventory)
    assert (Path("/w/a/.venv"), Path("/w/b/.venv")) == inventory.installations[0].aliases


def test_a_link_is_the_identity_if_nothing_else_leads_there() -> None:
    """The path that the user knows is kept; links are not resolved."""
    files = {**venv("/far/env"), "/w/.venv": "->/far/env"}

    assert ["/w/.venv"] == ids(found(files))


def test_bin_that_leads_to_usr_bin() -> None:
    """Debian's /bin is a link, so its interpreters are those of /usr."""
    files = {**base("/usr", "3.11.2"), "/bin": "->usr/bin"}
    around = Surroundings(variables={"PATH": "/bin:/usr/bin"})
    inventory = found(files, around)

    assert ["/usr"] == ids(inventory)
    assert Path("/bin/python") == inventory.installations[0].executable


def test_several_interpreters_at_one_prefix() -> None:
    """The usual one has the prefix as its identity, any other its executable."""
    files = {**base("/usr", "3.11.2"), **base("/usr", "3.12.1")}
    files["/usr/bin/python3"] = "->python3.11"
    inventory = found(files, Surroundings())

    assert [("/usr", "3.11.2"), ("/usr/bin/python3.12", "3.12.1")] == [
        (one.id, one.version) for one in inventory.installations
    ]


def test_ids_are_equal_over_a_hundred_refreshes() -> None:
    """Neither a refresh nor a new start changes an identity."""
    files: dict[str, bytes | str] = {}
    for example in EXAMPLES:
        files |= example.files
    files |= venv("/w/.venv")
    around = Surroundings(home=HOME, projects=("/w", f"{HOME}/code/shop"))
    filesystem = filesystem_of(files)
    discovery = Discovery(filesystem)
    first = discovery.find(around, timeout_s=_WAIT_S)
    for _ in range(50):
        assert first == discovery.find(around, timeout_s=_WAIT_S)
    for _ in range(5):
        assert first == Discovery(filesystem).find(around, timeout_s=_WAIT_S)


class _Counting(Forwarding):
    """Counts what is read."""

    def __init__(self, inner: MemoryFileSystem) -> None:
        super().__init__(inner)
        self.reads = 0

    def scan(self, directory: StrPath) -> Listing | Unreadable:
        """List a folder."""
        self.reads += 1
        return self.inner.scan(directory)


def test_what_has_not_changed_is_not_read_again() -> None:
    """A refresh looks only whether anything changed."""
    inner = filesystem_of({**venv("/w/.venv"), **base(f"{HOME}/.pyenv/versions/3.12.4", "3.12.4")})
    filesystem = _Counting(inner)
    discovery = Discovery(filesystem)
    first = discovery.find(_AROUND, timeout_s=_WAIT_S)
    reads = filesystem.reads
    again = discovery.find(_AROUND, timeout_s=_WAIT_S)

    assert (reads, first) == (filesystem.reads, again)


def test_what_changes_is_seen() -> None:
    """A new environment, one that is gone, and one whose settings changed."""
    filesystem = filesystem_of({**venv("/w/.venv"), "/w/a/x": ""})
    discovery = Discovery(filesystem)
    assert ["/w/.venv"] == ids(discovery.find(_AROUND, timeout_s=_WAIT_S))
    filesystem.write("/w/a/.venv/pyvenv.cfg", "version = 3.11.1")
    assert ["/w/.venv", "/w/a/.venv"] == ids(discovery.find(_AROUND, timeout_s=_WAIT_S))
    filesystem.write("/w/a/.venv/pyvenv.cfg", "version = 3.11.2")
    inventory = discovery.find(_AROUND, timeout_s=_WAIT_S)
    assert "3.11.2" == inventory.installations[1].version
    filesystem.remove("/w/.venv")
    assert ["/w/a/.venv"] == ids(discovery.find(_AROUND, timeout_s=_WAIT_S))


def test_results_are_told_as_they_come() -> None:
    """Each is told once, and again if more becomes known of it."""
    told: list[Installation] = []
    prefix = f"{HOME}/.pyenv/versions/3.12.4"
    around = Surroundings(home=HOME, projects=("/w",), variables={"PATH": f"{prefix}/bin"})
    files = {**base(prefix, "3.12.4"), **venv("/w/.venv")}
    search = Discovery(filesystem_of(files)).start(around, on_found=told.append)
    inventory = search.wait(_WAIT_S)

    assert ids(inventory) == sorted(one.id for one in told)


def _hanging(name: str, until: threading.Event, begun: threading.Event) -> Locator:
    def locate(look: Inspector) -> Iterator[Installation]:
        yield Installation(Path(f"/before/{name}"), InstallationKind.OTHER, is_base=True)
        begun.set()
        until.wait(_WAIT_S)
        yield Installation(Path(f"/after/{name}"), InstallationKind.OTHER, is_base=True)

    return Locator(name, {InstallationKind.OTHER: "nothing"}, locate=locate)


def test_a_locator_that_hangs_loses_only_itself() -> None:
    """The others answer, what it said before counts, and so does what it says after all."""
    until, begun = threading.Event(), threading.Event()
    locators = (_hanging("one", until, begun), *LOCATORS, _hanging("two", until, begun))
    files = {**venv("/w/.venv"), **base(f"{HOME}/.pyenv/versions/3.12.4", "3.12.4")}
    after = threading.Event()

    def on_found(installation: Installation) -> None:
        if installation.id == "/after/two":
            after.set()

    discovery = Discovery(filesystem_of(files), locators=locators, deadline_s=1.0)
    search = discovery.start(_AROUND, on_found=on_found)
    inventory = search.wait(_WAIT_S)

    assert ["/before/one", "/before/two", f"{HOME}/.pyenv/versions/3.12.4", "/w/.venv"] == ids(
        inventory
    )
    assert not inventory.is_complete
    assert {"one", "two"} == {silence.locator for silence in inventory.silent}
    until.set()
    assert after.wait(_WAIT_S)
    assert "/after/two" in ids(search.inventory())


class _HangingAt(Forwarding):
    """A file system of which one folder does not answer."""

    def __init__(self, inner: MemoryFileSystem, folder: str, until: threading.Event) -> None:
        super().__init__(inner)
        self._folder = folder
        self._until = until

    def before(self, path: StrPath) -> None:
        """Wait at that folder."""
        text = os.fspath(path)
        if text == self._folder or text.startswith(self._folder + "/"):
            self._until.wait(_WAIT_S)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.kept], ids=lambda e: e.name)
def test_a_folder_that_hangs_costs_only_its_own_kinds(example: Example) -> None:
    """Wherever a locator looks, the search of the workspace goes on."""
    assert example.kept is not None
    until = threading.Event()
    files = {**example.files, **venv("/elsewhere/.venv")}
    filesystem = _HangingAt(filesystem_of(files), example.kept, until)
    around = Surroundings(
        home=example.surroundings.home,
        variables=example.surroundings.variables,
        platform=example.surroundings.platform,
        projects=(*example.surroundings.projects, "/elsewhere"),
    )
    inventory = Discovery(filesystem, deadline_s=0.2).find(around, timeout_s=_WAIT_S)
    until.set()

    assert "/elsewhere/.venv" in ids(inventory)
    assert inventory.silent


@pytest.mark.slow
@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
def test_a_mount_that_hangs_costs_only_its_own_kinds(tmp_path: Path) -> None:
    """A real one, of FUSE: where pyenv keeps its interpreters, nobody answers."""
    (tmp_path / ".pyenv" / "versions").mkdir(parents=True)
    (tmp_path / "code" / ".venv").mkdir(parents=True)
    (tmp_path / "code" / ".venv" / "pyvenv.cfg").write_text("version = 3.12.1\n")
    around = Surroundings(home=str(tmp_path), projects=(str(tmp_path / "code"),))
    with hung_mount(tmp_path / ".pyenv" / "versions", takes_requests=True):
        discovery = Discovery(LocalFileSystem(), deadline_s=0.5)
        inventory = discovery.find(around, timeout_s=_WAIT_S)

    assert f"{tmp_path}/code/.venv" in ids(inventory)
    assert ["pyenv"] == [silence.locator for silence in inventory.silent]
    assert f"{tmp_path}/.pyenv/versions" in inventory.silent[0].reason


def test_a_locator_that_fails_is_reported_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug in one of them is said once, in the log and in the inventory."""
    monkeypatch.delenv(bug.STRICT_VARIABLE, raising=False)

    def locate(look: Inspector) -> Iterator[Installation]:
        raise ZeroDivisionError
        yield

    broken = Locator("broken", {InstallationKind.OTHER: "nothing"}, locate=locate)
    discovery = Discovery(filesystem_of(venv("/w/.venv")), locators=(broken, *LOCATORS))
    first = discovery.find(_AROUND, timeout_s=_WAIT_S)
    discovery.find(_AROUND, timeout_s=_WAIT_S)

    assert ["/w/.venv"] == ids(first)
    assert ["broken"] == [silence.locator for silence in first.silent]
    assert 1 == sum("(broken)" in record.getMessage() for record in caplog.records)


def test_a_search_can_be_cancelled() -> None:
    """Nothing is told after that, and nobody waits."""
    until, begun = threading.Event(), threading.Event()
    told: list[Installation] = []
    locators = (_hanging("one", until, begun), *LOCATORS)
    discovery = Discovery(filesystem_of(venv("/w/.venv")), locators=locators)
    search = discovery.start(_AROUND, on_found=told.append)
    assert begun.wait(_WAIT_S)
    search.cancel()
    until.set()
    inventory = search.wait(_WAIT_S)

    assert not inventory.is_complete
    assert "/after/one" not in [one.id for one in told]


def test_named_prefix() -> None:
    """What `--env` names is judged by the same list."""
    filesystem = filesystem_of(
        {
            **venv("/x/.tox/py312"),
            **base("/opt/py312", "3.12.4"),
            **base(f"{HOME}/.pyenv/versions/3.11.1", "3.11.1"),
            "/empty/x": "",
        }
    )
    kinds = [
        None if one is None else (one.kind, one.is_base, one.version)
        for one in (
            identify_prefix(Path(path), Surroundings(home=HOME), filesystem)
            for path in (
                "/x/.tox/py312",
                "/opt/py312",
                f"{HOME}/.pyenv/versions/3.11.1",
                "/empty",
                "/missing",
            )
        )
    ]

    assert [
        (InstallationKind.TOX, False, "3.12.4"),
        (InstallationKind.SYSTEM, True, "3.12.4"),
        (InstallationKind.PYENV, True, "3.11.1"),
        None,
        None,
    ] == kinds


def test_environments_of_a_project() -> None:
    """What tools keep elsewhere for a project, that which they would use first."""
    poetry = f"{HOME}/.cache/pypoetry/virtualenvs"
    name = f"shop-{short_hash('/p')}"
    files = {
        "/p/pyproject.toml": '[project]\nname = "shop"\n',
        "/p/Pipfile": "",
        "/p/.pdm-python": f"{HOME}/pdm/bin/python",
        **venv(f"{HOME}/pdm"),
        **venv(f"{poetry}/{name}-py3.11", "3.11.1"),
        **venv(f"{poetry}/{name}-py3.12"),
        f"{poetry}/envs.toml": f'[{name}]\nminor = "3.12"\n',
        **venv(f"{HOME}/.local/share/virtualenvs/p-AbCd_-12"),
        f"{HOME}/.local/share/virtualenvs/p-AbCd_-12/.project": "/p",
        **venv(f"{HOME}/.local/share/hatch/env/virtual/shop/{short_hash('/p')}/docs"),
        **venv(f"{HOME}/.local/share/hatch/env/virtual/shop/{short_hash('/p')}/shop"),
    }
    kept = list(environments_of(Path("/p"), Surroundings(home=HOME), filesystem_of(files)))

    assert [
        f"{HOME}/pdm",
        f"{poetry}/{name}-py3.12",
        f"{poetry}/{name}-py3.11",
        f"{HOME}/.local/share/virtualenvs/p-AbCd_-12",
        f"{HOME}/.local/share/hatch/env/virtual/shop/{short_hash('/p')}/shop",
        f"{HOME}/.local/share/hatch/env/virtual/shop/{short_hash('/p')}/docs",
    ] == [one.id for one in kept]
    assert {Path("/p")} == {one.project for one in kept}


def test_search_path() -> None:
    """Relative, missing, empty, quoted and duplicate entries of PATH."""
    around = Surroundings(home=HOME, variables={"PATH": 'a:.::/b:/b/:"/c":/b/../d:/b'})

    assert ["/b", "/c", "/d"] == list(around.search_path())


def test_folders_by_platform() -> None:
    """Where programs keep data is a matter of the platform and of variables."""
    linux = Surroundings(home="/h")
    named = Surroundings(home="/h", variables={"XDG_DATA_HOME": "/x", "XDG_CACHE_HOME": "relative"})
    mac = Surroundings(home="/h", platform="darwin")
    windows = Surroundings(home="/h", platform="win32")
    nobody = Surroundings()

    assert [
        "/h/.local/share/p",
        "/x/p",
        "/h/.cache/p",
        "/h/Library/Application Support/p",
        "/h/Library/Caches/p",
        "/h/AppData/Local/p",
        "/h/AppData/Local/p/Cache",
        None,
    ] == [
        linux.native_data("p"),
        named.native_data("p"),
        named.native_cache("p"),
        mac.native_data("p"),
        mac.native_cache("p"),
        windows.native_config("p"),
        windows.native_cache("p"),
        nobody.native_data("p"),
    ]


def test_registry_of_other_systems_is_empty() -> None:
    """There is none, and asking it does no harm."""
    assert ([], None) == (NoRegistry().subkeys("x"), NoRegistry().value("x", ""))


def test_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A variable names it, if it names an absolute path."""
    monkeypatch.setenv("PINFOLD_STATE_DIR", str(tmp_path))
    assert tmp_path == state_folder()
    monkeypatch.setenv("PINFOLD_STATE_DIR", "relative")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder().is_absolute()


def test_real_machine_without_a_process() -> None:
    """On this machine nothing is started or connected to."""
    discovery = Discovery(LocalFileSystem())
    with audited() as events:
        inventory = discovery.find(this_machine(), timeout_s=_WAIT_S)

    assert inventory.is_complete
    assert [] == [
        event for event in events if not event.startswith(("open", "os.listdir", "os.scandir"))
    ]


def test_a_folder_of_the_workspace_that_hangs_costs_only_itself() -> None:
    """The search goes on around it, and says that it was left out."""
    until = threading.Event()
    files = {**venv("/w/a/.venv"), "/w/hung/x": "", **venv("/w/z/deep/.venv")}
    filesystem = _HangingAt(filesystem_of(files), "/w/hung", until)
    inventory = Discovery(filesystem, deadline_s=0.2).find(_AROUND, timeout_s=_WAIT_S)
    until.set()

    assert ["/w/a/.venv", "/w/z/deep/.venv"] == ids(inventory)
    assert [LeftOut("/w/hung", "does not answer")] == list(inventory.left_out)
    assert ["the search of /w"] == [silence.locator for silence in inventory.silent]


def test_a_base_that_hangs_costs_only_what_it_would_say() -> None:
    """An environment whose interpreter is on a silent drive is listed, with what it says itself."""
    until = threading.Event()
    files = {**venv("/w/.venv", home="/far/bin"), "/far/bin/python3.12": b"\x7fELF"}
    filesystem = _HangingAt(filesystem_of(files), "/far", until)
    inventory = Discovery(filesystem, deadline_s=0.2).find(_AROUND, timeout_s=_WAIT_S)
    until.set()

    assert [("/w/.venv", "3.12.4", Path("/far/bin/python3.12"))] == [
        (one.id, one.version, one.real_executable) for one in inventory.installations
    ]


def test_when_everything_hangs_nobody_waits_for_ever() -> None:
    """More locators than there are threads, none of which comes back."""
    until = threading.Event()
    locators = tuple(
        _hanging(str(number), until, threading.Event()) for number in range(MAX_THREADS + 5)
    )
    discovery = Discovery(MemoryFileSystem(), locators=locators, deadline_s=0.01)
    inventory = discovery.find(Surroundings(), timeout_s=_WAIT_S)
    until.set()

    assert len(locators) == len(inventory.silent)
    assert not inventory.is_complete


def test_a_bug_is_seen_in_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where bugs raise, a thread has nobody to raise to: the inventory says what it was."""
    monkeypatch.setenv(bug.STRICT_VARIABLE, "1")

    def locate(look: Inspector) -> Iterator[Installation]:
        raise ZeroDivisionError
        yield

    broken = Locator("broken", {InstallationKind.OTHER: "nothing"}, locate=locate)
    discovery = Discovery(MemoryFileSystem(), locators=(broken,))
    inventory = discovery.find(Surroundings(), timeout_s=_WAIT_S)

    assert ["it failed: ZeroDivisionError()"] == [silence.reason for silence in inventory.silent]


def test_nothing_is_looked_for_after_a_cancel() -> None:
    """What is queued is dropped."""
    until, begun = threading.Event(), threading.Event()
    locators = (_hanging("one", until, begun), _hanging("two", until, begun))
    search = Discovery(MemoryFileSystem(), locators=locators).start(Surroundings())
    assert begun.wait(_WAIT_S)
    search.cancel()
    until.set()

    assert ["/before/one"] == ids(search.wait(_WAIT_S))
