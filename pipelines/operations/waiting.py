"""What waits for a person: the second step that somebody else began, the next step of a release, letters that are due.

It reads the ledger once and records nothing. Who may take a step is what the rooms that record it ask for; whether the step is
then allowed is theirs to say.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from approvals.application import StandardApplication
from approvals.custody import (
    ACCEPTERS,
    ASKERS,
    OUT,
    ROLES,
    Status,
    escrow_state,
    snapshot_states,
)
from approvals.ledger import Entry
from approvals.people import CONFIRMERS, RECORDERS, Person, waiting_correction, waiting_switches
from approvals.project import IN_FORCE, ProjectState, State, roles_for
from pipelines.operations.reminders import letters_due
from pipelines.safeguards import check_witness, less_cautious, standing, unspoken
from pipelines.session import Session, today


@dataclass(frozen=True)
class Waiting:
    """One step that waits.

    ``by`` is the section, or the setting, that asks for it; ``barred`` are the ids of those who may not take it, since the
    step before was theirs.
    """

    what: str
    since: date
    by: str
    command: str
    roles: frozenset[str]
    barred: frozenset[str] = field(default=frozenset())

    def who(self, session: Session) -> list[Person]:
        """Who can take it: with the role, and not barred; a demo home may confirm itself."""
        barred = frozenset[str]() if session.demo else self.barred
        return [
            one
            for one in session.people.persons
            if one.active and one.roles & self.roles and one.id not in barred
        ]


def waiting_for(session: Session, *, everybody: bool = False) -> list[dict[str, object]]:
    """What waits for the person who acts, or for anybody, oldest first; and who else can do it.

    Raises:
        UnknownPerson: who acts is not in ``people.toml``.
        WitnessDisagrees: what waits would be told by a ledger that was put back (exit 5).
    """
    check_witness(session, strict=False)
    mine, found = session.person, list[tuple[Waiting, list[str]]]()
    projects = list(session.projects.lives())
    for one in (
        *_releases(session, {state.number: state for state, _ in projects}),
        *_projects(session, projects),
        *_of_the_home(session),
        *_letters(session),
    ):
        who = [each.id for each in one.who(session)]
        if everybody or mine.id in who:
            found.append((one, who))
    return [
        {
            "what": one.what,
            "since": one.since.isoformat(),
            "by": one.by,
            "command": f"doj-release {one.command}",
            "mine": mine.id in who,
            "others": [each for each in who if each != mine.id],
        }
        for one, who in sorted(found, key=lambda pair: pair[0].since)
    ]


# A release that stands here waits for: the words, by which section or setting, the command, and the step whose roles it asks.
_STANDING = {
    Status.WAITING_REVIEW: ("settle the doubtful pairs", "release.doubtful", "review {0.release} --export {0.release}.xlsx", "review"),
    Status.REVIEWED: ("go on with the reviewed release", "release.doubtful", "run {0.project} --resume {0.release}", "resume"),
    Status.WAITING_APPROVAL: ("approve the release", "release.release_approval", "release approve {0.release}", "approve"),
    Status.RETURNED: ("answer the return of", "release.release_approval", "release answer {0.release} --comment FILE", "answer"),
    Status.APPROVED: ("seal the approved release", "release.release_approval", "run {0.project} --resume {0.release}", "resume"),
}  # fmt: skip


def _releases(session: Session, projects: Mapping[str, ProjectState]) -> Iterator[Waiting]:
    for state in session.releases.list():
        since = state.since
        if state.status in _STANDING:
            what, by, command, step = _STANDING[state.status]
            barred = {
                "approve": state.ran_by,
                "answer": frozenset(one.by for one in state.returns[-1:]),
            }.get(step, frozenset[str]())
            words = f"{what} {state.release}", since, by, command.format(state)
            yield Waiting(*words, roles=ROLES[step], barred=barred)
        elif state.status in OUT and state.in_outbox:
            section = "§ 965(c)" if state.kind == "aggregated" else "§ 964(b)"
            section = projects[state.project].cite(section)
            for member in (p.member for p in state.packages.values() if not p.handed_over):
                words = f"hand {state.release} over to {member}", since, section
                command = f"release handover {state.release} --to {member}"
                yield Waiting(*words, command, ROLES["handover"])


def _projects(
    session: Session, projects: Sequence[tuple[ProjectState, Sequence[Entry]]]
) -> Iterator[Waiting]:
    on = today()
    for state, entries in projects:
        number = state.number
        yield from _decisions(session, state, entries)
        if state.state_on(on) not in IN_FORCE:
            continue
        yield from _checks(session, state)
        for cohort in state.cohorts:
            if cohort.confirmed_by is None and cohort.usable:
                since = _last(entries, "cohort_registered", cohort=cohort.digest)
                words = f"confirm the cohort of {number}", since, state.cite("§ 963(a)(3)(A)")
                command, roles = (
                    f"cohort confirm {number} {cohort.digest}",
                    roles_for("cohort_confirmed"),
                )
                yield Waiting(*words, command, roles, frozenset({cohort.registered_by}))
        for key in state.recipients:
            if key.confirmed_by is None and not key.revoked:
                since = _last(entries, "recipient_added", fingerprint=key.fingerprint)
                words = (
                    f"confirm the key of {key.member}, {number}",
                    since,
                    state.cite("§ 964(b)"),
                )
                command, roles = (
                    f"recipient confirm {key.fingerprint}",
                    roles_for("recipient_confirmed"),
                )
                yield Waiting(*words, command, roles, frozenset({key.added_by}))


# kind of event → what it records, its name in `person_confirmed`, what its command says besides the member
_OF_PEOPLE = {
    "background_check": ("background check", "background_check", "outcome=passed reference=..."),
    "identity_verified": ("identity", "identity", "reference=..."),
}


def _checks(session: Session, state: ProjectState) -> Iterator[Waiting]:
    """What the Department has to record of a project's people, and a second person to confirm, as the gate asks for it."""
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
            if found is None:
                command = f"{event} {kind} member={member} {facts}"
                yield Waiting(f"record {of}", since, paper.section, command, roles_for(kind))
            elif policy.checks_by_two and found.outcome == "passed" and not found.confirmed_by:
                command = f"{event} person_confirmed member={member} what={name}"
                words = f"confirm {of}", found.on, "approvals.checks_by_two"
                roles = roles_for("person_confirmed")
                yield Waiting(*words, command, roles, frozenset({found.by}))


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
    yield Waiting(f"{what} {number}", _last(entries, first), by, command, roles_for(kind), barred)


def _of_the_home(session: Session) -> Iterator[Waiting]:
    """Settings, switches, snapshots that failed, the escrow key and its uses, the clock: one began, another confirms."""
    yield from _settings(session)
    waiting = waiting_switches(session.ledger)
    for name, value in less_cautious(session.settings).items():
        entry = waiting.get(name)
        if entry is not None and entry.facts["value"] == value:
            yield _second(
                f"confirm the switch {name}", entry, name, f"switch confirm {name}", CONFIRMERS
            )
    for snapshot, state in snapshot_states(session.ledger).items():
        if state.waits and state.loaded is not None:
            what, command = f"accept or retire {snapshot}", f"register show {snapshot}"
            yield _second(what, state.loaded, "registers", command, ACCEPTERS)
    escrow = escrow_state(session.ledger)
    for entry in session.ledger.events(kind=("escrow_added", "escrow_requested")):
        facts, by = entry.facts, "policy: two people"
        if entry.kind == "escrow_added" and facts["fingerprint"] in escrow.waiting:
            command = f"escrow confirm {facts['fingerprint']}"
            yield _second("confirm the escrow key", entry, by, command, ASKERS)
        elif entry.kind == "escrow_requested" and not escrow.uses[str(facts["request"])].allowed_by:
            what, command = (
                f"allow the escrow key for {facts['of']}",
                f"escrow allow {facts['request']} --out DIR",
            )
            yield _second(what, entry, by, command, ASKERS)
    if (clock := waiting_correction(session.ledger)) is not None:
        command = "ledger clock --confirm"
        yield _second(
            "confirm the corrected clock", clock, "policy: two people", command, CONFIRMERS
        )


def _settings(session: Session) -> Iterator[Waiting]:
    """What settings.toml says other than what is in force: to be recorded, switches each by its name, or confirmed."""
    found, below = standing(session), less_cautious(session.settings)
    if found.changed and found.recorded and found.state.waiting is not None:
        command = f"settings confirm {found.digest}"
        first, by = found.state.waiting, "policy: two people"
        yield _second("confirm the settings", first, by, command, CONFIRMERS)
    names = unspoken(session, found)
    switches = [name for name in names if name in below]
    for name in switches:
        command = f"switch override {name}"
        yield Waiting(f"record the switch {name}", today(), name, command, RECORDERS)
    if more := len(names) - len(switches):
        what = f"record {more} changed setting{'s' if more > 1 else ''}"
        yield Waiting(what, today(), "policy: two people", "settings record", RECORDERS)


def _second(what: str, first: Entry, by: str, command: str, roles: frozenset[str]) -> Waiting:
    return Waiting(what, _day([first]), by, command, roles, frozenset({first.actor}))


def _letters(session: Session) -> Iterator[Waiting]:
    due = letters_due(session, today())
    if due:
        since = min(today(), date.fromisoformat(str(due[0]["due"])))
        what = f"write {len(due)} letter{'s' if len(due) > 1 else ''} due"
        yield Waiting(what, since, "deadlines", "remind", roles_for("notice_written"))


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
