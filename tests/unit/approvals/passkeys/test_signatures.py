"""Who has a passkey, and what whoever owns the ledger's database can't make up: `ledger verify` finds each of it."""

from datetime import date, timedelta

import pytest
from approvals_home import APPROVER, ENGINEER, SECURITY, TODAY, keyed, make_home
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from approvals import errors
from approvals.ledger import SIGNATURE, Event, Ledger
from approvals.ledger.verification import verify_chain
from approvals.passkeys import (
    Signing,
    check_signatures,
    confirm_passkey,
    enter,
    in_force,
    invite,
    open_invitation,
    passkeys,
    register_passkey,
    revoke_passkey,
)
from approvals.people import Person
from crypto.errors import (
    AssertionDoesNotHold,
    CounterStoodStill,
    PasskeyUnreadable,
    PasskeyUnsuitable,
)
from crypto.passkeys import Site
from tests.examples import examples
from tests.passkeys import enrolled, proving, registered, signed
from tests.unit.crypto.passkeys.authenticators import SITE, Authenticator, client_data

ADMIN = Person("p-admin", "Ada Example", "ada", frozenset({"administrator"}))
OTHER = Person("p-other", "Olu Example", "olu", frozenset({"approver"}))
DAY = TODAY.isoformat()
FACTS = {"application": "d" * 64, "on": DAY, "expires": "2027-11-23"}


def approval(number="2026-001", actor=APPROVER.id, **facts):
    return Event("project_approved", actor, number, facts=FACTS | facts)


@pytest.fixture
def ledger(home):
    proving(home.ledger)
    return home.ledger


@pytest.fixture
def mine(ledger):
    """The approver's authenticator."""
    return enrolled(ledger, APPROVER.id, ADMIN, SECURITY, TODAY, keyed, now=_now(ledger))[0]


def _now(ledger):
    return ledger.clock()[1]


def approved(ledger, mine, **more):
    return signed(ledger, lambda: ledger.append(approval()), mine, **more)


def checked(ledger, since=None):
    verify_chain(ledger).check()
    return check_signatures(ledger, since, demo=False)


def refused(ledger, since=None):
    """What is wrong, event by event."""
    verify_chain(ledger).check()
    with pytest.raises(errors.LedgerBroken) as found:
        check_signatures(ledger, since, demo=False)
    return {one.seq: one.what for one in found.value.problems}


# Enrolment


def test_a_passkey_is_registered_by_one_confirmed_by_another_and_revoked(ledger):
    mine, fingerprint = registered(ledger, APPROVER.id, ADMIN, TODAY, keyed, now=_now(ledger))
    assert (in_force(ledger), [p.person for p in passkeys(ledger)]) == ([], [APPROVER.id])
    for who, error in (
        (APPROVER, errors.SamePerson),
        (ADMIN, errors.SamePerson),
        (ENGINEER, errors.RoleMissing),
    ):
        with pytest.raises(error):
            confirm_passkey(ledger, fingerprint, who, TODAY, demo=False)
    for wrong in (fingerprint[:15], "f" * 64, ""):
        with pytest.raises(errors.NothingToConfirm):
            confirm_passkey(ledger, wrong, SECURITY, TODAY, demo=False)
    confirm_passkey(ledger, fingerprint[:16], SECURITY, TODAY, demo=False)
    [found] = in_force(ledger, APPROVER.id)
    assert (found.fingerprint, found.credential) == (fingerprint, mine.credential)
    assert checked(ledger).signed == 1  # its own registration
    with pytest.raises(errors.RoleMissing):
        revoke_passkey(ledger, fingerprint, "lost", ENGINEER, TODAY)
    revoke_passkey(ledger, fingerprint, "lost", APPROVER, TODAY)
    assert in_force(ledger) == []
    with pytest.raises(errors.NothingToConfirm):
        revoke_passkey(ledger, fingerprint, "lost", SECURITY, TODAY)
    checked(ledger)


def test_an_invitation_opens_once_and_not_for_long(ledger):
    with pytest.raises(errors.RoleMissing):
        invite(ledger, APPROVER.id, ENGINEER, TODAY, hours=24, digest=keyed)
    code = invite(ledger, APPROVER.id, ADMIN, TODAY, hours=24, digest=keyed)
    assert all(code not in str(entry) for entry in ledger.events())
    later = _now(ledger) + timedelta(hours=25)
    for wrong, at in ((code[::-1], _now(ledger)), (code, later), ("", _now(ledger))):
        with pytest.raises(errors.InvitationOver):
            open_invitation(ledger, wrong, at, keyed)
    whose, invitation = open_invitation(ledger, code, _now(ledger), keyed)
    assert whose == APPROVER.id
    from crypto.passkeys import verify_registration

    mine = Authenticator()
    passkey = verify_registration(SITE, b"asked", *mine.create(b"asked"))
    signed(
        ledger,
        lambda: register_passkey(ledger, whose, invitation, passkey, SITE.place, TODAY),
        mine,
        new=passkey,
    )
    with pytest.raises(errors.InvitationOver):
        open_invitation(ledger, code, _now(ledger), keyed)


def test_a_registration_is_signed_by_the_key_that_it_names(ledger):
    with pytest.raises(AssertionDoesNotHold):
        registered(ledger, APPROVER.id, ADMIN, TODAY, keyed, now=_now(ledger), authenticator=Liar())
    assert passkeys(ledger) == []


def test_a_credential_is_one_persons(ledger, mine):
    twin = Authenticator(credential=mine.credential)
    with pytest.raises(PasskeyUnsuitable):
        registered(ledger, OTHER.id, ADMIN, TODAY, keyed, now=_now(ledger), authenticator=twin)
    with pytest.raises(PasskeyUnsuitable):
        registered(ledger, OTHER.id, ADMIN, TODAY, keyed, now=_now(ledger), authenticator=mine)
    assert len(passkeys(ledger)) == 1


def test_a_sign_in_that_is_recorded_after_a_later_gesture_breaks_nothing(ledger, mine):
    fingerprint = passkeys(ledger)[0].fingerprint
    approved(ledger, mine)
    enter(ledger, APPROVER.id, TODAY, fingerprint, mine.counter - 1)
    assert checked(ledger).signed == 2
    enter(ledger, APPROVER.id, TODAY, fingerprint, mine.counter + 5)
    with pytest.raises(CounterStoodStill):
        approved(ledger, mine)


def test_two_who_confirm_at_once_confirm_once(ledger, monkeypatch):
    """Both saw that it waits; the ledger's lock lets one of them through."""
    _, fingerprint = registered(ledger, APPROVER.id, ADMIN, TODAY, keyed, now=_now(ledger))
    waiting = passkeys(ledger)
    confirm_passkey(ledger, fingerprint, SECURITY, TODAY, demo=False)
    monkeypatch.setattr("approvals.passkeys.keys.passkeys", lambda _: waiting)
    with pytest.raises(errors.StateMoved):
        confirm_passkey(ledger, fingerprint, OTHER, TODAY, demo=False)
    checked(ledger)


class Liar(Authenticator):
    """Names somebody else's key as its own."""

    def cose(self):
        return Authenticator().cose()


# Decisions


def test_a_decision_at_the_desk_is_signed_and_checked_again(ledger, mine):
    entry = approved(ledger, mine)
    assert set(SIGNATURE) <= set(entry.facts)
    found = checked(ledger, TODAY + timedelta(days=1))
    assert (found.signed, found.unsigned) == (2, 1)  # the passkey was confirmed by a command
    assert FACTS.items() <= entry.facts.items()


def test_nobody_is_asked_where_no_desk_stands(ledger, mine):
    before = ledger.append(approval())
    assert set(before.facts) == set(FACTS)
    assert checked(ledger).unsigned == 2


def test_from_a_day_on_commands_decide_no_more(ledger, mine):
    proving(ledger, since=TODAY)
    size = ledger.size()
    with pytest.raises(errors.PasskeyNeeded):
        ledger.append(approval())
    ledger.append(
        Event("project_denied", APPROVER.id, "2026-001", facts={"on": DAY, "statement": "d" * 64})
    )
    assert ledger.size() == size + 1
    approved(ledger, mine, since=TODAY)


def test_without_a_passkey_nothing_is_signed(ledger):
    for signing in (Site("https://desk.example:8443", "desk.example"), SITE):
        proving(ledger, site=signing)
        with pytest.raises(errors.PasskeyNotInForce):
            ledger.append(approval())


def test_a_signature_is_given_by_nobody_in_facts(ledger, mine):
    facts = dict(approved(ledger, mine).facts)
    with pytest.raises(errors.EventRefused):
        ledger.append(approval(**facts))
    with pytest.raises(errors.EventRefused):
        approval(signature="abc")


def test_what_was_signed_is_what_is_recorded(ledger, mine):
    said = iter([approval(), approval(expires="2027-01-01")])
    with pytest.raises(errors.StatementMoved):
        signed(ledger, lambda: ledger.append(next(said)), mine)
    ledger.append(approval("2026-002"))  # what others do meanwhile changes nothing
    approved(ledger, mine)


ANSWERS = {
    "another challenge": (AssertionDoesNotHold, lambda a, c, s: a.sign(b"another")),
    "another site": (AssertionDoesNotHold, lambda a, c, s: a.sign(c, Site("https://evil.example", "evil.example"))),
    "nobody's key": (errors.PasskeyNotInForce, lambda a, c, s: Authenticator().sign(c)),
    "another's key under its name": (AssertionDoesNotHold, lambda a, c, s: Authenticator(credential=a.credential, counter=9).sign(c)),
    "nobody verified": (AssertionDoesNotHold, lambda a, c, s: a.sign(c, data=a.data(flags=1))),
    "a copy": (CounterStoodStill, lambda a, c, s: a.sign(c, data=_stale(a))),
    "words": (PasskeyUnreadable, lambda a, c, s: a.sign(c, client=client_data("get", c, note="María"))),
}  # fmt: skip


def _stale(authenticator):
    authenticator.counter = 0
    return authenticator.data()


@pytest.mark.parametrize("what", ANSWERS)
def test_answers_that_are_none(ledger, mine, what):
    error, answer = ANSWERS[what]
    size = ledger.size()
    with pytest.raises(error):
        approved(ledger, mine, answer=lambda challenge, site: answer(mine, challenge, site))
    assert ledger.size() == size


def test_a_revoked_passkey_signs_nothing_more(ledger, mine):
    approved(ledger, mine)
    revoke_passkey(ledger, passkeys(ledger)[0].fingerprint, "lost", SECURITY, TODAY)
    with pytest.raises(errors.PasskeyNotInForce):
        approved(ledger, mine)
    assert checked(ledger).signed == 2  # what it signed stays signed


# Whoever owns the database


def forged(ledger, *events):
    """Append as who can write anything: without a desk, a command, or a check of ours."""
    ledger._prove = None
    return [ledger.append(one) for one in events]


def test_an_invented_approval_has_no_signature(ledger, mine):
    approved(ledger, mine)
    [entry] = forged(ledger, approval("2026-002"))
    assert checked(ledger).unsigned == 2
    assert refused(ledger, TODAY)[entry.seq] == "not signed with a passkey"


def test_a_time_before_that_day_helps_nobody(home, ledger, mine):
    since = TODAY + timedelta(days=1)
    home.ledger._clock.now += timedelta(days=2)
    entry = approved(ledger, mine)
    clock = home.ledger._clock.now
    forged(ledger, approval("2026-002"))
    home.ledger._clock.now = clock - timedelta(seconds=100)
    assert checked(ledger, since + timedelta(days=9)).signed == 2
    ledger.append(approval("2026-003"))
    late = ledger.size()
    _rewritten_time(ledger, late, "2026-11-23T09:00:00.000000+00:00")
    with pytest.raises(errors.LedgerBroken) as found:
        check_signatures(ledger, since, demo=False)
    assert late in {one.seq for one in found.value.problems}
    assert entry.seq not in {one.seq for one in found.value.problems}


def _rewritten_time(ledger, seq, at):
    import json

    import sqlalchemy as sa

    with ledger.engine.connect() as connection:
        connection.exec_driver_sql("DROP TRIGGER events_no_update")
        body = json.loads(
            connection.execute(
                sa.text("SELECT body FROM events WHERE seq = :s"), {"s": seq}
            ).scalar()
        )
        body["at"] = at
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        connection.execute(
            sa.text("UPDATE events SET at = :a, body = :b WHERE seq = :s"),
            {"a": at, "b": text, "s": seq},
        )


def test_a_signature_is_of_one_event_alone(ledger, mine):
    facts = dict(approved(ledger, mine).facts)
    for event in (approval("2026-002", **facts), approval(**facts | {"expires": "2027-12-31"}),
                  approval(actor=OTHER.id, **facts), approval(**facts)):  # fmt: skip
        seq = forged(ledger, event)[0].seq
        assert seq in refused(ledger)


def test_a_passkey_of_ones_own_needs_somebody_elses(ledger, mine):
    """Invited, registered with its own signature, and confirmed, all by whoever owns the database."""
    evil, fingerprint = registered(ledger, OTHER.id, ADMIN, TODAY, keyed, now=_now(ledger))
    facts = {"passkey": fingerprint, "person": OTHER.id, "on": DAY}
    confirmed = forged(ledger, Event("passkey_confirmed", SECURITY.id, facts=facts))[0]
    proving(ledger)
    entry = signed(ledger, lambda: ledger.append(approval(actor=OTHER.id)), evil)
    assert confirmed.seq in refused(ledger, TODAY)
    assert entry.seq not in refused(ledger, TODAY)


@pytest.mark.parametrize("who", [OTHER.id, ADMIN.id])
def test_nobody_confirms_themselves_in_the_database_either(ledger, mine, who):
    _, fingerprint = registered(ledger, OTHER.id, ADMIN, TODAY, keyed, now=_now(ledger))
    facts = {"passkey": fingerprint, "person": OTHER.id, "on": DAY}
    entry = forged(ledger, Event("passkey_confirmed", who, facts=facts))[0]
    assert "by who invited" in refused(ledger)[entry.seq]


def test_a_passkey_from_nowhere(ledger, mine):
    known = ledger.events(kind="passkey_registered")[0]
    facts = dict(known.facts) | {"passkey": "e" * 64, "invitation": "e" * 64}
    uninvited = forged(ledger, Event("passkey_registered", OTHER.id, facts=facts))[0]
    unknown = forged(
        ledger,
        Event(
            "passkey_confirmed",
            OTHER.id,
            facts={"passkey": "e" * 64, "person": OTHER.id, "on": DAY},
        ),
    )[0]
    assert set(refused(ledger)) == {uninvited.seq, unknown.seq}


def test_policy_approves_scheduled_tables_alone(ledger, mine):
    facts = {"report": "d" * 64, "policy": "auto", "on": DAY}
    ordered = {"kind": "identified", "system": "CARPOS", "on": DAY, "scheduled": True}
    entry = forged(
        ledger,
        Event("release_ordered", "p-engineer", "2026-001", "2026-001-R001", ordered),
        Event("release_approved", "p-engineer", "2026-001", "2026-001-R001", facts),
        Event("release_ordered", "p-engineer", "2026-001", "2026-001-R002", ordered | {"kind": "aggregated"}),
        Event("release_approved", "p-engineer", "2026-001", "2026-001-R002", facts),
    )[1]  # fmt: skip
    assert set(refused(ledger, date(2027, 1, 1))) == {entry.seq}


def test_signatures_hold_in_this_ledger_alone(ledger, mine, tmp_path):
    """Whoever rewrites an event, with every hash after it, loses each signature after it."""
    ledger.append(Event("register_refused", ENGINEER.id, facts={"system": "CARPOS", "problems": 3}))
    entry = approved(ledger, mine)
    (tmp_path / "other").mkdir()
    copy = Ledger.open(f"sqlite:///{tmp_path}/other/l.sqlite3", create=True)
    for one in ledger.events():
        facts = dict(one.facts) | ({"problems": 4} if one.kind == "register_refused" else {})
        copy._clock = lambda at=one.at: at
        copy.append(Event(one.kind, one.actor, one.project, one.release, facts, one.key))
    assert copy.size() == ledger.size()
    assert set(refused(copy)) == {entry.seq}
    checked(ledger)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A ledger with one signed approval, and its event."""
    home = make_home(tmp_path_factory.mktemp("told"))
    proving(home.ledger)
    mine, _ = enrolled(
        home.ledger, APPROVER.id, ADMIN, SECURITY, TODAY, keyed, now=_now(home.ledger)
    )
    return home.ledger, approved(home.ledger, mine)


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([*FACTS, *SIGNATURE, "actor", "project"]),
    st.integers(0, 40),
    st.sampled_from("0123456789abcdef"),
)
def test_whatever_is_changed_in_a_signed_event_is_found(told, name, at, figure):
    from dataclasses import replace

    from approvals.passkeys.checking import _Walk

    ledger, entry = told
    walk = _Walk(ledger.hashes(range(ledger.size() + 1)), None, None, demo=False)
    for one in ledger.events()[: entry.seq - 1]:
        assert walk.take(one) == ""
    value = str(entry.facts.get(name, getattr(entry, name, "")))
    changed = value[: at % len(value)] + figure + value[at % len(value) + 1 :]
    if name == "signed_after":
        changed = str(at)
    if changed == value:
        return
    if name in ("actor", "project"):
        found = replace(entry, **{name: changed})
    else:
        kind = type(entry.facts[name])
        found = replace(entry, facts={**entry.facts, name: kind(changed)})
    assert walk.take(found) != ""


def test_signing_reads_no_day_where_nothing_is_signed(ledger):
    def day():
        raise AssertionError

    event = Event(
        "project_denied", APPROVER.id, "2026-001", facts={"on": DAY, "statement": "d" * 64}
    )
    assert Signing(day).prove(ledger, event, _now(ledger)) is event
