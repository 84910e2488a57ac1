"""What reviewers settled teaches the project's next releases, where the settings allow: kept, pinned, used, destroyed."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest

from errors import Exit
from matching.linking.explaining import Explainer
from matching.options import LinkOptions
from pipelines.cohort import destroy_cohort, lesson_path
from pipelines.home import Settings, write_private
from pipelines.release import lessons, orders
from pipelines.release.errors import LessonsChanged
from pipelines.release.reviewing import Said, decide, lesson_of
from pipelines.release.stages import match
from pipelines.release.stages.review import settle_doubtful
from pipelines.safeguards import less_cautious
from pipelines.safeguards.pins import Pins
from pipelines.session import today
from tests.two_tables import link
from tests.unit.pipelines.release.reviewing.reviewing_home import (
    COHORT,
    NUMBER,
    PAIRS,
    RECORDS,
    RELEASE,
)

DIGEST = "0" * 64
KEYS = [(row, str(record)) for row, record, _ in PAIRS]


def fed(session, feeds=True):
    settings = session.settings
    review = settings.review.model_copy(update={"feeds_model": feeds})
    session.__dict__["settings"] = settings.model_copy(update={"review": review})


def weighed(context):
    """Stage what explains the pairs, as the linkage does."""
    cohort = COHORT.drop_columns(["row_number"]).rename_columns(
        ["cohort_id", *COHORT.column_names[2:]]
    )
    model, rows = Explainer.of(link(cohort, RECORDS, LinkOptions())).kept(
        dict.fromkeys(record for _, record in KEYS)
    )
    write_private(context.staging.place("match", "WEIGHTS.json"), model)
    context.staging.write("match", "weights", rows)


@pytest.fixture
def settled(acting, context_of):
    """A context whose pairs are settled: four are the same or not, one is unsure."""

    def settle(feeds=True):
        session = acting("rey-1")
        fed(session, feeds)
        session.keyring.document_key(f"{NUMBER}.cohort.{DIGEST[:16]}", create=True)
        context = context_of(session)
        weighed(context)
        words = ["same", "same", "different", "same", "unsure"]
        said = [Said(key, word) for key, word in zip(KEYS, words, strict=True)]
        decide(session, RELEASE, said)
        settle_doubtful(context)
        return context

    return settle


def path_of(session):
    return lesson_path(session, NUMBER, DIGEST, RELEASE)


def out(session):
    """The release went out: by its events alone."""
    on = today().isoformat()
    session.releases.record(RELEASE, "extract_made", {"rows": 10})
    session.releases.attach_report(RELEASE, b"report")
    state = session.releases.show(RELEASE)
    session.releases._approve(state, "max-1", today(), None, "second_person")
    session.releases.record(RELEASE, "release_recorded", {"packages": 1, "on": on})


def keep(context, release):
    """Another lesson of the cohort, of one pair."""
    one = lesson_of(context, {KEYS[0]: "same"})
    lessons.keep(context.session, NUMBER, DIGEST, release, one)


def read(context, pinned):
    return lessons.read(context.session, NUMBER, pinned)


def test_it_is_off_by_default_and_needs_two_people():
    assert Settings().review.feeds_model is False
    settings = Settings()
    on = settings.review.model_copy(update={"feeds_model": True})
    assert "review.feeds_model" in less_cautious(settings.model_copy(update={"review": on}))


def test_off_nothing_is_kept_pinned_or_read(settled):
    context = settled(feeds=False)
    assert not path_of(context.session).exists()
    assert read(context, {}) is None
    plain = Pins(settings={}, system="0" * 64)
    assert "lessons" not in plain.model_dump(exclude_defaults=True)


def test_what_is_settled_is_kept_encrypted_without_the_unsure_once_it_went_out(settled):
    context = settled()
    session = context.session
    assert b'"fields"' not in path_of(session).read_bytes()
    assert lessons.kept(session, NUMBER, "CARPOS") == {}
    out(session)
    pinned = lessons.kept(session, NUMBER, "CARPOS")
    assert list(pinned) == [RELEASE]
    learnt = read(context, pinned)
    assert (learnt.count(same=True), learnt.count(same=False)) == (3, 1)


def test_another_project_or_system_has_none_of_it_nor_anybody_after_a_withdrawal(settled):
    session = settled().session
    out(session)
    assert lessons.kept(session, "2026-002", "CARPOS") == {}
    assert lessons.kept(session, NUMBER, "CURES") == {}
    session.releases.withdraw(RELEASE, "wrong_data", session.person, today())
    assert lessons.kept(session, NUMBER, "CARPOS") == {}


@pytest.mark.parametrize("harm", ["changed", "gone", "other"])
def test_what_is_not_what_was_pinned_stops_the_run(settled, harm):
    context = settled()
    out(context.session)
    pinned, path = lessons.kept(context.session, NUMBER, "CARPOS"), path_of(context.session)
    if harm == "changed":
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    elif harm == "gone":
        path.unlink()
    else:
        keep(context, RELEASE)
    with pytest.raises(LessonsChanged) as stopped:
        read(context, pinned)
    assert stopped.value.exit is Exit.INTEGRITY


def test_a_resumed_run_uses_what_its_order_pinned_whatever_was_kept_since(settled):
    context = settled()
    out(context.session)
    pinned = lessons.kept(context.session, NUMBER, "CARPOS")
    keep(context, "2026-001-R002")
    assert read(context, pinned).count(same=True) == 3
    assert read(context, {}) is None


def test_of_a_cohort_the_last_release_that_taught_something_counts_alone(settled, monkeypatch):
    context = settled()
    session = context.session
    out(session)
    first = session.releases.show(RELEASE)
    second, third = (replace(first, release=f"{NUMBER}-R00{n}") for n in (2, 3))
    keep(context, second.release)
    monkeypatch.setattr(type(session.releases), "list", lambda *_: [first, second, third])
    assert list(lessons.kept(session, NUMBER, "CARPOS")) == [second.release]


def test_it_goes_with_the_cohort(settled):
    session = settled().session
    destroy_cohort(session, NUMBER, DIGEST)
    assert not path_of(session).exists()
    assert list(path_of(session).parent.glob("*.lesson")) == []


def test_pins_with_lessons_have_another_digest_and_without_the_same_as_before(acting):
    session = acting("rey-1")
    before = Pins(settings={}, system="0" * 64)
    assert before.digest(session) == Pins(settings={}, system="0" * 64, lessons={}).digest(session)
    assert before.digest(session) != replace_lessons(before).digest(session)


def replace_lessons(pins):
    return pins.model_copy(update={"lessons": {RELEASE: DIGEST}})


class Linked(Exception):
    """Raised where a linkage would begin."""


@pytest.mark.parametrize("pin", [True, False])
def test_the_linkage_of_a_release_is_told_what_its_order_pins_and_nothing_else(
    settled, monkeypatch, pin
):
    context = settled()
    out(context.session)
    pinned = lessons.kept(context.session, NUMBER, "CARPOS") if pin else {}
    pins = Pins(settings={}, system="0" * 64, lessons=pinned)
    told = []

    def link_sources(*_sides, lessons, **_others):
        told.append(lessons)
        raise Linked

    monkeypatch.setattr(match, "link_sources", link_sources)
    monkeypatch.setattr(match, "_records", lambda *_: nullcontext())
    monkeypatch.setattr(match, "_cohort", lambda _: None)
    with pytest.raises(Linked):
        match.link_cohort(replace(context, order=context.order.model_copy(update={"pins": pins})))
    assert [one and one.count(same=True) for one in told] == [3 if pin else None]


@pytest.mark.parametrize(
    ("feeds", "kind"), [(True, "identified"), (False, "identified"), (True, "deidentified")]
)
def test_an_order_pins_what_the_settings_let_it_learn_from(settled, monkeypatch, feeds, kind):
    session = settled().session
    out(session)
    fed(session, feeds)
    snapshot = SimpleNamespace(snapshot_id="CARPOS-20261130-001", mapping="")
    state = SimpleNamespace(
        system="CARPOS", application=None, cohorts=(), cohort=lambda _: None, reviewers=None
    )
    monkeypatch.setattr(orders, "_snapshot", lambda *_: snapshot)
    monkeypatch.setattr(session.projects, "show", lambda _: state)
    pinned = []
    digest = Pins.digest
    monkeypatch.setattr(
        Pins, "digest", lambda self, s: pinned.append(self.lessons) or digest(self, s)
    )
    release = orders._order(session, orders.Request(NUMBER, kind), kind)
    kept = lessons.kept(session, NUMBER, "CARPOS") if feeds and kind == "identified" else {}
    assert orders.read_order(session.home, release).pins.lessons == kept
    assert pinned == [kept]
