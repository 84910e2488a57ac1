"""What waits for a person: the second step that somebody else began, the next step of a release, letters that are due.

It reads the ledger once and records nothing. Who may take a step is what the rooms that record it ask for; whether the step is
then allowed is theirs to say.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from approvals.application import StandardApplication
from approvals.clocks import CLOCKS, Counting
from approvals.custody import (
    ACCEPTERS,
    ASKERS,
    OUT,
    ROLES,
    ReleaseState,
    Status,
    escrow_state,
    snapshot_states,
)
from approvals.deadlines import Deadline, of_project
from approvals.ledger import Entry
from approvals.passkeys import passkeys
from approvals.people import CONFIRMERS, RECORDERS, Person, waiting_correction, waiting_switches
from approvals.project import IN_FORCE, MOVES, ProjectState, State, roles_for
from pipelines.operations.looks import LOOKED_AT, looks_of
from pipelines.operations.reminders import letters_due
from pipelines.safeguards import check_witness, less_cautious, standing, unspoken
from pipelines.session import Session, today


@dataclass(frozen=True)
class Waiting:
    """One step that waits.

    ``step`` is what is to be done, in a word that pages know; ``about`` has the ids of what it is about (project, release, member,
    key, cohort, snapshot, switch). ``by`` is the section, or the setting, that asks for it; ``barred`` are the ids of those who may
    not take it, since the step before was theirs, ``named`` of those who alone may. ``due`` is the deadline that binds it, where one does.
    """

    step: str
    what: str
    since: date
    by: str
    command: str
    roles: frozenset[str]
    barred: frozenset[str] = field(default=frozenset())
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    due: Deadline | None = None
    named: frozenset[str] | None = None

    def who(self, session: Session) -> list[Person]:
        """Who can take it: with the role, and not barred; a demo home may confirm itself."""
        barred = frozenset[str]() if session.demo else self.barred
        return [
            one
            for one in session.people.persons
            if one.active
            and one.roles & self.roles
            and one.id not in barred
            and (self.named is None or one.id in self.named)
        ]


def waiting_for(session: Session, *, everybody: bool = False) -> list[dict[str, object]]:
    """What waits for the person who acts, or for anybody, oldest first; and who else can do it.

    Raises:
        UnknownPerson: who acts is not in ``people.toml``.
        WitnessDisagrees: what waits would be told by a ledger that was put back (exit 5).
    """
    check_witness(session, strict=False)
    mine, found = session.person, list[tuple[Waiting, list[str]]]()
    projects = {life.state.number: life for life in _lives(session)}
    for one in (
        *_releases(session, projects),
        *_projects(session, projects.values()),
        *_of_the_home(session),
        *_letters(session),
    ):
        who = [each.id for each in one.who(session)]
        if everybody or mine.id in who:
            found.append((one, who))
    return [
        {
            "step": one.step,
            "what": one.what,
            "about": dict(one.about),
            "since": one.since.isoformat(),
            "by": one.by,
            "due": one.due.due.isoformat() if one.due else None,
            "due_for": f"{one.due.what} ({one.due.section})" if one.due else None,
            "command": f"doj-release {one.command}",
            "mine": mine.id in who,
            "others": [each for each in who if each != mine.id],
        }
        for one, who in sorted(found, key=lambda pair: pair[0].since)
    ]


@dataclass(frozen=True)
class _Life:
    """A project, its standing events, and what of it is due; each made where something of it waits."""

    state: ProjectState
    entries: Sequence[Entry]
    counting: Counting

    @cached_property
    def deadlines(self) -> list[Deadline]:
        """What is open today, by day."""
        found = of_project(self.state, self.entries, today(), self.counting)
        return sorted(found, key=lambda one: one.due)

    def end(self) -> Deadline | None:
        """The day with which the approval, or what it rests on, ends: nothing leaves after it."""
        return next((one for one in self.deadlines if one.name in _ENDS), None)


_ENDS = frozenset({"renewal", "timeframe_end", "irb_end", "institution_end", "authority_end"})


def _lives(session: Session) -> Iterator[_Life]:
    for state, entries in session.projects.lives():
        yield _Life(state, entries, session.counting)


# A release that stands here waits for: the words, by which section or setting, the command, and the step whose roles it asks.
_STANDING = {
    Status.REVIEWED: ("go on with the reviewed release", "release.doubtful", "run {0.project} --resume {0.release}", "resume"),
    Status.WAITING_APPROVAL: ("approve the release", "release.release_approval", "release approve {0.release}", "approve"),
    Status.RETURNED: ("answer the return of", "release.release_approval", "release answer {0.release} --comment FILE", "answer"),
    Status.APPROVED: ("seal the approved release", "release.release_approval", "run {0.project} --resume {0.release}", "resume"),
}  # fmt: skip


def _releases(session: Session, projects: Mapping[str, _Life]) -> Iterator[Waiting]:
    states = session.releases.list()
    looked_at = [one.release for one in states if one.status is Status.WAITING_REVIEW]
    looks = session.ledger.of_releases(looked_at, LOOKED_AT)
    for state in states:
        if (asked := state.ending) is not None:
            words = f"{asked.what} {state.release}, as {asked.by} asks"
            command = f"release {asked.what} {state.release}"
            command += f" --reason {asked.reason}" if asked.reason else ""
            by, barred = "retention.endings_by_two", frozenset({asked.by})
            yield Waiting(
                f"release.{asked.what}", words, asked.on, by, command, ROLES["stop"], barred, _about(state)
            )  # fmt: skip
            continue
        if state.status is Status.WAITING_REVIEW:
            yield from _looks(looks.get(state.release, ()), state, projects[state.project])
            continue
        if state.status in _STANDING:
            what, by, command, step = _STANDING[state.status]
            barred = {
                "approve": state.ran_by,
                "answer": frozenset(one.by for one in state.returns[-1:]),
            }.get(step, frozenset[str]())
            yield Waiting(
                f"release.{step}", f"{what} {state.release}", state.since, by, command.format(state),
                ROLES[step], barred, _about(state), projects[state.project].end(),
            )  # fmt: skip
        elif state.status in OUT and state.in_outbox:
            section = "§ 965(c)" if state.kind == "aggregated" else "§ 964(b)"
            life = projects[state.project]
            for member in (p.member for p in state.packages.values() if not p.handed_over):
                words = f"hand {state.release} over to {member}"
                command = f"release handover {state.release} --to {member}"
                yield Waiting(
                    "release.handover", words, state.since, life.state.cite(section), command, ROLES["handover"],
                    about=_about(state) | {"member": member}, due=life.end(),
                )  # fmt: skip


_FIRST = "settle the doubtful pairs {}"
# What a doubtful pair, or a withheld row, waits for besides.
_LOOKS = {
    "second": "look at {} of {} a second time",
    "adjudicate": "settle {} of {} that two reviewers answered differently",
}


def _looks(events: Sequence[Entry], state: ReleaseState, life: _Life) -> Iterator[Waiting]:
    """First looks, second ones by another person, differences for a third: by the ledger's decisions alone, which are keyed."""
    release, roles, due, named = state.release, ROLES["review"], life.end(), life.state.reviewers
    command = f"review {release} --export {release}.xlsx"
    pairs, waits = looks_of(events)
    if pairs or not any(task for task, _ in waits.values()):
        yield Waiting(
            "release.review", _FIRST.format(release), state.since, "linkage.doubtful", command, roles,
            about=_about(state), due=due, named=named,
        )  # fmt: skip
    for task, words in _LOOKS.items():
        found = [people for at, people in waits.values() if at == task]
        if found:
            what = words.format(f"{len(found)} pair{'s' * (len(found) > 1)}", release)
            yield Waiting(
                "release.review", what, state.since, "review.second_share", command, roles,
                frozenset.intersection(*found), _about(state), due, named,
            )  # fmt: skip


def _about(state: ReleaseState) -> dict[str, str]:
    return {"project": state.project, "release": state.release}


def _projects(session: Session, projects: Iterable[_Life]) -> Iterator[Waiting]:
    on = today()
    for life in projects:
        yield from _decisions(session, life.state, life.entries)
        yield from _duties(life)
        if life.state.state_on(on) in IN_FORCE:
            yield from _checks(session, life)
            yield from _confirmations(life)


def _confirmations(life: _Life) -> Iterator[Waiting]:
    """Cohorts and keys that one person registered, for another to confirm."""
    state, number = life.state, life.state.number
    for cohort in state.cohorts:
        if cohort.confirmed_by is None and cohort.usable:
            since = _last(life.entries, "cohort_registered", cohort=cohort.digest)
            yield Waiting(
                "cohort.confirm", f"confirm the cohort of {number}", since, state.cite("§ 963(a)(3)(A)"),
                f"cohort confirm {number} {cohort.digest}", roles_for("cohort_confirmed"),
                frozenset({cohort.registered_by}), {"project": number, "cohort": cohort.digest}, life.end(),
            )  # fmt: skip
    for key in state.recipients:
        if key.confirmed_by is None and not key.revoked:
            since = _last(life.entries, "recipient_added", fingerprint=key.fingerprint)
            yield Waiting(
                "recipient.confirm", f"confirm the key of {key.member}, {number}", since, state.cite("§ 964(b)"),
                f"recipient confirm {key.fingerprint}", roles_for("recipient_confirmed"),
                frozenset({key.added_by}), {"project": number, "member": key.member, "key": key.fingerprint}, life.end(),
            )  # fmt: skip


_CLOCKS = {clock.name: clock for clock in CLOCKS}


def _duties(life: _Life) -> Iterator[Waiting]:
    """What the Department itself has to answer by a day that an event set."""
    state = life.state
    for one in life.deadlines if life.state.recorded not in _QUIET else ():
        clock = _CLOCKS.get(one.name)
        if clock is None or one.for_whom != "Department" or one.window or one.started is None:
            continue
        kind = clock.stops[0]
        barred = {state.actors.get(m.second or "", "") for m in MOVES if m.event == kind}
        yield Waiting(
            "project.duty", f"{one.what}, {state.number}", one.started, one.section,
            f"project event {state.number} {kind}", roles_for(kind), frozenset(barred - {""}),
            {"project": state.number, "event": kind}, one,
        )  # fmt: skip


_QUIET = frozenset({State.SUBMITTED, State.UNDER_REVIEW})  # nothing has begun a clock of ours


# kind of event → what it records, its name in `person_confirmed`, what its command says besides the member
_OF_PEOPLE = {
    "background_check": ("background check", "background_check", "outcome=passed reference=..."),
    "identity_verified": ("identity", "identity", "reference=..."),
}


def _checks(session: Session, life: _Life) -> Iterator[Waiting]:
    """What the Department has to record of a project's people, and a second person to confirm, as the gate asks for it."""
    state = life.state
    form, policy = state.application, session.gate_policy
    if not isinstance(form, StandardApplication) or state.terms is None:
        return
    asked = {r.name: r for kind in state.kinds for r in state.terms.requirements if kind in r.kinds}
    page = asked.get("background_check_page") if policy.deidentified_checks else None
    needed = {
        "background_check": (asked.get("background_check") or page, state.checks),
        "identity_verified": (asked.get("notary_verification"), state.identities),
    }
    since = state.approved_on or state.submitted_on
    for kind, (paper, known) in needed.items():
        what, name, facts = _OF_PEOPLE[kind]
        for member in [m.id for m in form.team] if paper is not None else ():
            if paper is None or (paper.per == "researcher" and member != form.researcher.member):
                continue
            found, event = known.get(member), f"project event {state.number}"
            of = f"the {what} of {member}, {state.number}"
            about = {"project": state.number, "member": member, "event": kind}
            if found is None:
                command = f"{event} {kind} member={member} {facts}"
                words = f"record {of}", since, paper.section, command
                yield Waiting("project.check", *words, roles_for(kind), about=about, due=life.end())
            elif policy.checks_by_two and found.outcome == "passed" and not found.confirmed_by:
                command = f"{event} person_confirmed member={member} what={name}"
                words = f"confirm {of}", found.on, "approvals.checks_by_two", command
                roles, barred = roles_for("person_confirmed"), frozenset({found.by})
                yield Waiting(
                    "project.check", *words, roles, barred, about | {"event": "person_confirmed"}, life.end()
                )  # fmt: skip


def _decisions(
    session: Session, state: ProjectState, entries: Sequence[Entry]
) -> Iterator[Waiting]:
    """An application, or an amendment, that nobody decided on yet."""
    number, first = state.number, "project_submitted"
    if state.pending_digest is not None and state.recorded in IN_FORCE:
        first, what, kind, by = (
            "amendment_submitted",
            "decide on the amendment of",
            "project_amended",
            "§ 966(b)(1)",
        )
    elif state.recorded not in (State.SUBMITTED, State.UNDER_REVIEW):
        return
    elif session.settings.approvals.review_required and state.review is None:
        what, kind, by = "review the application", "review_completed", "approvals.review_required"
    else:
        what, kind, by = "decide on the application", "project_approved", "§ 966"
    command = (
        f"project event {number} {kind}"
        if kind == "review_completed"
        else f"project approve {number}"
    )
    barred = frozenset({state.actors.get(first, "")})
    by = state.cite(by) if by.startswith("§") else by
    step = "project.review" if kind == "review_completed" else "project.approve"
    since, about = _last(entries, first), {"project": number}
    yield Waiting(step, f"{what} {number}", since, by, command, roles_for(kind), barred, about)


def _of_the_home(session: Session) -> Iterator[Waiting]:
    """Settings, switches, snapshots that failed, passkeys, the escrow key and its uses, the clock: one began, another confirms."""
    yield from _settings(session)
    for one in passkeys(session.ledger):
        if one.confirmed_by is None and not one.revoked:
            what, since = f"confirm the passkey of {one.person}", date.fromisoformat(one.on)
            barred, by = frozenset({one.person, one.invited_by}), "policy: three people"
            command = "passkey confirm FINGERPRINT"  # which its owner tells
            yield Waiting("passkey.confirm", what, since, by, command, CONFIRMERS, barred)
    waiting = waiting_switches(session.ledger)
    for name, value in less_cautious(session.settings).items():
        entry = waiting.get(name)
        if entry is not None and entry.facts["value"] == value:
            what, command = f"confirm the switch {name}", f"switch confirm {name}"
            yield _second("switch.confirm", what, entry, name, command, CONFIRMERS, switch=name)
    for snapshot, state in snapshot_states(session.ledger).items():
        if state.waits and state.loaded is not None:
            what, command = f"accept or retire {snapshot}", f"register show {snapshot}"
            yield _second(
                "register.accept", what, state.loaded, "registers", command, ACCEPTERS, snapshot=snapshot
            )  # fmt: skip
    escrow = escrow_state(session.ledger)
    for entry in session.ledger.events(kind=("escrow_added", "escrow_requested")):
        facts, by = entry.facts, "policy: two people"
        if entry.kind == "escrow_added" and facts["fingerprint"] in escrow.waiting:
            command = f"escrow confirm {facts['fingerprint']}"
            yield _second("escrow.confirm", "confirm the escrow key", entry, by, command, ASKERS)
        elif entry.kind == "escrow_requested" and not escrow.uses[str(facts["request"])].allowed_by:
            what, command = (
                f"allow the escrow key for {facts['of']}",
                f"escrow allow {facts['request']} --out DIR",
            )
            yield _second("escrow.allow", what, entry, by, command, ASKERS)
    if (clock := waiting_correction(session.ledger)) is not None:
        command = "ledger clock --confirm"
        what, by = "confirm the corrected clock", "policy: two people"
        yield _second("ledger.clock", what, clock, by, command, CONFIRMERS)


def _settings(session: Session) -> Iterator[Waiting]:
    """What settings.toml says other than what is in force: to be recorded, switches each by its name, or confirmed."""
    found, below = standing(session), less_cautious(session.settings)
    if found.changed and found.recorded and found.state.waiting is not None:
        command = f"settings confirm {found.digest}"
        first, by = found.state.waiting, "policy: two people"
        yield _second("settings.confirm", "confirm the settings", first, by, command, CONFIRMERS)
    names = unspoken(session, found)
    switches = [name for name in names if name in below]
    for name in switches:
        command = f"switch override {name}"
        what, about = f"record the switch {name}", {"switch": name}
        yield Waiting("switch.override", what, today(), name, command, RECORDERS, about=about)
    if more := len(names) - len(switches):
        what = f"record {more} changed setting{'s' if more > 1 else ''}"
        by = "policy: two people"
        yield Waiting("settings.record", what, today(), by, "settings record", RECORDERS)


def _second(
    step: str, what: str, first: Entry, by: str, command: str, roles: frozenset[str], **about: str
) -> Waiting:
    """A step whose first person recorded an event."""
    return Waiting(step, what, _day([first]), by, command, roles, frozenset({first.actor}), about)


def _letters(session: Session) -> Iterator[Waiting]:
    due = letters_due(session, today())
    if due:
        since = min(today(), date.fromisoformat(str(due[0]["due"])))
        what = f"write {len(due)} letter{'s' if len(due) > 1 else ''} due"
        yield Waiting("remind", what, since, "deadlines", "remind", roles_for("notice_written"))


def _last(entries: Sequence[Entry], kind: str, **facts: object) -> date:
    """The day of the newest event of a kind with these facts."""
    found = [
        e for e in entries if e.kind == kind and facts.items() <= dict[str, Any](e.facts).items()
    ]
    return _day(found or entries)


def _day(entries: Sequence[Entry]) -> date:
    """The day that the last of these events is of."""
    said = entries[-1].facts.get("on")
    return date.fromisoformat(str(said)) if said else entries[-1].at.date()
