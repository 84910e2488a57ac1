"""What can happen: the closed list of kinds of event, and the facts that each carries.

Every type of a fact is too narrow for a name, an address or a sentence: an event can't carry a personal
value by mistake, because there is no type that would let it in. An unknown kind, an unknown fact, a
missing fact or a value of another type is refused before it reaches the ledger. Corrections are events
too: nothing is ever edited.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import cast

from approvals.errors import EventRefused

FactValue = bool | int | str | Sequence[str]

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_YEARS_FORM = re.compile(r"(\d{4})-(\d{4})")


@dataclass(frozen=True, slots=True)
class FactType:
    """A named type: ``holds`` says whether a value is one, ``parse`` reads one from text."""

    name: str
    holds: Callable[[object], bool]
    parse: Callable[[str], FactValue] = str


def choice(*values: str) -> FactType:
    """One of ``values``."""
    return FactType("one of " + ", ".join(values), lambda v: isinstance(v, str) and v in values)


def ids_of(*values: str) -> FactType:
    """A list without repetition of ``values``, in any order."""

    def holds(found: object) -> bool:
        if not isinstance(found, list | tuple):
            return False
        items = cast("Sequence[object]", found)
        return all(i in values for i in items) and len(set(map(str, items))) == len(items)

    return FactType("any of " + ", ".join(values), holds, lambda text: tuple(text.split(",")))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_date(value: object) -> bool:
    if not isinstance(value, str) or len(value) != len("2026-01-31"):
        return False
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_years(value: object) -> bool:
    found = _YEARS_FORM.fullmatch(value) if isinstance(value, str) else None
    return bool(found) and int(found[1]) <= int(found[2])


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def _is_ids(value: object) -> bool:
    return isinstance(value, list | tuple) and all(_is_id(v) for v in cast("list[object]", value))


def _is_digests(value: object) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(v, str) and _DIGEST.fullmatch(v) for v in cast("list[object]", value)
    )


def _flag(text: str) -> bool:
    return {"true": True, "yes": True, "false": False, "no": False}[text.lower()]


COUNT = FactType("whole number", _is_count, int)
FLAG = FactType("true or false", lambda v: isinstance(v, bool), _flag)
DATE = FactType("date (2026-01-31)", _is_date)
DIGEST = FactType("SHA-256 in hex", lambda v: isinstance(v, str) and bool(_DIGEST.fullmatch(v)))
DIGESTS = FactType("list of SHA-256 in hex", _is_digests, lambda text: tuple(text.split(",")))
ID = FactType("short id", _is_id)
IDS = FactType("list of short ids", _is_ids, lambda text: tuple(text.split(",")))
YEARS = FactType("years (2016-2025)", _is_years)


HOME, PROJECT, RELEASE = "home", "project", "release"
ANY = "home, project or release"  # what it is about is what was found out in time


@dataclass(frozen=True, slots=True)
class Spec:
    """One kind of event: what it is about, the facts it must carry and those it may."""

    about: str
    must: Mapping[str, FactType]
    may: Mapping[str, FactType]


def _spec(about: str, must: Mapping[str, FactType], **may: FactType) -> Spec:
    return Spec(about, must, may)


_ON = {"on": DATE}
_YEARS = ("new", "revised", "reissued", "unchanged", "frozen")
_MADE = ("individuals", "cells", "hidden", "years_revised", "years_frozen")
# § 966(i)(1)-(6): what a renewal request says of; "none" where nothing changed
CHANGES = ids_of("personnel", "project", "technology", "location", "security", "irb", "none")
# what a person judges of an application, by rule: research, researcher, institution, authority, need
CRITERIA = ids_of("C-03", "C-04", "C-08", "C-15", "C-48")
_KIND = choice("identified", "deidentified", "aggregated")
_OUTCOME = choice("granted", "refused")
_APPLICATION = {"application": DIGEST, "on": DATE}
_RECIPIENT = {"member": ID, "fingerprint": DIGEST, "on": DATE}

_WHY = choice("scheduled", "compromised", "lost", "staff_change")  # a signing key changes
_GONE = choice("compromised", "lost", "replaced", "left_team")  # a recipient's key

_HOME: dict[str, Spec] = {
    "home_created": _spec(HOME, {"demo": FLAG}, code_version=ID),
    "register_loaded": _spec(
        HOME,
        {"system": ID, "snapshot": ID, "rows": COUNT},
        persons=COUNT,
        persons_lower=COUNT,
        synthetic=FLAG,
        manifest=DIGEST,
    ),
    "register_refused": _spec(HOME, {"system": ID, "problems": COUNT}, code=ID),
    "checkpoint_made": _spec(HOME, {"size": COUNT, "root": DIGEST}),
    "settings_changed": _spec(HOME, {"settings": DIGEST}),
    "people_changed": _spec(HOME, {"people": DIGEST}),
    "signing_key_changed": _spec(
        HOME, {"former": DIGEST, "fingerprint": DIGEST, "place": ID, "on": DATE}, reason=_WHY
    ),
    "signing_key_revoked": _spec(HOME, {"fingerprint": DIGEST, "on": DATE}, reason=_WHY),
    "passphrase_changed": _spec(HOME, {"on": DATE}),
    "escrow_added": _spec(HOME, {"fingerprint": DIGEST, "on": DATE}, expires=DATE),
    "escrow_confirmed": _spec(HOME, {"fingerprint": DIGEST, "on": DATE}),
    "escrow_requested": _spec(
        HOME,
        {"request": ID, "of": ID, "on": DATE, "reason": choice("proof", "recovery", "court_order")},
    ),
    "escrow_used": _spec(HOME, {"request": ID, "of": ID, "fingerprint": DIGEST, "on": DATE}),
    "switch_overridden": _spec(HOME, {"switch": ID, "value": ID, "on": DATE}),
    "switch_confirmed": _spec(HOME, {"switch": ID, "value": ID, "on": DATE}),
}

_LIFE: dict[str, Spec] = {
    "project_submitted": _spec(
        PROJECT,
        _APPLICATION | {"form": choice("standard", "aggregated"), "system": ID, "kinds": IDS},
        relies_on=ID,
        requester=DIGEST,
    ),
    "application_revised": _spec(PROJECT, _APPLICATION | {"kinds": IDS}),
    "application_withdrawn": _spec(PROJECT, _ON | {"letter": DIGEST}),
    "review_started": _spec(PROJECT, _ON),
    "review_completed": _spec(PROJECT, _ON | {"holds": CRITERIA}, fails=CRITERIA),
    "project_approved": _spec(PROJECT, _APPLICATION | {"expires": DATE}, confirmed=CRITERIA),
    "project_denied": _spec(PROJECT, _ON | {"statement": DIGEST}),
    "appeal_received": _spec(PROJECT, _ON, letter=DIGEST),
    "appeal_late": _spec(PROJECT, _ON, letter=DIGEST),
    "appeal_decided": _spec(PROJECT, _ON | {"outcome": _OUTCOME, "decision": DIGEST}),
    "renewal_requested": _spec(PROJECT, _ON | {"changes": CHANGES, "letter": DIGEST}),
    "project_renewed": _spec(PROJECT, _ON | {"expires": DATE}),
    "amendment_submitted": _spec(PROJECT, _APPLICATION | {"kinds": IDS}),
    "project_amended": _spec(PROJECT, _APPLICATION),
    "project_suspended": _spec(PROJECT, _ON | {"reason": ID}),
    "suspension_lifted": _spec(PROJECT, _ON),
    "project_completed": _spec(PROJECT, _ON | {"completed_on": DATE}),
    "closure_ordered": _spec(PROJECT, _ON | {"order": DIGEST}),
    "extension_requested": _spec(PROJECT, _ON | {"letter": DIGEST}),
    "extension_refused": _spec(PROJECT, _ON | {"statement": DIGEST}),
    "extension_granted": _spec(PROJECT, _ON | {"until": DATE, "authorisation": DIGEST}),
    "destruction_certified": _spec(
        PROJECT,
        _ON
        | {
            "certificate": DIGEST,
            "destroyed_on": DATE,
            "method": choice("clear", "purge", "destroy"),
            "witnesses": COUNT,
            "items": COUNT,
        },
    ),
    "project_closed": _spec(PROJECT, _ON),
}

_PROJECT: dict[str, Spec] = {
    "cohort_registered": _spec(
        PROJECT, {"cohort": DIGEST, "rows": COUNT, "source": ID, "on": DATE}, file=DIGEST
    ),
    "cohort_confirmed": _spec(PROJECT, {"cohort": DIGEST, "on": DATE}),
    "cohort_destroyed": _spec(PROJECT, {"cohort": DIGEST, "on": DATE}),
    "recipient_added": _spec(
        PROJECT, _RECIPIENT, certificate=DIGEST, key_kind=ID, certificate_expires=DATE
    ),
    "recipient_confirmed": _spec(PROJECT, _RECIPIENT),
    "recipient_revoked": _spec(PROJECT, {"fingerprint": DIGEST, "on": DATE}, reason=_GONE),
    "background_check": _spec(
        PROJECT,
        {"member": ID, "outcome": choice("passed", "failed", "pending"), "on": DATE},
        expires=DATE,
    ),
    "training_recorded": _spec(
        PROJECT, {"member": ID, "on": DATE, "certificate": DIGEST}, expires=DATE
    ),
    "irb_recorded": _spec(PROJECT, {"on": DATE, "expires": DATE, "approval": DIGEST}),
    "document_attached": _spec(
        PROJECT,
        {"document": ID, "kind": ID, "digest": DIGEST, "on": DATE},
        member=ID,
        expires=DATE,
    ),
    "document_stored": _spec(PROJECT, {"document": ID, "digest": DIGEST, "on": DATE}),
    "acknowledgment_recorded": _spec(PROJECT, {"member": ID, "on": DATE}),
    "letter_requested": _spec(PROJECT, _ON),
    "letter_answered": _spec(PROJECT, _ON | {"outcome": _OUTCOME, "letter": DIGEST}),
    "denial_statement_sent": _spec(PROJECT, _ON),
    "draft_received": _spec(PROJECT, {"draft": DIGEST, "on": DATE}),
    "draft_reviewed": _spec(
        PROJECT,
        {
            "draft": DIGEST,
            "on": DATE,
            "finding": choice("none", "identity", "purpose_related", "purpose_unrelated"),
        },
    ),
    "transfer_requested": _spec(PROJECT, {"request": ID, "on": DATE}),
    "transfer_answered": _spec(
        PROJECT,
        {"request": ID, "on": DATE, "outcome": choice("approved", "denied", "conditions")},
        authority=DIGEST,
    ),
    "exception_granted": _spec(PROJECT, _ON | {"authorisation": DIGEST}),
    "subpoena_notice": _spec(PROJECT, _ON),
    "breach_reported": _spec(
        PROJECT, _ON | {"breach": ID, "discovered_on": DATE, "individuals": COUNT}, releases=IDS
    ),
    "breach_letter_received": _spec(PROJECT, _ON | {"breach": ID, "letter": DIGEST}),
    "breach_cost": _spec(PROJECT, _ON | {"breach": ID, "cents": COUNT}),
    "recall_sent": _spec(PROJECT, _ON | {"recall": ID, "member": ID, "letter": DIGEST}),
    "recall_answered": _spec(
        PROJECT,
        _ON | {"recall": ID, "outcome": choice("destroyed", "returned", "not_received")},
        statement=DIGEST,
    ),
    "inspection_notice": _spec(PROJECT, _ON | {"inspection": ID}),
    "inspection_held": _spec(PROJECT, _ON | {"inspection": ID}),
    "findings_sent": _spec(PROJECT, _ON | {"inspection": ID, "violations": COUNT}),
    "remedy_certified": _spec(PROJECT, _ON | {"inspection": ID}),
    "remedy_planned": _spec(PROJECT, _ON | {"inspection": ID, "until": DATE}),
    "sanction_imposed": _spec(
        PROJECT,
        _ON
        | {
            "sanction": choice("restricted_access", "closure", "denial_of_requests"),
            "severity": choice("low", "medium", "high"),
            "pii_involved": FLAG,
            "previous_violations": COUNT,
            "culpability": choice("accident", "negligence", "intent"),
        },
    ),
    "sanction_lifted": _spec(PROJECT, _ON),
    "matter_appealed": _spec(
        PROJECT,
        _ON
        | {
            "appeal": ID,
            "matter": choice(
                "transfer",
                "identity",
                "purpose",
                "background_check",
                "letter",
                "finding",
                "enforcement",
            ),
        },
    ),
    "matter_decided": _spec(PROJECT, _ON | {"appeal": ID, "outcome": _OUTCOME, "decision": DIGEST}),
    "response_requested": _spec(PROJECT, _ON | {"response": ID, "appeal": ID, "until": DATE}),
    "response_received": _spec(PROJECT, _ON | {"response": ID, "statement": DIGEST}),
    "relied_on_by": _spec(PROJECT, _ON | {"other": ID}),
    "notice_written": _spec(PROJECT, _ON | {"notice": ID, "due": DATE, "letter": DIGEST}),
    "notice_sent": _spec(PROJECT, _ON | {"notice": ID, "to": choice("applicant", "department")}),
    "aggregates_refreshed": _spec(
        PROJECT,
        _ON | {"snapshot": ID} | dict.fromkeys(_YEARS, COUNT),
        reasons=IDS,
        release=ID,
        outside=COUNT,
    ),
    "event_corrected": _spec(
        PROJECT,
        _ON
        | {
            "event": COUNT,
            "reason": choice("wrong_facts", "wrong_project", "recorded_twice", "never_happened"),
        },
    ),
}

_RELEASE: dict[str, Spec] = {
    "release_ordered": _spec(
        RELEASE,
        {"kind": _KIND, "system": ID, "on": DATE},
        snapshot=ID,
        years=YEARS,
        cohort=DIGEST,
        cohort_rows=COUNT,
        configuration=DIGEST,
        code_version=ID,
        scheduled=FLAG,
    ),
    "release_resumed": _spec(RELEASE, _ON),
    "gate_allowed": _spec(RELEASE, {"stage": ID, "on": DATE}),
    "gate_refused": _spec(RELEASE, {"stage": ID, "on": DATE, "rules": IDS}),
    "intake_taken": _spec(
        RELEASE, {"rows": COUNT}, refused=COUNT, withheld=COUNT, overlap=COUNT, warnings=COUNT
    ),
    "cohort_matched": _spec(RELEASE, {"linked": COUNT, "unmatched": COUNT, "review": COUNT}),
    "review_requested": _spec(RELEASE, {"pairs": COUNT}),
    "sheet_exported": _spec(RELEASE, {"pairs": COUNT}, sheet=DIGEST),
    "sheet_imported": _spec(RELEASE, {"links": COUNT, "non_links": COUNT}, sheet=DIGEST),
    "sheet_destroyed": _spec(RELEASE, {}, sheet=DIGEST),
    "pair_decided": _spec(RELEASE, {"pair": DIGEST, "decision": choice("link", "non_link")}),
    "doubtful_left_out": _spec(RELEASE, {"pairs": COUNT}),
    "extract_made": _spec(RELEASE, {"rows": COUNT}, reasons=IDS, **dict.fromkeys(_MADE, COUNT)),
    "release_validated": _spec(
        RELEASE,
        {"outcome": choice("passed", "failed"), "expectations": COUNT, "failed": COUNT},
    ),
    "report_attached": _spec(RELEASE, {"report": DIGEST}, recipient=DIGEST, model=DIGEST),
    "release_approved": _spec(
        RELEASE, {"report": DIGEST, "policy": choice("second_person", "auto"), "on": DATE}
    ),
    "package_sealed": _spec(
        RELEASE,
        {"member": ID, "fingerprint": DIGEST, "parts": COUNT, "bytes": COUNT, "sums": DIGEST},
        hashes=DIGESTS,
    ),
    "packages_resealed": _spec(RELEASE, _ON | {"packages": COUNT}),
    "release_recorded": _spec(RELEASE, _ON | {"packages": COUNT}, individuals=COUNT),
    "package_handed_over": _spec(
        RELEASE,
        {"member": ID, "fingerprint": DIGEST, "on": DATE},
        by=choice("portal", "sftp", "media", "in_person"),
        sums=DIGEST,
    ),
    "receipt_recorded": _spec(RELEASE, {"member": ID, "on": DATE}, code_shown=FLAG),
    "release_withdrawn": _spec(
        RELEASE,
        _ON | {"reason": choice("wrong_data", "wrong_recipient", "approval_ended", "other")},
    ),
    "outbox_cleared": _spec(RELEASE, _ON | {"packages": COUNT}),
    "release_destroyed": _spec(RELEASE, _ON),
    # of each stage, in lists of one length and as text
    "run_measured": _spec(RELEASE, {"stages": IDS, "milliseconds": IDS, "rows": IDS, "bytes": IDS}),
    "release_failed": _spec(RELEASE, {"code": ID}, stage=ID),
    "intake_destroyed": _spec(RELEASE, {}),
    "staging_destroyed": _spec(RELEASE, {}),
}

_ANY: dict[str, Spec] = {"attempt_refused": _spec(ANY, _ON | {"step": ID, "code": ID})}

KINDS: Mapping[str, Spec] = _HOME | _LIFE | _PROJECT | _RELEASE | _ANY


_ABOUT: Mapping[str, tuple[tuple[bool, bool], ...]] = {  # whether a project, a release is named
    HOME: ((False, False),),
    PROJECT: ((True, False),),
    RELEASE: ((True, True),),
    ANY: ((False, False), (True, False), (True, True)),
}
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, before the ledger gives it a number and a time.

    Args:
        kind: one of ``KINDS``.
        actor: person id.
        project: project number, for events about a project or release.
        release: release id, for events about a release.
        facts: as ``KINDS[kind]`` allows.
        key: an event with the same key is recorded once, however often a run is resumed.

    Raises:
        EventRefused: anything that the table does not allow.
    """

    kind: str
    actor: str
    project: str | None = None
    release: str | None = None
    facts: Mapping[str, FactValue] = field(default_factory=dict[str, FactValue])
    key: str | None = None

    def __post_init__(self) -> None:
        spec = KINDS.get(self.kind)
        if spec is None:
            raise EventRefused(what="unknown kind")
        _check_about(self, spec)
        _check_facts(self, spec)
        plain = {
            k: v if isinstance(v, bool | int | str) else tuple(v) for k, v in self.facts.items()
        }
        object.__setattr__(self, "facts", plain)


def parse_facts(kind: str, texts: Mapping[str, str]) -> dict[str, FactValue]:
    """Read facts given as text (``on=2026-01-31``) by the types of their kind.

    Raises:
        EventRefused: an unknown kind or fact, or a text that is none of its type.
    """
    spec = KINDS.get(kind)
    if spec is None:
        raise EventRefused(what="unknown kind")
    types = {**spec.must, **spec.may}
    if unknown := len([name for name in texts if name not in types]):
        raise EventRefused(kind=kind, unknown_facts=unknown, allowed=sorted(types))
    facts: dict[str, FactValue] = {}
    for name, text in texts.items():
        try:
            facts[name] = types[name].parse(text)
        except (ValueError, KeyError):
            raise EventRefused(kind=kind, fact=name, must_be=types[name].name) from None
    return facts


def _check_about(event: Event, spec: Spec) -> None:
    given = (event.project is not None, event.release is not None)
    if given not in _ABOUT[spec.about]:
        raise EventRefused(kind=event.kind, what=f"it is about a {spec.about}")
    if not all(ID.holds(n) for n in (event.actor, event.project, event.release) if n is not None):
        raise EventRefused(kind=event.kind, what="actor, project and release are short ids")
    if event.key is not None and not _KEY.fullmatch(event.key):
        raise EventRefused(kind=event.kind, what="the key is made of short ids")


def _check_facts(event: Event, spec: Spec) -> None:
    types = {**spec.must, **spec.may}
    if missing := sorted(set(spec.must) - set(event.facts)):
        raise EventRefused(kind=event.kind, missing_facts=missing)
    if any(name not in types for name in event.facts):
        raise EventRefused(kind=event.kind, what="unknown fact", allowed=sorted(types))
    for name, value in event.facts.items():
        if not types[name].holds(cast("object", value)):
            raise EventRefused(kind=event.kind, fact=name, must_be=types[name].name)
