"""A home: closed to others, settings that refuse what they don't know."""

import stat
from pathlib import Path

import pytest

from pipelines.deployment.init import init_home
from pipelines.home.errors import HomeExists, HomeMissing, HomeTooOpen, SettingsUnusable
from pipelines.home.home import lay_out, open_home
from pipelines.home.settings import TEMPLATE, Settings, read_settings
from pipelines.release.errors import YearsUnreadable
from pipelines.release.orders import parse_years
from pipelines.session import Session


def test_the_template_says_the_defaults(tmp_path: Path):
    path = tmp_path / "settings.toml"
    path.write_text(TEMPLATE)
    assert read_settings(path) == Settings()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("threshold = 10 ", "threshold = 1 ", "disclosure.threshold"),
        ("[linkage]", "[linkage]\nsecret = 1", "linkage.secret"),
        ('zeros = "published"', 'zeros = "maybe"', "disclosure.zeros"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, old, new, named):
    path = tmp_path / "settings.toml"
    path.write_text(TEMPLATE.replace(old, new, 1))
    with pytest.raises(SettingsUnusable) as caught:
        read_settings(path)
    assert named in caught.value.facts["settings"]


def test_a_new_home_is_private_and_opens(tmp_path: Path):
    facts = init_home(tmp_path / "home", department="Test Department")
    home = open_home(tmp_path / "home")
    assert len(str(facts["fingerprint"])) == 64
    open_to_others = [
        p
        for p in home.root.rglob("*")
        if stat.S_IMODE(p.stat().st_mode) & 0o077 and p != home.signing_certificate
    ]
    assert open_to_others == []
    session = Session(home)
    assert session.ledger.size() == 1
    assert session.demo is False
    assert session.person.id == "engineer-1"
    session.close()


def test_nothing_is_founded_over_something(tmp_path: Path):
    (tmp_path / "thing").touch()
    with pytest.raises(HomeExists):
        lay_out(tmp_path)
    with pytest.raises(HomeExists):
        lay_out(tmp_path / "thing")


def test_a_home_that_others_can_read_is_not_opened(tmp_path: Path):
    home = lay_out(tmp_path / "home")
    home.root.chmod(0o750)
    with pytest.raises(HomeTooOpen):
        open_home(home.root)


def test_no_home_no_work(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("DOJ_RELEASE_HOME", raising=False)
    with pytest.raises(HomeMissing):
        open_home(None)
    with pytest.raises(HomeMissing):
        open_home(tmp_path)


@pytest.mark.parametrize(("text", "years"), [("2024", (2024, 2024)), ("2016-2024", (2016, 2024))])
def test_years_are_one_or_a_span(text, years):
    assert parse_years(text) == years


@pytest.mark.parametrize("text", ["", "24-25", "2024-2016", "x", "2016-2024-2025"])
def test_other_years_are_refused(text):
    with pytest.raises(YearsUnreadable):
        parse_years(text)
