"""Requirements lines and small files, right and wrong, made from a seed.

The grammar knows what people write and what trips parsers; it does not know what pip says about
any of it. The same seed gives the same lines on every Python. No line is deep or long enough to
meet the limits that Pinfold sets itself (100 clauses, 100 levels), since pip has none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

Maker = Callable[[Random], str]


@dataclass(frozen=True, slots=True)
class GeneratedLine:
    """One logical line as people write it, without its line end, and of what it is a sample."""

    kind_label: str
    text: str


def generate_lines(seed: int, count: int) -> Iterator[GeneratedLine]:
    """`count` lines; some hold line ends of their own, in continuations or as characters."""
    random = Random(seed)
    labels = list(_MAKERS)
    weights = list(itertools.accumulate(weight for weight, _ in _MAKERS.values()))
    for _ in range(count):
        label = random.choices(labels, cum_weights=weights)[0]
        yield GeneratedLine(label, _MAKERS[label][1](random))


def generate_files(seed: int, count: int) -> Iterator[str]:
    """`count` texts of up to a dozen lines, with mixed line ends, comments and blank lines."""
    random = Random(seed)
    lines = generate_lines(seed + 1, count * 12)
    for _ in range(count):
        ends = random.choice(_LINE_ENDS)
        text = ""
        for _ in range(random.randrange(1, 12)):
            line = next(lines).text
            match random.randrange(12):
                case 0:
                    line = _comment_line(random)
                case 1:
                    line = random.choice(["", " ", "\t", "\\", "\\\\", " \\"])
                case 2:
                    line += "\\"
                case 3:
                    line = random.choice([" ", "\t", "    ", "\u00a0", "\ufeff"]) + line
            text += line + random.choice(ends)
        if random.random() < 0.2:
            text = text.rstrip("\r\n")
        if random.random() < 0.05:
            text = "\ufeff" + text
        yield text


_LINE_ENDS: Sequence[Sequence[str]] = (
    ["\n"],
    ["\n"],
    ["\n"],
    ["\r\n"],
    ["\r"],
    ["\r\r\n"],
    ["\n", "\r\n", "\r"],
    ["\n", "\n", "\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"],
)

# Names and versions.

_NAMES = (
    "requests Django flask numpy zope.interface ruamel.yaml my_package a A1 x-y-z pip PyYAML "
    "typing_extensions jaraco.functools backports.zoneinfo a.b-c_d Foo__Bar python-dateutil "
    "2to3 b0"
).split()
_ODD_NAMES = (
    "-foo _foo foo_ foo- .foo foo. foo..bar foo--bar f\u00f6o \u0444\u0443 foo\u200b "
    "f\U0001f600o \uff46oo foo/bar foo:bar foo+bar foo~bar foo%20bar foo!bar 'foo' \"foo\" "
    "(foo) [foo] @foo foo@ $foo \u00b5 \u0130stanbul \u00df"
).split()
_EXTRAS = ("security", "dev", "Test", "s3", "a-b", "a_b", "a.b", "tests", "all", "x1")
_VERSIONS = (
    "1 1.0 2.31.0 0.0.1 1.2.3.4 2024.1.1 1!2.0 1.0a1 1.0.b2 1.0rc3 1.0-rc.4 1.0.post1 1.0-1 "
    "1.0.dev5 1.0a1.post2.dev3 1.0+local 1.0+abc.7 v1.0 1.0.0-alpha 01.02 1.0.POST1 1_0 1.0c1 "
    "1.0-r4 1.0pre1"
).split()
_ODD_VERSIONS = (
    "1.0.x latest 1..0 1.0+ 1.0++a * 1.0.*.1 1.* 1.0a1.* 1.0+local.* 1,0 ^1.0 ~1 =1.0 1.0! "
    "!1.0 1.0-foo \u0661.0 1.0\u200b ${VERSION} 1.0. .1 1.0-- 1.0;"
).split()
_OPERATORS = ("==", "==", "==", ">=", ">=", "<=", "<", ">", "~=", "!=", "===")
_ODD_OPERATORS = (
    "=",
    "=>",
    "=<",
    "<>",
    "~",
    "^",
    "~>",
    "==>",
    "=!",
    "!",
    ":",
    "====",
    "\u2265",
    "\u2014",
)
_SPACES = ("", "", "", "", "", " ", " ", "  ", "\t")


def _name(random: Random) -> str:
    if random.random() < 0.03:
        return random.choice(_ODD_NAMES)
    if random.random() < 0.005:
        return random.choice("abz") * random.choice([64, 300, 5000])
    return random.choice(_NAMES)


def _extras(random: Random) -> str:
    if random.random() < 0.7:
        return ""
    if random.random() < 0.07:
        return random.choice(
            ["[", "]", "[]", "[ ]", "[,]", "[a,]", "[,a]", "[a b]", "[a;b]", "[a-]", "[-a]", "[*]"]
        )
    count = random.randrange(1, 4)
    comma = random.choice([",", ",", ", ", " ,", " , "])
    inner = comma.join(random.choice(_EXTRAS) for _ in range(count))
    pad = random.choice(["", "", "", " "])
    return f"{random.choice(_SPACES[:7])}[{pad}{inner}{pad}]"


def _clause(random: Random) -> str:
    operator = random.choice(_ODD_OPERATORS if random.random() < 0.02 else _OPERATORS)
    if random.random() < 0.02:
        version = random.choice(_ODD_VERSIONS)
    elif operator == "===":
        version = random.choice([*_VERSIONS, "anything", "1.0.x", "foo;bar", "a,b", "1.0)"])
    else:
        version = random.choice(_VERSIONS)
        if operator not in ("==", "!=") and random.random() < 0.9:
            version = version.split("+")[0]
        elif random.random() < 0.1:
            version += ".*"
        if operator == "~=" and random.random() < 0.8:
            version = random.choice(["1.0", "2.31.0", "1.4.2", "0.0.1", "1!2.0"])
    return operator + random.choice(_SPACES) + version


def _specifier(random: Random) -> str:
    chance = random.random()
    if chance < 0.15:
        return ""
    count = random.choice([1, 1, 1, 2, 2, 3, 6])
    clauses = [_clause(random) for _ in range(count)]
    comma = random.choice(
        [",", ",", ",", ", ", " ,", " , ", ",,", " ", ";"] if chance > 0.97 else [",", ", "]
    )
    text = comma.join(clauses)
    if random.random() < 0.06:
        text = random.choice(
            ["({})", " ({})", "( {} )", "({})", " ({})", "({}", "{})", "(({}))"]
        ).format(text)
    if random.random() < 0.03:
        text += ","
    return text


# Markers.

_VARIABLES = (
    "python_version python_full_version os_name sys_platform platform_release platform_system "
    "platform_version platform_machine platform_python_implementation implementation_name "
    "implementation_version extra extras dependency_groups python_implementation os.name "
    "sys.platform platform.version platform.machine platform.python_implementation"
).split()
_COMMON_VARIABLES = (
    "python_version",
    "sys_platform",
    "platform_system",
    "extra",
    "python_full_version",
)
_MARKER_VALUES = (
    "3.9|3|3.10|2.7|3.8.1|3.*|linux|win32|darwin|Windows|CPython|cpython|x86_64|posix|dev|test|"
    "3.9,3.10|#1|;|\u00e9|4.19.0-generic||a b|3.7 3.8"
).split("|")
_MARKER_OPERATORS = [
    "<",
    "<=",
    ">",
    ">=",
    "==",
    "!=",
    "~=",
    "===",
    "in",
    "not in",
    "not  in",
    "=",
    "is",
    "IN",
    "notin",
]


def _marker_value(random: Random) -> str:
    quote = random.choice("''''\"\"\"")
    value = random.choice(_MARKER_VALUES)
    if random.random() < 0.03:
        return random.choice(
            [quote + value + quote] * 3
            + [value, f"{quote}{value}", f"{value}{quote}", f"'{value}\"", "'it's'"]
        )
    return quote + value + quote


def _atom(random: Random) -> str:
    common = random.random() < 0.7
    variable = random.choice(_COMMON_VARIABLES if common else _VARIABLES)
    if random.random() < 0.02:
        variable = random.choice(["python", "Python_Version", "foo", "platform", "'a'", "env", ""])
    choices = _MARKER_OPERATORS[:10] if random.random() < 0.96 else _MARKER_OPERATORS
    operator = random.choice(choices)
    space = " " if operator[0].isalpha() else random.choice([" ", " ", "", "  ", "\t"])
    sides = [variable, _marker_value(random)]
    if random.random() < 0.1:
        sides.reverse()
    return f"{sides[0]}{space}{operator}{space}{sides[1]}"


def _marker(random: Random, depth: int = 0) -> str:
    chance = random.random()
    if depth < 3 and chance < 0.2:
        word = random.choice(
            ["and", "or"] if random.random() < 0.95 else ["AND", "&&", ",", "xor", "not"]
        )
        return f"{_marker(random, depth + 1)} {word} {_marker(random, depth + 1)}"
    if depth < 3 and chance < 0.3:
        pad = random.choice(["", "", " "])
        form = random.choice(["({})"] * 12 + ["({}", "{})"])
        return form.format(f"{pad}{_marker(random, depth + 1)}{pad}")
    return _atom(random)


def _with_marker(random: Random, text: str) -> str:
    if random.random() < 0.75:
        return text
    separator = random.choice([" ; ", " ; ", "; ", "; ", ";", " ;", "  ;  ", ";;", " ;\t"])
    return text + separator + ("" if random.random() < 0.02 else _marker(random))


# Requirements.


def _requirement(random: Random) -> str:
    space = random.choice(_SPACES)
    return _with_marker(random, _name(random) + _extras(random) + space + _specifier(random))


def _hex(random: Random, length: int) -> str:
    return f"{random.getrandbits(length * 4):0{length}x}"


_HASHES = {
    "sha256": 64,
    "sha384": 96,
    "sha512": 128,
    "md5": 32,
    "sha1": 40,
    "sha224": 56,
    "SHA256": 64,
}


def _hash(random: Random) -> str:
    if random.random() < 0.93:
        algorithm = random.choice(["sha256"] * 6 + ["sha384", "sha512"])
    else:
        algorithm = random.choice(list(_HASHES))
    value = f"{algorithm}:{_hex(random, _HASHES[algorithm])}"
    chance = random.random()
    if chance < 0.03:
        value = random.choice(
            ["sha256:", "sha256", "abc", ":", "sha256:xyz", "sha256:a:b", "blake2:aa"]
        )
    form = random.choice(
        ["--hash={}"] * 10 + ["--hash {}", '--hash="{}"', "--has={}", "--hash= {}"]
    )
    return form.format(value)


def _config(random: Random) -> str:
    value = random.choice(
        [
            "a=b",
            "a=b",
            "editable_mode=compat",
            "--build-option=--x",
            "a=",
            "=b",
            "a",
            "'k=v w'",
            '"a=b"',
        ]
    )
    form = random.choice(
        [
            "--config-settings={}",
            "--config-settings {}",
            "-C {}",
            "-C{}",
            "--config-setting={}",
            "--conf {}",
        ]
    )
    return form.format(value)


def _hashed(random: Random) -> str:
    options = [
        _config(random) if random.random() < 0.1 else _hash(random)
        for _ in range(random.randrange(1, 4))
    ]
    separator = random.choice([" "] * 10 + ["  ", "\t", "", " \\\n    ", " \\\n", "\\\n", " \\ \n"])
    base = (
        f"{_name(random)}=={random.choice(_VERSIONS)}"
        if random.random() < 0.8
        else _requirement(random)
    )
    return separator.join([base, *options])


def _configured(random: Random) -> str:
    return f"{_requirement(random)} {_config(random)}"


_HOSTS = (
    "example.org",
    "example.org",
    "localhost",
    "git.example.com",
    "user@example.org",
    "user:pa%20ss@example.org",
    "127.0.0.1:8080",
    "example.org",
    "[::1]:80",
    "[::1",
    "ex\u00e4mple.org",
    "localhost",
    "",
)
_REPOSITORIES = (
    "org/project",
    "org/project.git",
    "org/my project",
    "~user/x",
    "a;b",
    "a%2Fb",
    "x,y",
    "",
)
_REVISIONS = (
    "",
    "",
    "@main",
    "@v1.0",
    "@feature/x",
    "@" + "a" * 40,
    "@",
    "@1;0",
    "@ref with space",
)
_FRAGMENTS = (
    "",
    "",
    "",
    "",
    "#egg=project",
    "#egg=project",
    "#egg=my-project",
    "#egg=Project.x",
    "#egg=project[extra]",
    "#egg=project==1.0",
    "#egg=",
    "#subdirectory=sub/dir",
    "#sha256=0f",
    "#egg=project&subdirectory=sub",
    "#subdirectory=sub&egg=project",
    "#egg=-x",
    "#sha256=" + "0" * 64,
    "#md5=abc",
    "#egg=a&sha256=00",
    "#foo",
    " #egg=project",
    "#",
    "#egg=f\u00f6o",
)
_VCS_SCHEMES = (
    "git+https git+http git+ssh git+git git+file hg+https hg+http hg+ssh hg+static-http "
    "hg+file svn+https svn+http svn+ssh svn+svn svn+file bzr+https bzr+http bzr+ssh bzr+sftp "
    "bzr+ftp bzr+lp bzr+file"
).split()
_OTHER_SCHEMES = (
    "https",
    "https",
    "http",
    "ftp",
    "file",
    "git",
    "ssh",
    "svn",
    "s3",
    "git+foo",
    "HTTPS",
    "Git+HTTPS",
)


def _vcs_url(random: Random) -> str:
    if random.random() < 0.06:
        return random.choice(
            [
                "git@example.org:org/project.git",
                "git:example.org/x",
                "hg:repo",
                "git+git@example.org:x.git",
                "git+https:example.org/x",
                "git+",
                "git+https://",
                "bzr:a/b",
                "SVN+https://example.org/x",
            ]
        )
    scheme = random.choice(_VCS_SCHEMES if random.random() < 0.9 else _OTHER_SCHEMES)
    host, repository = random.choice(_HOSTS), random.choice(_REPOSITORIES)
    return f"{scheme}://{host}/{repository}{random.choice(_REVISIONS)}{random.choice(_FRAGMENTS)}"


_WHEELS = (
    "foo-1.0-py3-none-any.whl",
    "foo_bar-2.0.1-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "Foo.Bar-1.0-1-py2.py3-none-any.whl",
    "foo-1.0+local-py3-none-any.whl",
    "foo-1.0.dev0-py3-none-any.whl",
    "foo-1.0-py3-none.whl",
    "foo.whl",
    "foo-bar-1.0-py3-none-any.whl",
    "foo-latest-py3-none-any.whl",
    "foo-1.0-x-py3-none-any.whl",
    "foo-1.0%2Blocal-py3-none-any.whl",
    "foo__bar-1.0-py3-none-any.whl",
    "FOO-1.0-PY3-none-any.WHL",
    "foo-1_0-py3-none-any.whl",
)
_ARCHIVES = (
    "foo-1.0.tar.gz",
    "foo.zip",
    "foo-1.0.tar.bz2",
    "foo-1.0.tgz",
    "foo-1.0.tar.xz",
    "foo.tar",
    "foo.tbz",
    "foo.txz",
    "foo.egg",
    "foo.exe",
    "foo-1.0.TAR.GZ",
    "foo bar.zip",
    "foo@1.0.zip",
    "foo.zip[dev]",
    "foo.tlz",
)
_PATHS = (
    ".",
    "./",
    "..",
    "./foo",
    "../foo",
    "../../a/b",
    "foo/",
    "foo/bar",
    "/opt/src/foo",
    "/opt/src/",
    "~/foo",
    "./foo[dev]",
    "./foo [dev, test]",
    "./foo[Dev,TEST]",
    ".[all]",
    "./my dir",
    "./foo#egg=bar",
    ".\\foo",
    "C:\\x",
    "foo\\bar",
    "./f\u00f6o",
    "./foo;bar",
    "././x",
    "./foo[]",
    "./foo[a b]",
    "./a@b",
    "./-x",
    ".hidden",
    "...",
    "//server/share/x",
    "\\\\server\\share",
    "./a:b/c",
    "a:b/c",
    "./${HOME}/x",
)


def _file_name(random: Random) -> str:
    return random.choice(_WHEELS if random.random() < 0.5 else _ARCHIVES)


def _url(random: Random) -> str:
    if random.random() < 0.2:
        return _vcs_url(random)
    fragment = random.choice(_FRAGMENTS)
    if random.random() < 0.25:
        prefix = random.choice(
            [
                "file:///opt/",
                "file://localhost/opt/",
                "file:",
                "file:./",
                "file:../",
                "file://host/",
                "FILE:///x/",
                "file:///opt/../",
                "file:///",
            ]
        )
        return prefix + _file_name(random) + fragment
    scheme = random.choice(_OTHER_SCHEMES)
    query = random.choice(["", "", "", "?a=b", "?a=b;c", "?x=#egg=foo"])
    return f"{scheme}://{random.choice(_HOSTS)}/{_file_name(random)}{query}{fragment}"


def _bare_url(random: Random) -> str:
    return _with_marker(random, _url(random) if random.random() < 0.5 else _vcs_url(random))


def _named_url(random: Random) -> str:
    url = _url(random) if random.random() < 0.6 else _vcs_url(random)
    at = random.choice([" @ "] * 9 + ["@", " @", "@ ", " @  ", " @\t", " @@ "])
    return _with_marker(random, _name(random) + _extras(random) + at + url)


def _path(random: Random) -> str:
    text = random.choice(_PATHS)
    if random.random() < 0.35:
        text = random.choice(
            ["", "", "./", "../", "dist/", "/opt/", "a/b/", "./a b/"]
        ) + _file_name(random)
    return _with_marker(random, text + (_extras(random) if random.random() < 0.15 else ""))


def _editable(random: Random) -> str:
    option = random.choice(
        [
            "-e ",
            "-e ",
            "-e ",
            "-e ",
            "--editable ",
            "--editable=",
            "-e",
            "-e  ",
            "-e\t",
            "-e=",
            "--edit ",
            "--e=",
        ]
    )
    chance = random.random()
    if chance < 0.45:
        value = random.choice(_PATHS)
    elif chance < 0.8:
        value = _vcs_url(random)
    elif chance < 0.9:
        value = f"{_name(random)}{_extras(random)} @ {_vcs_url(random)}"
    else:
        value = _url(random) if random.random() < 0.7 else _requirement(random)
    if random.random() < 0.35:
        quote = random.choice('"""\'')
        value = quote + _with_marker(random, value) + quote
    elif random.random() < 0.15:
        value = _with_marker(random, value)
    tail = ""
    if random.random() < 0.15:
        tail = " " + random.choice(
            [_config(random), _hash(random), "-e ./b", "-r a.txt", "foo", "--pre", "# c"]
        )
    return option + value + tail


# Lines of options.

_FILE_NAMES = (
    "base.txt",
    "requirements/dev.txt",
    "../common.txt",
    "./x.in",
    "/etc/reqs.txt",
    "my file.txt",
    "'my file.txt'",
    '"my file.txt"',
    "my\\ file.txt",
    "sub\\other.txt",
    "=other.txt",
    "",
    "''",
    "https://example.org/reqs.txt",
    "file:///opt/reqs.txt",
    "${REQS}/x.txt",
    "~/reqs.txt",
    "f\u00f6o.txt",
    "pylock.toml",
    "x.txt#frag",
    "x.txt # c",
    "-base.txt",
    "'unclosed",
    "x'y'z.txt",
    "base.txt extra.txt",
    "\u201cx.txt\u201d",
    "http://[x/reqs.txt",
)


def _include(random: Random) -> str:
    option = random.choice(
        [
            "-r ",
            "-r ",
            "-r ",
            "-r",
            "-r\t",
            "-r=",
            "--requirement ",
            "--requirement=",
            "--requir ",
            "--req ",
            "--requirem=",
            "-R ",
            "--requirements ",
        ]
    )
    return option + random.choice(_FILE_NAMES) + _option_tail(random)


def _constraint(random: Random) -> str:
    option = random.choice(
        [
            "-c ",
            "-c ",
            "-c ",
            "-c",
            "-c=",
            "--constraint ",
            "--constraint=",
            "--con ",
            "--cons=",
            "--constraints ",
        ]
    )
    return option + random.choice(_FILE_NAMES) + _option_tail(random)


def _option_tail(random: Random) -> str:
    if random.random() < 0.8:
        return ""
    return " " + random.choice(
        [_global_option(random), "-r b.txt", "-c c.txt", "word", "-- x", _hash(random)]
    )


_INDEXES = (
    "https://example.org/simple",
    "https://user:secret@example.org/simple/",
    "http://localhost:3141/root/pypi/+simple/",
    "'https://example.org/a b'",
    "https://${USER}:${PASSWORD}@example.org/simple",
    "../local/index",
    "''",
    "https://example.org/simple#frag",
    "https://example.org/%2Bsimple",
    "example",
    "file:///opt/simple",
)
_LINKS = (
    "./wheels",
    "/opt/wheels",
    "https://example.org/links.html",
    "file:///opt/x",
    ".",
    "'a b'",
    "~/w",
    "''",
)
_BINARIES = (
    ":all:",
    ":none:",
    "foo",
    "foo,bar",
    ":all:,foo",
    "foo,:none:,bar",
    "Foo.Bar,:all:,:none:,x",
    "",
    "''",
    "-x",
    ":all: foo",
    "foo, bar",
)
_TRUSTED = (
    "example.org",
    "example.org:8080",
    "[::1]",
    "::1",
    "example.org:port",
    "user@example.org",
    "''",
    "https://example.org",
    "*.example.org",
    "[::1",
    "example.org:99999",
)
_FEATURES = (
    "fast-deps",
    "inprocess-build-deps",
    "venv-isolation",
    "truststore",
    "no-binary-enable-wheel-cache",
    "2020-resolver",
    "unknown",
    "fast",
    "",
)
_VALUED: Sequence[tuple[Sequence[str], Sequence[str]]] = (
    (("-i", "--index-url", "--index-url", "--pypi-url", "--index", "--i", "--p"), _INDEXES),
    (("--extra-index-url", "--extra-index", "--ex"), _INDEXES),
    (("-f", "--find-links", "--find", "--f"), _LINKS),
    (("--no-binary", "--no-b", "--no_binary"), _BINARIES),
    (("--only-binary", "--only-b"), _BINARIES),
    (("--all-releases", "--all"), _BINARIES),
    (("--only-final", "--only-f"), _BINARIES),
    (("--trusted-host", "--trust"), _TRUSTED),
    (("--use-feature", "--use"), _FEATURES),
)
_FLAGS = (
    "--no-index --pre --prefer-binary --require-hashes --no-require-hashes --no-i --prefer "
    "--pref --require-h --no-r --requir --pr --only --no --no-index= --pre=1 "
    "--require-hashes=true"
).split()


def _global_option(random: Random) -> str:
    if random.random() < 0.3:
        return random.choice(_FLAGS[:6] if random.random() < 0.8 else _FLAGS)
    spellings, values = random.choice(_VALUED)
    spelling = spellings[0] if random.random() < 0.8 else random.choice(spellings)
    # The first values of each list are the usual ones.
    value = random.choice(values[: len(values) // 2] if random.random() < 0.75 else values)
    between = random.choice([" ", " ", "=", "=", "  ", "\t", ""]) if random.random() < 0.9 else ""
    return spelling + between + value


def _options(random: Random) -> str:
    parts = [_global_option(random) for _ in range(random.choice([1, 1, 1, 1, 2, 2, 3]))]
    if random.random() < 0.1:
        parts.insert(
            random.randrange(len(parts) + 1),
            random.choice(["word", "--", _hash(random), _config(random), "\\", "-"]),
        )
    return random.choice([" ", " ", " ", "  ", "\t"]).join(parts)


def _mixed(random: Random) -> str:
    """An option where pip ignores it: beside a requirement, an editable or an include."""
    option = random.choice([_global_option, _include, _constraint, _editable, _hash])(random)
    start = random.choice([_requirement, _requirement, _named_url, _editable, _include, _path])(
        random
    )
    return f"{start} {option}"


_REFUSED = (
    "--no-deps",
    "--group dev",
    "--user",
    "--upgrade",
    "-U",
    "-q",
    "--quiet",
    "--target x",
    "-t x",
    "--prefix /opt",
    "--no-cache-dir",
    "--uploaded-prior-to=2025-01-01",
    "--requirements-from-script x.py",
    "--build-constraint c.txt",
    "--no-build-isolation",
    "--global-option=x",
    "--install-option=x",
    "--build-option=--x",
    "-Z",
    "-h",
    "--help",
    "--process-dependency-links",
    "--always-unzip",
    "--allow-external x",
    "--allow-unverified x",
    "--allow-all-external",
    "--no-use-wheel",
    "--use-wheel",
    "--use-mirrors",
    "--mirrors=x",
    "--proxy http://x",
    "--cert x",
    "--python-version 3.9",
    "--platform linux",
    "--no-clean",
    "--use-deprecated=legacy-resolver",
    "--timeout 5",
    "--version",
    "-V",
    "-v",
    "--root x",
    "--use-pep517",
    "--no-use-pep517",
    "--src x",
    "--isolated",
    "--cache-dir x",
    "--only-deps",
    "-b.zip",
    "-path/to",
    "-",
    "---",
    "--=",
    "--=x",
    "-=",
    "--\u00e9",
    "\u2013r base.txt",
    "\u2014pre",
    "-\u200br x",
)


def _refused(random: Random) -> str:
    option = random.choice(_REFUSED)
    return option if random.random() < 0.7 else f"{_requirement(random)} {option}"


def _stray(random: Random) -> str:
    makers: Sequence[Maker] = (_options, _include, _editable, lambda random: "--")
    words = ["foo", "./a", "'b c'", "--", "=", "x=y", '""', "\u2014", "and"]
    return " ".join(
        [
            random.choice(makers)(random),
            *(random.choice(words) for _ in range(random.randrange(1, 4))),
        ]
    )


# Things that happen to any line.


def _any_valid(random: Random) -> str:
    maker = random.choice(
        [
            _requirement,
            _requirement,
            _requirement,
            _hashed,
            _named_url,
            _bare_url,
            _editable,
            _options,
            _include,
        ]
    )
    return maker(random)


_COMMENTS = (
    "# c",
    "#c",
    "#",
    "# pinfold: ignore[x]",
    "# a # b",
    "#\u00e9",
    "# \\",
    "#egg=x",
    "# --hash=sha256:aa",
    "##",
    "# via foo",
)


def _commented(random: Random) -> str:
    space = random.choice([" ", " ", "  ", "\t", "", "\u00a0", "\u3000", "\u200b", " \t ", "\x1f"])
    return _any_valid(random) + space + random.choice(_COMMENTS)


def _comment_line(random: Random) -> str:
    return random.choice(["", "", "", " ", "\t", "\u3000"]) + random.choice(
        [*_COMMENTS, "# foo \\", "# -r x"]
    )


_VARIABLES_IN_TEXT = (
    "${VAR}",
    "${VAR_1}",
    "${_}",
    "${1}",
    "${var}",
    "$VAR",
    "${VAR",
    "${}",
    "${A-B}",
    "%VAR%",
    "$${VAR}",
    "${HOME}",
)


def _variable(random: Random) -> str:
    variable = random.choice(_VARIABLES_IN_TEXT)
    form = random.choice(
        [
            "foo @ https://{}@example.org/x.zip",
            "git+https://{}@example.org/x.git#egg=x",
            "foo=={}",
            "{}",
            "-r {}/base.txt",
            "-r {}",
            "--index-url https://{}:x@example.org/",
            "-e {}/x",
            "-e ./{}",
            "--hash=sha256:{}",
            "foo ; python_version>'{}'",
            "--find-links={}",
            "{}==1.0",
            "./{}/foo.whl",
            "foo[{}]",
            "https://example.org/{}/foo-1.0.tar.gz",
            "-c {}.txt",
            "--trusted-host {}",
            "--extra-index-url '{}'",
            "{} # {}",
        ]
    )
    return form.replace("{}", variable)


_BREAKS = (
    "\\\n",
    "\\\n",
    "\\\n",
    " \\\n",
    " \\\n    ",
    "\\\r\n",
    "\\\r",
    "\\ \n",
    "\\\t\n",
    "\\\\\n",
    "\\\n\\\n",
    "\\\n# c\n",
    "\\\n  # c\n",
    "\\\n\n",
    "\\\n \n",
    " # c \\\n",
    "\\\n #c \\\n",
    "\n",
    "\\\x0c",
    "\\\u2028",
    "\\\r\r\n",
    "\\\n\\",
    "\\\n \\\n ",
)


def _continued(random: Random) -> str:
    text = _any_valid(random)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        if random.random() < 0.5 and " " in text:
            at = random.choice([i for i, character in enumerate(text) if character == " "])
        else:
            at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(_BREAKS) + text[at:]
    if random.random() < 0.1:
        text = "\\" + text
    if random.random() < 0.15:
        text += random.choice(["\\", "\\\n", "\\\\", " \\\n\n", "\\\n#", "\\\n\\"])
    return text


_INVISIBLE = (
    "\u00a0",
    "\u3000",
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\x00",
    "\x01",
    "\x1f",
    "\x7f",
    "\u202e",
    "\u2007",
    "\u1680",
    "\ud7ff",
    "\U0001f600",
    "\U000e0001",
    "\ufffd",
    "\ufffe",
)
_SEPARATORS = (
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1d",
    "\x1e",
    "\x85",
    "\u2028",
    "\u2029",
    "\r",
    "\r\n",
    "\r\r\n",
    "\n",
)


def _inserted(random: Random, characters: Sequence[str]) -> str:
    text = _any_valid(random)
    edges = [0, len(text), *(i for i, character in enumerate(text) if not character.isalnum())]
    at = random.choice(edges) if random.random() < 0.6 else random.randrange(len(text) + 1)
    return text[:at] + random.choice(characters) + text[at:]


def _invisible(random: Random) -> str:
    return _inserted(random, _INVISIBLE)


def _separated(random: Random) -> str:
    return _inserted(random, _SEPARATORS)


_QUOTINGS = (
    "'",
    '"',
    "\\",
    "\\'",
    '\\"',
    "''",
    '""',
    "\\\\",
    "\\ ",
    "' '",
    "`",
    "\u2019",
    "\\#",
    '"\'"',
    "' # '",
)


def _quoted(random: Random) -> str:
    maker = random.choice([_options, _include, _constraint, _editable, _configured, _hashed])
    text = maker(random)
    for _ in range(random.randrange(1, 3)):
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(_QUOTINGS) + text[at:]
    return text


_ALPHABET = "abz019-_.=<>!~@;,[](){}'\"#$ \t\\/:+*%&|^?"


def _mutated(random: Random) -> str:
    text = _any_valid(random)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        text = random.choice(_MUTATIONS)(random, text)
    return text


def _delete(random: Random, text: str) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + text[at + random.choice([1, 1, 2, 5]) :]


def _insert(random: Random, text: str) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(_ALPHABET) + text[at:]


def _duplicate(random: Random, text: str) -> str:
    at = random.randrange(len(text) + 1)
    length = random.choice([1, 1, 3, 8])
    return text[: at + length] + text[at:]


def _swap(random: Random, text: str) -> str:
    if len(text) < 2:
        return text
    at = random.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _shuffle_tokens(random: Random, text: str) -> str:
    tokens = text.split(" ")
    match random.randrange(3):
        case 0:
            tokens.pop(random.randrange(len(tokens)))
        case 1:
            tokens.insert(random.randrange(len(tokens) + 1), random.choice(tokens))
        case _:
            first, second = (random.randrange(len(tokens)) for _ in range(2))
            tokens[first], tokens[second] = tokens[second], tokens[first]
    return " ".join(tokens)


_MUTATIONS: Sequence[Callable[[Random, str], str]] = (
    _delete,
    _insert,
    _duplicate,
    _swap,
    _shuffle_tokens,
)


def _garbage(random: Random) -> str:
    if random.random() < 0.5:
        return random.choice(
            [
                "<<<<<<< HEAD",
                "=======",
                ">>>>>>> main",
                "Package    Version",
                "----------- ------",
                "import foo",
                "pip install foo",
                "foo 1.0",
                "foo 1.0 bar",
                "foo bar",
                "name: env",
                "- foo=1.0=py39_0",
                "[packages]",
                'foo = "^1.0"',
                "foo,bar",
                "foo; ",
                "\u043f\u0440\u0438\u0432\u0435\u0442",
                "-e",
                "-r",
                "--hash",
                "@ file:///x",
                "foo @",
                "==1.0",
                "{}",
                "foo=1.0=py39_0",
                "foo @ file:///tmp/x_1/work",
                "distutils # stdlib",
                "*",
                "?",
                "'foo==1.0'",
                '"foo"',
                "foo==1.0,",
                "=",
                ">",
                "\\",
                "\ufeff",
                "foo==1.0 bar==2.0",
                "foo (1.0)",
                "foo (>=1.0)",
                "foo [x]",
                "<foo>",
                "//",
                "/",
                "http://",
                "http:",
            ]
        )
    return "".join(random.choice(_ALPHABET) for _ in range(random.randrange(1, 25)))


_MAKERS: dict[str, tuple[int, Maker]] = {
    "requirement": (34, _requirement),
    "hashed": (8, _hashed),
    "configured": (3, _configured),
    "bare URL": (6, _bare_url),
    "named URL": (7, _named_url),
    "path": (6, _path),
    "editable": (8, _editable),
    "include": (5, _include),
    "constraint": (4, _constraint),
    "options": (10, _options),
    "mixed": (5, _mixed),
    "refused option": (3, _refused),
    "stray word": (2, _stray),
    "comment": (5, _commented),
    "variable": (3, _variable),
    "continuation": (10, _continued),
    "invisible character": (5, _invisible),
    "line separator": (4, _separated),
    "quoting": (5, _quoted),
    "mutation": (10, _mutated),
    "garbage": (2, _garbage),
}
"""For each label how many of about 143 lines it gets, and what makes them."""
