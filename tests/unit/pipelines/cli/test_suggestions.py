"""A word that is nearly right is told which it nearly is; the word itself is never repeated."""

import inspect
import json

import pytest

from approvals.application import example_application
from approvals.ledger import KINDS
from pipelines.cli import console
from pipelines.cli.app import tree
from pipelines.deployment.init import init_home
from pipelines.home import open_home
from pipelines.session import Session, today
from tests.in_process import run_here
from tests.walk.walker import leaves

OPTIONS = json.loads(console.Path(console.__file__).with_name("options.json").read_text())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("suggestions") / "home"
    init_home(root, demo=True)
    form = root.parent / "a.toml"
    form.write_text(example_application("standard", on=today()))
    with Session(open_home(root)) as session:
        number = session.projects.submit(form, session.person, today()).number
        session.projects.approve(number, session.person, today())
    return root, number


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("run", "{}", "--kind", "identifed"), "identified"),
        (("run", "{}", "--kind", "identified", "--doubtful", "exlude"), "exclude"),
        (("run", "{}", "--kind", "aggregated", "--format", "spsss"), "spss"),
        (("project", "check", "{}", "--kind", "agregated"), "aggregated"),
        (("project", "show", "{}1"), "{}"),
        (("project", "event", "{}", "backgroundcheck"), "background_check"),
        (("project", "kinds", "draft_recieved"), "draft_received"),
        (("project", "example", "standart"), "standard"),
        (("register", "list", "CARPO"), "CARPOS"),
        (("ledger", "show", "--kind", "project_submited"), "project_submitted"),
        (("switch", "override", "disclosure.treshold"), "disclosure.threshold"),
        (("release", "withdraw", "x", "--reason", "wrong-data"), "wrong_data"),
        (("escrow", "request", "x", "--reason", "proov"), "proof"),
        (("keys", "rotate", "--reason", "staffchange"), "staff_change"),
    ],
)
def test_the_nearest_is_suggested(made, words, meant):
    home, number = made
    done = run_here(*(word.format(number) for word in words), "--json", home=home)
    error = done.json["error"]
    assert (done.code, error["facts"]["nearest"]) == (2, meant.format(number))
    assert f"Did you mean '{meant.format(number)}'?" in error["text"]
    assert f"{words[-1].format(number)} " not in error["text"]


def test_a_command_is_suggested(made):
    assert "Did you mean 'project'" in run_here("projct", "list", home=made[0]).err
    assert "Did you mean 'confirm'" in run_here("cohort", "confrim", home=made[0]).err


def test_a_column_map_and_settings_are_suggested(made, tmp_path):
    home, number = made
    (tmp_path / "map.toml").write_text('[cohort]\nlast_nam = "surname"\n')
    (tmp_path / "c.csv").write_text("cohort_id,surname\n1,Byron\n")
    words = ("cohort", "add", number, tmp_path / "c.csv", "--columns", tmp_path / "map.toml")
    assert run_here(*words, "--json", home=home).json["error"]["facts"]["nearest"] == "last_name"
    settings = home / "settings.toml"
    whole = settings.read_text()
    settings.write_text(whole.replace("threshold = 10 ", "treshold = 10 ", 1))
    told = run_here("project", "list", "--json", home=home).json["error"]["facts"]
    settings.write_text(whole)
    assert told["nearest"] == "disclosure.threshold"


def test_help_shows_the_values_that_an_option_takes():
    shown = {
        name: run_here(*name.split(), "--help", COLUMNS="200").out for name, _ in leaves(tree())
    }
    functions = {
        f"{f.__module__.rpartition('.')[2]}.{f.__name__}": name
        for name, command in leaves(tree())
        for f in [inspect.unwrap(command.callback)]
    }
    for place, options in OPTIONS.items():
        for option, said in options.items():
            for value in said.get("values", ()):
                assert value in shown[functions[place]], (place, option)


def test_the_values_are_those_of_the_ledger():
    for place, option, kind in (
        ("releases.withdraw", "reason", "release_withdrawn"),
        ("releases.handover", "by", "package_handed_over"),
        ("keys.revoke_key", "reason", "signing_key_revoked"),
        ("keys.revoke_key_of_member", "reason", "recipient_revoked"),
        ("keys.request_escrow", "reason", "escrow_requested"),
    ):
        spec = KINDS[kind]
        fact = {**spec.must, **spec.may}[option]
        assert set(fact.name.removeprefix("one of ").split(", ")) == set(
            OPTIONS[place][option]["values"]
        ), place
