"""What is refused leaves nothing behind: a file is stored where its event is recorded, after everything that may refuse it."""

from datetime import timedelta

import pytest
from approvals_home import APPROVER, ENGINEER, TODAY, Person

from approvals.deadlines.notices import write_notices
from approvals.errors import EvidenceMissing, RoleMissing, StateMoved

NOBODY = Person("p-none", "No One", "none", frozenset())


def files(home):
    """All files of projects, by place."""
    found = (home.path / "projects").rglob("*")
    return {p.relative_to(home.path).as_posix() for p in found if p.is_file()}


@pytest.fixture
def number(home):
    number = home.projects.submit(home.application(), ENGINEER, TODAY).number
    return home.projects.approve(number, APPROVER, TODAY).number


def test_a_lost_race_for_a_number_leaves_the_others_folder_alone(home, number, monkeypatch):
    before, events, asked = files(home), home.ledger.events, []

    def late(*args, **kwargs):
        """As read before the other one was there."""
        asked.append(kwargs)
        return [] if len(asked) == 1 else events(*args, **kwargs)

    monkeypatch.setattr(home.ledger, "events", late)
    other = home.application(change=lambda text: text.replace("[institution]", "\n[institution]"))
    second = home.projects.submit(other, ENGINEER, TODAY).number
    new = files(home) - before
    assert second != number
    assert {name.split("/")[1] for name in new} == {second}


STEPS = {
    "amendment": lambda home, number, who: home.projects._submit_changed(
        home.projects.show(number).application.model_copy(update={"modifies": number}),
        b"another", who, TODAY,
    ),
    "recipient": lambda home, number, who: home.projects.add_recipient(
        number, "1" * 64, home.projects.show(number).application.recipient_ids()[0], who, TODAY,
        certificate=b"certificate",
    ),
    "document": lambda home, number, who: home.projects.event(
        number, "draft_received", who, TODAY, {}, {"draft": home.path / "application.toml"}
    ),
    "letters": lambda home, number, who: write_notices(
        home.projects, who, TODAY + timedelta(days=300)
    ),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_a_refused_step_leaves_no_file(home, number, step):
    before = files(home)
    with pytest.raises(RoleMissing):
        STEPS[step](home, number, NOBODY)
    assert files(home) == before
    STEPS[step](home, number, ENGINEER)
    assert files(home) > before


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_came_too_late_leaves_no_file(home, number, step, monkeypatch):
    before, checked = files(home), "approvals.ledger.ledger._check_unmoved"

    def moved(*_):
        raise StateMoved

    monkeypatch.setattr(checked, moved)
    with pytest.raises(StateMoved):
        STEPS[step](home, number, ENGINEER)
    assert files(home) == before


def test_a_document_of_a_step_that_is_not_open_is_not_kept(home, number):
    before = files(home)
    with pytest.raises(EvidenceMissing):
        home.projects.event(
            number,
            "closure_ordered",
            APPROVER,
            TODAY,
            {},
            {"order": home.path / "application.toml"},
        )
    assert files(home) == before


def test_a_report_that_can_not_be_recorded_is_not_kept(home, monkeypatch):
    state = home.approved("aggregated")
    release = home.releases.order(state.number, "aggregated", ENGINEER, TODAY).release
    before = files(home)
    monkeypatch.setattr(
        home.ledger, "_row", lambda *_: (_ for _ in ()).throw(StateMoved)
    )  # the last thing that may refuse it
    with pytest.raises(StateMoved):
        home.releases.attach_report(release, b"report")
    assert files(home) == before
