"""Who is not in people.toml reads nothing of a home, whatever the command."""

import re

import pytest

from pipelines.cli.app import tree
from pipelines.deployment.init import init_home
from tests.in_process import run_here

# Done without a home, or with one that has no people yet; `doctor` says itself that the person is unknown.
WITHOUT_PEOPLE = {"init", "home restore", "demo", "doctor", "home upgrade"}
WITHOUT_HOME = {
    *(f"tools {v}" for v in ("match", "suppress", "audit", "rates", "perturb", "seal", "verify")),
    "register make-up", "completion", "deployment files",
    "project example", "project kinds", "ledger schema", "keys cluster",
}  # fmt: skip


def commands(group=None, path=()):
    for name, one in (group or tree()).commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*path, name))
        else:
            yield (*path, name), one


def words_of(path, command, file):
    """The command with all that it asks for, each a value of its type."""
    words = list(path)
    for one in command.params:
        if one.required:
            value = str(file) if "Path" in one.bare_type() else "x"
            words += [value] if one.param_type_name == "argument" else [one.opts[0], value]
    return [*words, "--export", str(file.parent / "sheet")] if path == ("review",) else words


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A home whose only person is somebody else."""
    root = tmp_path_factory.mktemp("strangers") / "home"
    init_home(root)
    path = root / "people.toml"
    path.write_text(re.sub(r'(?m)^user = ".*"', 'user = "somebody-else"', path.read_text()))
    return root


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "command"), [pytest.param(p, c, id=" ".join(p)) for p, c in commands()]
)
def test_a_stranger_is_refused(closed, tmp_path, path, command):
    name = " ".join(path)
    if name in WITHOUT_PEOPLE | WITHOUT_HOME:
        return
    file = tmp_path / "given"
    file.write_text("")
    before = {p: p.stat().st_mtime_ns for p in closed.rglob("*") if "ledger" not in p.name}
    done = run_here("--home", closed, *words_of(path, command, file), "--json")
    assert (done.code, done.json["error"]["code"]) == (3, "PEOPLE-03"), done.err
    assert {p: p.stat().st_mtime_ns for p in closed.rglob("*") if "ledger" not in p.name} == before


def test_the_exceptions_are_commands():
    names = {" ".join(path) for path, _ in commands()}
    assert WITHOUT_PEOPLE | WITHOUT_HOME - {"tools perturb"} <= names
