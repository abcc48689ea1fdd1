import pytest

from tests.cli.running import Runner

DIGEST = "sha256:" + "a" * 64


def test_contract(pinfold: Runner) -> None:
    """The JSON of an entry is the one of the contract, to the letter."""
    pinfold.write(
        "requirements.txt",
        "# head\nrequests[security]>=2.8.1 ; python_version < '3.9'\\\n"
        f" --hash={DIGEST} -r b.txt # tail\n",
    )

    result = pinfold("parse", "requirements.txt", "--format", "json")

    assert {
        "version": 1,
        "path": "requirements.txt",
        "encoding": "utf-8",
        "entries": [
            {
                "kind": "requirement",
                "line": 2,
                "endLine": 3,
                "text": "requests[security]>=2.8.1 ; python_version < '3.9'",
                "name": "requests",
                "extras": ["security"],
                "specifier": ">=2.8.1",
                "marker": 'python_version < "3.9"',
                "url": None,
                "target": None,
                "options": {"hash": [DIGEST]},
                "ignored": ["-r b.txt"],
                "error": None,
            }
        ],
    } == result.json("parse")
    assert (0, "") == (result.status, result.err)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "-r a.txt\n-c b.txt\n-e ./x\n./y[z]\n--pre -i https://a.example\n",
        "a @ https://a.example/a.zip ; os_name == 'nt'\nb-1.0-py3-none-any.whl\n",
        "flask=1\n--nonsense\n-r\n",
        "a===weird\na!=1,<2\n\x00\n\u2028b\n",
        "-e git+https://a.example/b#egg=b[c] ; os_name == 'nt'\n",
        "a --config-settings x=y -C z=w\n",
        "# coding: utf-7\n+2AA-\n",
    ],
)
def test_schema_holds(pinfold: Runner, text: str) -> None:
    """Whatever is read, the JSON keeps its shape."""
    pinfold.write("requirements.txt", text)

    assert 0 == pinfold("parse", "requirements.txt").status
    pinfold("parse", "requirements.txt", "--format=json").json("parse")


def test_text(pinfold: Runner) -> None:
    """A table for people: lines, kind, text, and what else pip makes of it."""
    pinfold.write("requirements.txt", "flask>=1 \\\n --pre\n\n-r a.txt\nflit=1\n")

    result = pinfold("parse", "requirements.txt")

    lines = result.out.splitlines()
    assert [
        "requirements.txt (utf-8)",
        "1-2  requirement  flask>=1",
        "       name: flask",
        "       specifier: >=1",
        "       ignored by pip: --pre",
        "  4  include      -r a.txt",
        "       target: a.txt",
        "  5  error        flit=1",
    ] == lines[:8]
    assert lines[8].startswith("       refused by pip: ")


def test_text_is_safe(pinfold: Runner) -> None:
    """No control character and no password reaches the terminal."""
    pinfold.write("requirements.txt", "a\x1b[31m\n-i https://a:hunter2@b.example/simple\n")

    out = pinfold("parse", "requirements.txt").out

    assert "a\\x1b[31m" in out
    assert all(line.isprintable() for line in out.splitlines())
    assert "hunter2" not in out


def test_standard_input(pinfold: Runner) -> None:
    """`-` reads standard input, in whatever encoding it says."""
    shape = pinfold("parse", "-", "--format=json", stdin="flask\n".encode("utf-16")).json("parse")

    assert ("-", "utf-16", "flask") == (
        shape["path"],
        shape["encoding"],
        shape["entries"][0]["name"],
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gone.txt", "gone.txt: does not exist"),
        (".", ".: is a directory, not a file"),
        ("bad.txt", "bad.txt: is a binary file"),
    ],
)
def test_unreadable(pinfold: Runner, name: str, told: str) -> None:
    """A file that cannot be read is told on standard error, with status 2."""
    pinfold.write("bad.txt", b"\0\xff\xfe\xff")

    for form in ("text", "json"):
        result = pinfold("parse", name, "--format", form)
        assert (2, "", f"pinfold: {told}\n") == (result.status, result.out, result.err)


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["a", "--format=xml"]])
def test_wrong_usage(pinfold: Runner, arguments: list[str]) -> None:
    """Exactly one file is read."""
    assert 2 == pinfold("parse", *arguments).status
