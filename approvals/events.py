"""The closed list of what can happen, and the facts that each kind of event may carry.

An unknown kind, an unknown fact, a missing fact or a value of another type is refused before it
reaches the ledger. Corrections are events too: nothing is ever edited.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from approvals.errors import EventRefused
from approvals.facts import COUNT, DATE, DIGEST, FLAG, ID, IDS, YEARS, FactType, FactValue, choice

_KEY = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$")

HOME, PROJECT, RELEASE = "home", "project", "release"


@dataclass(frozen=True, slots=True)
class Spec:
    """One kind of event: what it is about, the facts it must carry and those it may."""

    about: str
    must: Mapping[str, FactType]
    may: Mapping[str, FactType]


def _spec(about: str, must: Mapping[str, FactType], **may: FactType) -> Spec:
    return Spec(about, must, may)


_ON = {"on": DATE}
_KIND = choice("identified", "deidentified", "aggregated")
_OUTCOME = choice("granted", "refused")
_APPLICATION = {"application": DIGEST, "on": DATE}
_RECIPIENT = {"member": ID, "fingerprint": DIGEST, "on": DATE}

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
    "escrow_used": _spec(HOME, {"reason": ID, "second": ID, "on": DATE}),
    "switch_overridden": _spec(HOME, {"switch": ID, "second": ID, "on": DATE}),
}

_LIFE: dict[str, Spec] = {
    "project_submitted": _spec(
        PROJECT,
        _APPLICATION | {"form": choice("standard", "aggregated"), "system": ID, "kinds": IDS},
        relies_on=ID,
    ),
    "review_started": _spec(PROJECT, _ON),
    "project_approved": _spec(PROJECT, _APPLICATION | {"expires": DATE}),
    "project_denied": _spec(PROJECT, _ON | {"statement": DIGEST}),
    "appeal_received": _spec(PROJECT, _ON),
    "appeal_decided": _spec(PROJECT, _ON | {"outcome": _OUTCOME, "decision": DIGEST}),
    "renewal_requested": _spec(PROJECT, _ON | {"changes": IDS, "letter": DIGEST}),
    "project_renewed": _spec(PROJECT, _ON | {"expires": DATE}),
    "amendment_submitted": _spec(PROJECT, _APPLICATION | {"kinds": IDS}),
    "project_amended": _spec(PROJECT, _APPLICATION),
    "project_suspended": _spec(PROJECT, _ON | {"reason": ID}),
    "suspension_lifted": _spec(PROJECT, _ON),
    "project_completed": _spec(PROJECT, _ON | {"completed_on": DATE}),
    "extension_requested": _spec(PROJECT, _ON | {"letter": DIGEST}),
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
        PROJECT, {"cohort": DIGEST, "rows": COUNT, "source": ID, "on": DATE}
    ),
    "cohort_confirmed": _spec(PROJECT, {"cohort": DIGEST, "on": DATE}),
    "recipient_added": _spec(
        PROJECT, _RECIPIENT, certificate=DIGEST, key_kind=ID, certificate_expires=DATE
    ),
    "recipient_confirmed": _spec(PROJECT, _RECIPIENT),
    "recipient_revoked": _spec(PROJECT, {"fingerprint": DIGEST, "on": DATE}, reason=ID),
    "background_check": _spec(
        PROJECT,
        {"member": ID, "outcome": choice("passed", "failed", "pending"), "on": DATE},
        expires=DATE,
    ),
    "training_recorded": _spec(
        PROJECT, {"member": ID, "on": DATE, "certificate": DIGEST}, expires=DATE
    ),
    "irb_recorded": _spec(PROJECT, {"on": DATE, "expires": DATE, "approval": DIGEST}),
    "document_attached": _spec(PROJECT, {"document": ID, "kind": ID, "digest": DIGEST, "on": DATE}),
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
        PROJECT, _ON | {"breach": ID, "discovered_on": DATE, "individuals": COUNT}
    ),
    "breach_letter_received": _spec(PROJECT, _ON | {"breach": ID, "letter": DIGEST}),
    "breach_cost": _spec(PROJECT, _ON | {"breach": ID, "cents": COUNT}),
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
    "relied_on_by": _spec(PROJECT, _ON | {"other": ID}),
    "notice_written": _spec(PROJECT, _ON | {"notice": ID, "due": DATE, "letter": DIGEST}),
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
    "extract_made": _spec(RELEASE, {"rows": COUNT}, individuals=COUNT, cells=COUNT, hidden=COUNT),
    "release_validated": _spec(
        RELEASE,
        {"outcome": choice("passed", "failed"), "expectations": COUNT, "failed": COUNT},
    ),
    "report_attached": _spec(RELEASE, {"report": DIGEST}),
    "release_approved": _spec(
        RELEASE, {"report": DIGEST, "policy": choice("second_person", "auto"), "on": DATE}
    ),
    "package_sealed": _spec(
        RELEASE,
        {"member": ID, "fingerprint": DIGEST, "parts": COUNT, "bytes": COUNT, "sums": DIGEST},
    ),
    "release_recorded": _spec(RELEASE, _ON | {"packages": COUNT}, individuals=COUNT),
    "package_handed_over": _spec(RELEASE, {"member": ID, "fingerprint": DIGEST, "on": DATE}),
    "receipt_recorded": _spec(RELEASE, {"member": ID, "on": DATE}),
    "release_withdrawn": _spec(
        RELEASE,
        _ON | {"reason": choice("wrong_data", "wrong_recipient", "approval_ended", "other")},
    ),
    "release_destroyed": _spec(RELEASE, _ON),
    "release_failed": _spec(RELEASE, {"code": ID}, stage=ID),
    "intake_destroyed": _spec(RELEASE, {}),
    "staging_destroyed": _spec(RELEASE, {}),
}

KINDS: Mapping[str, Spec] = _HOME | _LIFE | _PROJECT | _RELEASE


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
    if given != {HOME: (False, False), PROJECT: (True, False), RELEASE: (True, True)}[spec.about]:
        raise EventRefused(kind=event.kind, what=f"it is about a {spec.about}")
    if not all(ID.holds(n) for n in (event.actor, event.project, event.release) if n is not None):
        raise EventRefused(kind=event.kind, what="actor, project and release are short ids")
    if event.key is not None and not _KEY.match(event.key):
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
