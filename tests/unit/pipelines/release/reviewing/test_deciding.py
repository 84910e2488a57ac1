"""Decisions one by one: kept, recorded once, taken back; two people at once; a crash in the middle; a run that went on."""

import json

import pytest

from approvals.errors import NobodyOfThatName, ReviewerNotNamed, RoleMissing
from approvals.ledger import Event
from approvals.project import roles_for
from errors import Exit
from pipelines.custody import record_event
from pipelines.errors import OptionsDisagree
from pipelines.home import ReleaseHeld, locked
from pipelines.operations.waiting import waiting_for
from pipelines.release.errors import (
    DecisionsUsed,
    NothingToUndo,
    PairSettled,
    PairUnknown,
    StageChanged,
    StalePage,
)
from pipelines.release.orders import ReviewPolicy
from pipelines.release.reviewing import (
    Book,
    Said,
    decide,
    export_review,
    import_review,
    look,
    opened,
    settle,
    tasks_for,
    undo_decision,
)
from pipelines.session import today
from tests.unit.pipelines.release.reviewing.reviewing_home import NUMBER, PAIRS, RELEASE

EVERY = ReviewPolicy(second_share=1.0, alike_rows=3, alike="offer")
KEYS = [(row, str(record)) for row, record, _ in PAIRS]


def said(place, verdict="same", **more):
    return Said(KEYS[place], verdict, **more)


def task(session, place):
    with opened(session, RELEASE) as table:
        return table.standing(KEYS[place]).task


def everything(session, verdict="same"):
    decide(session, RELEASE, [said(place, verdict) for place in range(len(KEYS))])


def test_a_decision_is_an_event_and_staged_encrypted_and_its_note_is_in_neither_ledger_nor_plain(
    acting, events, context_of
):
    session = acting("rey-1")
    assert decide(session, RELEASE, [said(0, reason="slip", note="ZEBRA"), said(1)]) == 2
    first, second = events(session, "pair_decided")
    assert (first["decision"], first["number"], first["look"], first["second"]) == (
        "link",
        1,
        "first",
        False,
    )
    assert first["pair"] != second["pair"]
    assert "slip" not in json.dumps(first)
    folder = session.home.runs / RELEASE
    assert not [p for p in folder.rglob("*") if p.is_file() and b"ZEBRA" in p.read_bytes()]
    (word, _) = Book.read(context_of(session)).words
    assert (word.reason, word.note, word.by) == ("slip", "ZEBRA", "rey-1")


def test_the_same_again_is_nothing_new_and_a_change_is_another_event(acting, events):
    session = acting("rey-1")
    assert [decide(session, RELEASE, [said(0)]) for _ in range(2)] == [1, 0]
    assert decide(session, RELEASE, [said(0, "different")]) == 1
    assert [e["decision"] for e in events(session, "pair_decided")] == ["link", "non_link"]


def test_what_is_taken_back_is_open_again_and_both_stand(acting, events):
    session = acting("rey-1")
    decide(session, RELEASE, [said(0)])
    decide(session, RELEASE, [said(3)])
    assert undo_decision(session, RELEASE) == KEYS[3]
    assert (task(session, 0), task(session, 3)) == ("settled", "first")
    assert undo_decision(session, RELEASE) == KEYS[0]
    with pytest.raises(NothingToUndo):
        undo_decision(session, RELEASE)
    assert (len(events(session, "pair_decided")), len(events(session, "decision_undone"))) == (2, 2)


def test_two_at_one_pair_the_second_is_told_and_nothing_is_counted_twice(acting, events):
    one, other = acting("rey-1"), acting("ann-1")
    decide(one, RELEASE, [said(0, "same", version=0)])
    with pytest.raises(StalePage) as stale:
        decide(other, RELEASE, [said(0, "different", version=0)])
    assert stale.value.facts == {"decided": True}
    assert len(events(one, "pair_decided")) == 1
    with pytest.raises(NothingToUndo):  # it is not theirs
        undo_decision(other, RELEASE)


def test_while_the_run_goes_on_a_decision_waits_and_is_then_refused(acting, monkeypatch):
    monkeypatch.setattr("pipelines.release.reviewing.deciding._PATIENCE", 0.05)
    session = acting("rey-1")
    with locked(session.home.runs / RELEASE), pytest.raises(ReleaseHeld):
        decide(session, RELEASE, [said(0)])
    assert decide(session, RELEASE, [said(0)]) == 1


def test_after_the_run_went_on_nothing_is_decided_or_taken_back(acting, context_of):
    session = acting("rey-1")
    decide(session, RELEASE, [said(0)])
    context_of(session).records.keep("review", [], {}, 0.0)
    with pytest.raises(DecisionsUsed) as used:
        decide(session, RELEASE, [said(0, "different"), said(3)])
    assert used.value.facts == {"new": 1, "changed": 1}
    assert decide(session, RELEASE, [said(0)]) == 0  # what it says is known
    with pytest.raises(DecisionsUsed):
        undo_decision(session, RELEASE)


def test_a_crash_between_staging_and_ledger_loses_nothing(acting, events, monkeypatch, context_of):
    session = acting("rey-1")
    decide(session, RELEASE, [said(0)])
    with monkeypatch.context() as broken:
        broken.setattr("approvals.custody.Releases.record_decision", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            decide(session, RELEASE, [said(3), said(4)])
    assert len(events(session, "pair_decided")) == 1
    other = acting("ann-1")
    decide(
        other, RELEASE, [said(2)]
    )  # whoever comes next records what is missing, under the name of who said it
    recorded = other.ledger.events(release=RELEASE, kind="pair_decided")
    assert [(e.actor, e.facts["number"]) for e in recorded] == [
        ("rey-1", 1), ("rey-1", 2), ("rey-1", 3), ("ann-1", 4),
    ]  # fmt: skip


def test_a_crash_after_half_of_the_events_counts_none_twice(acting, events, monkeypatch):
    session = acting("rey-1")
    with monkeypatch.context() as broken:
        broken.setattr(Book, "all_recorded", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            decide(session, RELEASE, [said(0), said(3)])
    assert decide(session, RELEASE, [said(4)]) == 1
    assert [e["number"] for e in events(session, "pair_decided")] == [1, 2, 3]


def test_the_run_refuses_decisions_that_the_ledger_does_not_know(acting, context_of):
    session = acting("rey-1")
    everything(session)
    context = context_of(session)
    assert settle(context, wait=True).undecided == 0
    Book(Book.read(context).words[:-1]).keep(context)
    with pytest.raises(StageChanged):
        settle(context, wait=True)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (Said(("c1", "12"), "same"), PairUnknown),
        (Said(KEYS[0], "perhaps"), OptionsDisagree),
        (Said(KEYS[0], "same", "a hunch"), OptionsDisagree),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_of_it_is_kept(acting, events, wrong, error):
    session = acting("rey-1")
    with pytest.raises(error) as refused:
        decide(session, RELEASE, [said(1), wrong])
    assert not events(session, "pair_decided")
    assert not {"c1", "12", "a hunch"} & set(str(refused.value).split())


def test_only_a_reviewer_decides(acting):
    with pytest.raises(RoleMissing) as refused:
        decide(acting("eng-1"), RELEASE, [said(0)])
    assert refused.value.exit is Exit.REFUSED


def test_when_nothing_is_open_the_release_is_reviewed_and_open_again_when_one_is_taken_back(
    acting, events
):
    session = acting("rey-1")
    decide(session, RELEASE, [said(place) for place in range(4)])
    assert str(session.releases.show(RELEASE).status) == "waiting_review"
    decide(session, RELEASE, [said(4, "different")])
    assert events(session, "review_settled") == [{"links": 4, "non_links": 1}]
    assert str(session.releases.show(RELEASE).status) == "reviewed"
    undo_decision(session, RELEASE)
    assert str(session.releases.show(RELEASE).status) == "waiting_review"
    decide(session, RELEASE, [said(4, "unsure")])
    assert str(session.releases.show(RELEASE).status) == "reviewed"


# Second looks and differences


def test_a_second_look_is_another_persons_and_differences_are_a_thirds(acting, context_of):
    one, two, three = acting("rey-1", EVERY), acting("ann-1"), acting("max-1")
    everything(one)
    assert task(one, 0) == "second"
    with opened(one, RELEASE) as table:
        assert not set(KEYS) & set(tasks_for(table))  # theirs is done
    with opened(two, RELEASE) as table:
        assert set(KEYS) <= set(tasks_for(table))
    decide(two, RELEASE, [said(0), said(1), said(2, "different"), said(3), said(4)])
    assert (task(two, 0), task(two, 2)) == ("settled", "adjudicate")
    with pytest.raises(PairSettled):  # a first look can't be changed any more
        decide(one, RELEASE, [said(2, "different")])
    with opened(two, RELEASE) as table:
        assert not set(KEYS) & set(tasks_for(table))
    found = settle(context_of(one), wait=True)
    assert (found.waits, found.links.num_rows) == ({"adjudicate": 1}, 6)
    decide(three, RELEASE, [said(2, "different")])
    found = settle(context_of(three), wait=True)
    assert (found.undecided, found.adjudicated, found.agreement.n, found.agreement.agreed) == (
        0,
        1,
        4,
        3,
    )
    assert found.links.num_rows == 5  # what is different has left


def test_a_pair_that_waits_is_never_a_link(acting, context_of):
    session = acting("rey-1", EVERY)
    everything(session)
    found = settle(context_of(session), wait=False)
    assert found.waits == {"second": 5}
    assert sorted(found.links["decision"].to_pylist()) == ["link"] + ["review"] * 5


def test_who_looks_a_second_time_may_change_their_mind_until_it_is_settled(acting):
    one, two, three = acting("rey-1", EVERY), acting("ann-1"), acting("max-1")
    everything(one)
    decide(two, RELEASE, [said(0, "different")])
    decide(two, RELEASE, [said(0, "same")])
    assert task(two, 0) == "settled"
    decide(two, RELEASE, [said(0, "different")])
    decide(three, RELEASE, [said(0, "same")])
    assert task(two, 0) == "settled"
    with pytest.raises(PairSettled):
        decide(two, RELEASE, [said(0, "same", note="but")])


def test_which_are_looked_at_twice_is_drawn_by_the_key_and_holds_every_near_tie(acting):
    some = ReviewPolicy(second_share=1e-9, alike_rows=3, alike="offer")
    with opened(acting("rey-1", some), RELEASE) as table:
        pairs = [item for item in table.index.items if not item.is_row]
    assert [item.tie for item in pairs] == [True] * 4 + [False]
    assert [item.second for item in pairs] == [True] * 4 + [False]


def test_an_order_of_before_wants_one_persons_word_and_the_later_one_counts(acting, context_of):
    one, two = acting("rey-1", None), acting("ann-1")
    everything(one)
    assert decide(two, RELEASE, [said(0, "different")]) == 1
    found = settle(context_of(two), wait=True)
    assert (found.undecided, found.links.num_rows, found.agreement) == (0, 5, None)


# The sheet goes through the same door


def filled(path, *words, notes=()):
    import openpyxl

    book = openpyxl.load_workbook(path)
    for row, word in enumerate(words, start=2):
        book["pairs"].cell(row, 5).value = word
    for row, note in enumerate(notes, start=2):
        book["pairs"].cell(row, 7).value = note
    book.save(path)


def sheet_of(session, tmp_path, *words, **more):
    path = tmp_path / f"{session.person.id}.xlsx"
    path.unlink(missing_ok=True)
    export_review(session, RELEASE, path)
    filled(path, *words, **more)
    return path


def test_a_sheet_is_taken_in_parts_and_a_second_import_counts_once(acting, events, tmp_path):
    session = acting("rey-1")
    sheet = sheet_of(session, tmp_path, "same", None, "different", notes=["seen"])
    told = import_review(session, RELEASE, sheet)
    assert (told["new"], told["open"], told["same"], told["different"]) == (2, 3, 1, 1)
    again = import_review(session, RELEASE, sheet)
    assert (again["new"], again["before"], len(events(session, "pair_decided"))) == (0, 2, 2)
    filled(sheet, "same", "same", "different", "same", "unsure")
    assert import_review(session, RELEASE, sheet)["open"] == 0
    assert [e["links"] for e in events(session, "sheet_imported")] == [3]
    assert str(session.releases.show(RELEASE).status) == "reviewed"


def test_notes_are_in_the_next_sheet_and_the_first_verdict_is_not_in_the_seconds(acting, tmp_path):
    import openpyxl

    one, two = acting("rey-1", EVERY), acting("ann-1")
    import_review(one, RELEASE, sheet_of(one, tmp_path, "same", notes=["seen"]))
    rows = list(
        openpyxl.load_workbook(sheet_of(one, tmp_path, "same"))["pairs"].iter_rows(
            min_row=2, values_only=True
        )
    )
    assert rows[0][4:7] == ("same", None, "seen")
    assert [row[3] for row in rows] == [0.6] + [None] * 4  # how likely: once it is decided
    # the first answer is not told:
    told = import_review(two, RELEASE, sheet_of(two, tmp_path, None, "unsure"))
    assert (told["same"], told["different"], told["unsure"]) == (
        0,
        0,
        1,
    )
    blind = openpyxl.load_workbook(sheet_of(two, tmp_path))["pairs"]
    (first, *_) = blind.iter_rows(min_row=2, values_only=True)
    assert first[3:8] == (None, None, None, None, "second look")


def test_two_sheets_of_one_pair_lose_nothing(acting, tmp_path):
    """Both were exported before either came back, and nobody asked for a second look: a difference is a third's to settle."""
    one, two, three = acting("rey-1"), acting("ann-1"), acting("max-1")
    sheets = [sheet_of(who, tmp_path, "same", "same") for who in (one, two)]
    filled(sheets[1], "different", "same")
    import_review(one, RELEASE, sheets[0])
    told = import_review(two, RELEASE, sheets[1])
    assert (told["new"], told["before"], told["others"], told["adjudicate"]) == (1, 1, 0, 1)
    decide(three, RELEASE, [said(0, "same")])
    assert import_review(two, RELEASE, sheets[1])["others"] == 0


def test_status_says_what_waits_for_whom(acting):
    one, two, three = acting("rey-1", EVERY), acting("ann-1"), acting("max-1")

    def waits(session):
        return [w["what"] for w in waiting_for(session) if "review" in str(w["command"])]

    first = [f"settle the doubtful pairs {RELEASE}"]
    assert waits(one) == waits(two) == first
    everything(one)
    assert waits(one) == []
    assert waits(two) == [f"look at 5 pairs of {RELEASE} a second time"]
    everything(two, "different")
    assert waits(two) == []
    assert waits(three) == [f"settle 5 pairs of {RELEASE} that two reviewers answered differently"]
    undo_decision(two, RELEASE)
    assert waits(two) == [f"look at 1 pair of {RELEASE} a second time"]


def named(session, *people):
    """An administrator names who reviews the project's releases."""
    facts = {"people": people, "on": today().isoformat()}
    session.ledger.append(Event("reviewers_named", "adm-1", NUMBER, facts=facts))


def test_where_a_project_names_its_reviewers_nobody_else_sees_a_pair(acting, tmp_path):
    one, two = acting("rey-1"), acting("ann-1")
    named(one, "ann-1", "max-1")
    tries = [
        lambda: look(one, RELEASE),
        lambda: decide(one, RELEASE, [said(0, "same")]),
        lambda: undo_decision(one, RELEASE),
        lambda: export_review(one, RELEASE, tmp_path / "sheet.xlsx"),
        lambda: import_review(one, RELEASE, tmp_path / "sheet.xlsx"),
    ]
    for tried in tries:
        with pytest.raises(ReviewerNotNamed):
            tried()
    assert not (tmp_path / "sheet.xlsx").exists()
    assert decide(two, RELEASE, [said(0, "same")]) == 1
    waits = [w for w in waiting_for(one, everybody=True) if w["step"] == "release.review"]
    assert [(w["mine"], w["others"]) for w in waits] == [(False, ["ann-1", "max-1"])]
    named(one, "rey-1")
    assert decide(one, RELEASE, [said(1, "same")]) == 1
    with pytest.raises(ReviewerNotNamed):
        look(two, RELEASE)


def test_the_name_of_a_reviewer_does_not_give_the_role(acting):
    engineer = acting("eng-1")
    named(engineer, "eng-1")
    with pytest.raises(RoleMissing):
        look(engineer, RELEASE)


def test_only_reviewers_are_named(acting):
    session = acting("rey-1")
    for people, refused in (("ann-1,nobody-1", NobodyOfThatName), ("eng-1", RoleMissing)):
        with pytest.raises(refused):
            record_event(session, NUMBER, "reviewers_named", today(), {"people": people}, {})
    assert not session.ledger.events(kind="reviewers_named")
    assert roles_for("reviewers_named") == {"administrator", "approver"}
