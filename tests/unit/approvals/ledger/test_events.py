"""The list of events is closed, and no fact has room for a personal value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from approvals.application.forms import MemberId
from approvals.errors import EventRefused
from approvals.ledger.events import (
    ANY,
    BYTES,
    COUNT,
    DATE,
    DIGEST,
    DIGESTS,
    FLAG,
    HOME,
    ID,
    IDS,
    KINDS,
    PROJECT,
    RELEASE,
    YEARS,
    Event,
    parse_facts,
)

SAMPLES = {
    COUNT.name: ("3", 3),
    FLAG.name: ("true", True),
    DATE.name: ("2026-01-31", "2026-01-31"),
    DIGEST.name: ("a" * 64, "a" * 64),
    DIGESTS.name: ("a" * 64 + "," + "b" * 64, ("a" * 64, "b" * 64)),
    ID.name: ("some-id", "some-id"),
    IDS.name: ("one,two", ("one", "two")),
    BYTES.name: ("Q3JlZGVudGlhbC0x", "Q3JlZGVudGlhbC0x"),
    YEARS.name: ("2016-2025", "2016-2025"),
}


def sample(fact_type):
    if fact_type.name.startswith("one of "):
        first = fact_type.name.removeprefix("one of ").split(", ")[0]
        return first, first
    if fact_type.name.startswith("any of "):
        first = fact_type.name.removeprefix("any of ").split(", ")[0]
        return first, (first,)
    return SAMPLES[fact_type.name]


def event_of(kind, facts):
    about = KINDS[kind].about
    return Event(
        kind,
        "p-a",
        project=None if about in (HOME, ANY) else "2026-001",
        release="2026-001-R001" if about == RELEASE else None,
        facts=facts,
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_takes_its_facts_and_parses_them_from_text(kind):
    spec = KINDS[kind]
    types = {**spec.must, **spec.may}
    facts = parse_facts(kind, {name: sample(t)[0] for name, t in types.items()})
    assert facts == {name: sample(t)[1] for name, t in types.items()}
    assert event_of(kind, facts).facts == facts
    for name in spec.must:
        with pytest.raises(EventRefused):
            event_of(kind, {k: v for k, v in facts.items() if k != name})


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_kind_takes_a_sentence_a_name_or_an_unknown_fact(kind):
    spec = KINDS[kind]
    facts = {name: sample(t)[1] for name, t in spec.must.items()}
    for name in {**spec.must, **spec.may}:
        for personal in ("Maria Canary", "canary@example.org", "(530) 555-0100", "", None, 1.5):
            with pytest.raises(EventRefused) as caught:
                event_of(kind, {**facts, name: personal})
            assert "anary" not in str(caught.value)
    with pytest.raises(EventRefused) as caught:
        event_of(kind, {**facts, "Maria_Canary": 1})
    assert "Canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "project", "release"),
    [
        ("home_created", "2026-001", None),
        ("review_started", None, None),
        ("review_started", "2026-001", "2026-001-R001"),
        ("staging_destroyed", "2026-001", None),
        ("no_such_kind", "2026-001", None),
    ],
)
def test_an_event_is_about_what_its_kind_says(kind, project, release):
    facts = {"demo": True} if kind == "home_created" else {}
    with pytest.raises(EventRefused):
        Event(kind, "p-a", project, release, facts)


@given(st.text())
def test_names_of_actors_and_keys_are_short_ids(text):
    plain = text.isascii() and all(c.isalnum() or c in "._:-" for c in text)
    for field in ("actor", "project", "key"):
        values = {"actor": "p-a", "project": "2026-001", "key": None} | {field: text}
        try:
            Event("review_started", facts={"on": "2026-01-01"}, **values)
        except EventRefused:
            pass
        else:
            assert plain or (field == "key" and "/" in text)


def test_each_kind_is_about_one_thing():
    assert {spec.about for spec in KINDS.values()} == {HOME, PROJECT, RELEASE, ANY}


@pytest.mark.parametrize("fact_type", [DATE, DIGEST, DIGESTS, ID, IDS, YEARS])
def test_a_line_end_after_an_id_or_a_digest_is_none(fact_type):
    value = SAMPLES[fact_type.name][1]
    with_line_end = f"{value}\n" if isinstance(value, str) else (*value[:-1], f"{value[-1]}\n")
    assert fact_type.holds(value)
    assert not fact_type.holds(with_line_end)


def test_a_key_has_no_line_end():
    with pytest.raises(EventRefused):
        Event("home_created", "dana", facts={"demo": True}, key="home:1\n")


def test_neither_has_a_member_of_an_application():
    member = TypeAdapter(MemberId)
    assert member.validate_python("lee") == "lee"
    with pytest.raises(ValidationError):
        member.validate_python("lee\n")
