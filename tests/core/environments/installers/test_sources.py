from __future__ import annotations

from pathlib import Path

import pytest

from pinfold.core.environments.installers.installer import Sources, Wanted, target_of
from pinfold.core.environments.installers.sources import DEFAULT, SourceReader
from pinfold.core.environments.places import Surroundings
from pinfold.core.files import MemoryFileSystem
from pinfold.core.model.plan import IndexUse

PIP = "/home/me/.config/pip/pip.conf"
UV = "/home/me/.config/uv/uv.toml"
TARGET = target_of(Path("/project/.venv"), windows=False)


def reader(files: dict[str, str] | None = None, **variables: str) -> SourceReader:
    """Return what reads a machine with these files and variables."""
    surroundings = Surroundings("/home/me", variables, "linux")
    content: dict[str, str | bytes] = dict(files or {})
    return SourceReader(surroundings, MemoryFileSystem(content), Path("/project"))


def pip(*lines: str) -> dict[str, str]:
    """Return a configuration of pip's."""
    return {PIP: "\n".join(("[global]", *lines, ""))}


def for_uv(sources: SourceReader, **wanted: tuple[object, ...]) -> Sources:
    """Return what uv is told."""
    return sources.for_uv(TARGET, Wanted(**wanted))  # type: ignore[arg-type]  # a test's own words


def urls(sources: Sources) -> list[tuple[str, str]]:
    """Return which indexes there are, and who named them."""
    return [(use.url, use.origin) for use in sources.indexes]


def test_where_nothing_is_set_up() -> None:
    """Both installers take the public index, and uv is told nothing."""
    answer = for_uv(reader())

    assert ((DEFAULT,), (), {}, ()) == (
        answer.indexes,
        answer.notes,
        dict(answer.variables),
        answer.options,
    )
    assert (DEFAULT,) == reader().for_pip(TARGET, Wanted()).indexes


def test_pips_indexes_are_told_to_uv() -> None:
    """All of them, in a way that nobody else on the machine sees, and the best version counts."""
    answer = for_uv(
        reader(
            {
                **pip(
                    "index-url = http://me:secret@127.0.0.1/own",
                    "extra-index-url = http://127.0.0.1/a http://127.0.0.1/b",
                    "find-links = ~/wheels /nowhere",
                ),
                "/home/me/wheels/a.whl": "",
            }
        )
    )

    assert {
        "UV_DEFAULT_INDEX": "http://me:secret@127.0.0.1/own",
        "UV_INDEX": "http://127.0.0.1/a http://127.0.0.1/b",
        "UV_FIND_LINKS": "/home/me/wheels",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    } == dict(answer.variables)
    assert () == answer.options
    assert [
        ("http://me:******@127.0.0.1/own", PIP),
        ("http://127.0.0.1/a", PIP),
        ("http://127.0.0.1/b", PIP),
        ("~/wheels", PIP),
        ("/nowhere", PIP),
    ] == urls(answer)
    assert (f"/nowhere, which {PIP} names for archives, does not exist",) == answer.notes


def test_one_index_needs_no_strategy() -> None:
    """And one that uv has been told of by the user stays."""
    one = for_uv(reader(pip("index-url = http://127.0.0.1/own")))
    told = for_uv(
        reader(pip("extra-index-url = http://127.0.0.1/a"), UV_INDEX_STRATEGY="first-index")
    )

    assert "UV_INDEX_STRATEGY" not in one.variables
    assert "UV_INDEX_STRATEGY" not in told.variables


def test_no_index_at_all() -> None:
    """Then only archives in folders count."""
    sources = reader({**pip("no-index = true", "find-links = /wheels"), "/wheels/a.whl": ""})
    answer = for_uv(sources)

    assert ("--no-index",) == answer.options
    assert {"UV_FIND_LINKS": "/wheels"} == dict(answer.variables)
    assert [("/wheels", PIP)] == urls(answer)


@pytest.mark.parametrize(
    ("files", "variables", "origin"),
    [
        ({}, {"UV_DEFAULT_INDEX": "http://127.0.0.1/uv"}, "UV_DEFAULT_INDEX"),
        ({}, {"UV_INDEX_URL": "http://127.0.0.1/uv"}, "UV_INDEX_URL"),
        ({UV: 'index-url = "http://127.0.0.1/uv"'}, {}, UV),
        ({UV: '[[index]]\nurl = "http://127.0.0.1/uv"\ndefault = true'}, {}, UV),
        ({"/etc/uv/uv.toml": '[pip]\nindex-url = "http://127.0.0.1/uv"'}, {}, "/etc/uv/uv.toml"),
        (
            {"/project/pyproject.toml": '[tool.uv]\nindex-url = "http://127.0.0.1/uv"'},
            {},
            "/project/pyproject.toml",
        ),
        (
            {"/a.toml": 'index-url = "http://127.0.0.1/uv"'},
            {"UV_CONFIG_FILE": "/a.toml"},
            "/a.toml",
        ),
    ],
)
def test_uvs_own_configuration_comes_first(
    files: dict[str, str], variables: dict[str, str], origin: str
) -> None:
    """Where uv was told of an index, pip's do not count, and that is said."""
    theirs = pip("index-url = http://127.0.0.1/pip")
    answer = for_uv(reader({**theirs, **files}, **variables))

    assert [("http://127.0.0.1/uv", origin)] == urls(answer)
    assert {} == dict(answer.variables)
    assert (
        f"uv goes by {origin}; the indexes that pip is told of by {PIP} are others,"
        " and do not count"
    ) == "".join(answer.notes)


def test_the_same_index_twice_is_worth_no_note() -> None:
    """Both configurations name the same."""
    answer = for_uv(
        reader(pip("index-url = http://127.0.0.1/"), UV_DEFAULT_INDEX="http://127.0.0.1/")
    )

    assert () == answer.notes


def test_an_index_for_some_packages_only_is_none_for_all() -> None:
    """uv's explicit indexes serve what is tied to them."""
    toml = '[[index]]\nname = "own"\nurl = "http://127.0.0.1/uv"\nexplicit = true'
    answer = for_uv(reader({**pip("index-url = http://127.0.0.1/pip"), UV: toml}))

    assert [("http://127.0.0.1/pip", PIP)] == urls(answer)


def test_everything_else_is_translated() -> None:
    """Certificates, proxies, times, constraints, binaries, hashes."""
    answer = for_uv(
        reader(
            pip(
                "cert = ~/ca.pem",
                "client-cert = /me.pem",
                "proxy = http://127.0.0.1:3128",
                "timeout = 7",
                "retries = 2",
                "trusted-host = a b:80",
                "pre = yes",
                "keyring-provider = subprocess",
                "constraint = a.txt b.txt",
                "no-binary = x,:none:,lxml, numpy",
                "only-binary = :all:",
                "require-hashes = true",
                "no-build-isolation = off",
            )
        )
    )

    assert {
        "SSL_CERT_FILE": "/home/me/ca.pem",
        "SSL_CLIENT_CERT": "/me.pem",
        "HTTP_PROXY": "http://127.0.0.1:3128",
        "HTTPS_PROXY": "http://127.0.0.1:3128",
        "ALL_PROXY": "http://127.0.0.1:3128",
        "UV_HTTP_TIMEOUT": "7",
        "UV_HTTP_RETRIES": "2",
        "UV_INSECURE_HOST": "a b:80",
        "UV_PRERELEASE": "allow",
        "UV_KEYRING_PROVIDER": "subprocess",
    } == dict(answer.variables)
    assert (
        *("--no-binary", "lxml", "--no-binary", "numpy", "--only-binary", ":all:"),
        *("-c", "a.txt", "-c", "b.txt", "--require-hashes", "--no-build-isolation"),
    ) == answer.options
    assert () == answer.notes


def test_what_uv_is_told_by_variables_stays() -> None:
    """pip's certificate, timeout and keyring do not replace those that are uv's own."""
    answer = for_uv(
        reader(
            pip("cert = /ca.pem", "timeout = 7", "trusted-host = a", "keyring-provider = import"),
            SSL_CERT_FILE="/other.pem",
            UV_HTTP_TIMEOUT="9",
            UV_INSECURE_HOST="b",
            UV_KEYRING_PROVIDER="disabled",
        )
    )

    assert ({}, ()) == (dict(answer.variables), answer.notes)


def test_what_cannot_be_translated_is_told() -> None:
    """An option that uv has nothing for, with who has set it."""
    answer = for_uv(reader(pip("prefer-binary = true", "keyring-provider = import")))

    prefers, keyring = answer.notes
    assert (
        f"uv has nothing like pip's option prefer-binary, which {PIP} sets: it prefers older"
        " wheels to newer source archives"
    ) == prefers
    assert (
        f"uv asks the program keyring alone for credentials, not the module that {PIP} asks for"
    ) == keyring


def test_files_name_indexes() -> None:
    """A requirements file replaces pip's index for both, in pip's order of reading."""
    files = {
        **pip("index-url = http://127.0.0.1/pip", "extra-index-url = http://127.0.0.1/more"),
        "/project/r.txt": "-r sub/b.txt\n--extra-index-url http://127.0.0.1/extra\nflask\n",
        "/project/sub/b.txt": "# first\n-i http://me:secret@127.0.0.1/file\n-r ../r.txt\n",
    }
    wanted = Wanted(files=(Path("/project/r.txt"),))
    expected = [
        ("http://me:******@127.0.0.1/file", "/project/sub/b.txt:2"),
        ("http://127.0.0.1/extra", "/project/r.txt:2"),
    ]
    uv = reader(files).for_uv(TARGET, wanted)

    assert expected == urls(uv)
    # It reads them by itself, with the password and its variables.
    assert {"UV_INDEX_STRATEGY": "unsafe-best-match"} == dict(uv.variables)
    assert expected == urls(reader(files).for_pip(TARGET, wanted))


def test_uv_passes_over_a_files_index_when_it_has_its_own() -> None:
    """Unlike pip; so it is said."""
    files = {"/project/r.txt": "--index-url http://127.0.0.1/file\n"}
    sources = reader(files, UV_DEFAULT_INDEX="http://127.0.0.1/uv")
    answer = sources.for_uv(TARGET, Wanted(files=(Path("/project/r.txt"),)))

    assert [("http://127.0.0.1/uv", "UV_DEFAULT_INDEX")] == urls(answer)
    assert (
        "uv does not heed --index-url in /project/r.txt:1,"
        " since it has been told of a default index"
    ) == "".join(answer.notes)


@pytest.mark.parametrize(
    "options",
    [
        ("--index-url", "http://127.0.0.1/typed", "--no-cache"),
        ("--no-cache", "--index-url=http://127.0.0.1/typed"),
        ("-i", "http://127.0.0.1/typed", "--no-cache"),
        ("-ihttp://127.0.0.1/typed", "--no-cache"),
    ],
)
@pytest.mark.parametrize("variables", [{}, {"UV_DEFAULT_INDEX": "http://127.0.0.1/uv"}])
def test_what_is_typed_comes_before_all(
    options: tuple[str, ...], variables: dict[str, str]
) -> None:
    """uv itself would pass ``--index-url`` over where a variable names an index."""
    sources = reader(pip("index-url = http://127.0.0.1/pip"), **variables)
    answer = sources.for_uv(TARGET, Wanted(extra_options=options))

    assert (("http://127.0.0.1/typed", "the command line"),) == tuple(urls(answer))
    assert "http://127.0.0.1/typed" == answer.variables["UV_DEFAULT_INDEX"]
    assert ("--no-cache",) == answer.options
    assert options == sources.for_pip(TARGET, Wanted(extra_options=options)).options


def test_pip_is_kept_in_the_environment() -> None:
    """A configuration that would have it install elsewhere is taken back, and that is said."""
    sources = reader(pip("target = /elsewhere", "user = true", "prefix = /p", "root = /r"))
    answer = sources.for_pip(TARGET, Wanted())

    assert ("--no-user", "--target=", "--prefix=/project/.venv", "--root=/") == answer.options
    assert f"pip's option target, which {PIP} sets, does not count here" in answer.notes
    assert () == reader(pip("user = false")).for_pip(TARGET, Wanted()).options


def test_the_environments_own_configuration_counts() -> None:
    """pip reads a file in the environment too."""
    files = {"/project/.venv/pip.conf": "[global]\nindex-url = http://127.0.0.1/env\n"}

    assert [("http://127.0.0.1/env", "/project/.venv/pip.conf")] == urls(for_uv(reader(files)))


def test_circles_of_includes_end() -> None:
    """Files that include each other, and one that is not there."""
    files = {"/project/a.txt": "-r b.txt\n-r c.txt\n", "/project/b.txt": "-r a.txt\n"}
    answer = for_uv(reader(files), files=(Path("/project/a.txt"),))

    assert (IndexUse("the default index", "default"),) == answer.indexes
