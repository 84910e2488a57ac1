"""What lies before who signs a release off: its report as data, what to look at first, what would leave, to whom, what happened so far.

It puts together what stages and persons recorded, for a page or a terminal; whether a step is allowed is the step's own to say.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.custody import OUT, ReleaseState
from approvals.errors import ReportDiffers
from approvals.ledger import Entry
from approvals.people import check_role
from pipelines.custody.releases import READERS, report_edition
from pipelines.session import Session, today

# What the stages counted, in the order of the walk: kind of event → its counts, and how they are called.
_COUNTED: Mapping[str, Mapping[str, str]] = {
    "intake_taken": {"rows": "rows of the cohort", "refused": "rows refused", "withheld": "rows withheld"},
    "cohort_matched": {"linked": "rows linked", "unmatched": "rows not found", "review": "rows in doubt"},
    "doubtful_left_out": {"pairs": "doubtful pairs left out"},
    "extract_made": {
        "rows": "rows that leave", "individuals": "persons in them", "cells": "cells that leave", "hidden": "of them hidden",
        "years_revised": "years revised", "years_frozen": "years left as published",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Receiver:
    """Who would get, or got, a package: a member's key; ``parts`` and ``given`` once it was sealed and handed over."""

    member: str
    key: str
    fingerprint: str
    until: str
    parts: int | None = None
    given: tuple[str, ...] = ()
    received: str = ""


@dataclass(frozen=True)
class SignOff:
    """A release as its approver has it before them.

    ``model`` is the Department's report as data (see ``expectations/report.schema.json``), None before there is one; ``failing`` and
    ``warning`` are its checks that do not hold; ``counts`` are what leaves and stays, in words; ``returns`` have both texts.
    """

    state: ReleaseState
    model: Mapping[str, Any] | None
    failing: Sequence[Mapping[str, Any]]
    warning: Sequence[Mapping[str, Any]]
    counts: Sequence[tuple[str, int]]
    receivers: Sequence[Receiver]
    returns: Sequence[tuple[Any, str, str]]
    beside: Sequence[str]
    history: Sequence[Entry]

    @property
    def attention(self) -> Sequence[Mapping[str, Any]]:
        """What to look at first, the gravest first, besides the checks that warn: those are listed as a whole."""
        listed = [str(one["title"]) for one in self.warning]
        every = (self.model or {}).get("attention", ())
        return [one for one in every if not any(title in one["text"] for title in listed)]

    @property
    def usual(self) -> Sequence[str]:
        """What was looked at and found usual."""
        return (self.model or {}).get("looked_at", ())

    @property
    def linkage(self) -> Sequence[Mapping[str, Any]]:
        """How well the cohort was linked: estimates with their intervals."""
        return (self.model or {}).get("intervals", ())


def sign_off(session: Session, release: str) -> SignOff:
    """Everything of a release that its approver looks at.

    Raises:
        UnknownRelease: there is none.
        RoleMissing: this person neither makes, approves nor audits releases.
        CodedError: the report, or a comment, is gone or was changed (exit 5).
    """
    state = session.releases.show(release)
    check_role(session.person, READERS)
    history = session.ledger.events(release=release)
    model = _model(session, release)
    checks = [one for one in (model or {}).get("checks", ()) if not one["holds"]]
    returns = zip(state.returns, session.releases.comments(state), strict=True)
    return SignOff(
        state=state,
        model=model,
        failing=[one for one in checks if one["severity"] == "critical"],
        warning=[one for one in checks if one["severity"] != "critical"],
        counts=tuple(_counts(history)),
        receivers=_receivers(session, state),
        returns=[(one, *said) for one, said in returns],
        beside=[name for name in _beside(state, history) if name.endswith(".html")],
        history=history,
    )


def beside_report(session: Session, release: str, name: str) -> bytes:
    """A page that stands beside a release's report (the map of hidden cells, what late records change), as it was attached.

    Raises:
        UnknownRelease, RoleMissing: see `sign_off`.
        ReportDiffers: no such page was attached with the report.
        CodedError: the report or what stands beside it was changed (exit 5).
    """
    report_edition(session, release, "department")  # may they, and is it whole
    state = session.releases.show(release)
    digests = _beside(state, session.ledger.events(release=release, kind="report_attached"))
    if name not in digests:
        raise ReportDiffers(what="nothing of this name stands beside it")
    folder = session.projects.folder(state.project)
    return folder.get_plain(f"reports/{release}/{name}", "report", digests[name])


def _beside(state: ReleaseState, history: Sequence[Entry]) -> Mapping[str, str]:
    """Name and digest of each file that was attached beside the report that counts now."""
    found: Mapping[str, str] = {}
    for entry in history:
        if entry.facts.get("report") == state.report and "beside" in entry.facts:
            found = dict(zip(_list(entry, "beside"), _list(entry, "digests"), strict=True))
    return found


def _list(entry: Entry, fact: str) -> Sequence[str]:
    found = entry.facts[fact]
    return [str(one) for one in found] if isinstance(found, tuple) else []


def _model(session: Session, release: str) -> Mapping[str, Any] | None:
    try:
        return json.loads(report_edition(session, release, "model"))
    except ReportDiffers:
        return None


def _counts(history: Sequence[Entry]) -> Sequence[tuple[str, int]]:
    newest = {entry.kind: entry.facts for entry in history if entry.kind in _COUNTED}
    found: list[tuple[str, int]] = []
    for kind, named in _COUNTED.items():
        facts = newest.get(kind, {})
        found += [(words, int(str(facts[name]))) for name, words in named.items() if name in facts]
    return found


def _receivers(session: Session, state: ReleaseState) -> list[Receiver]:
    """Those of the packages where some were sealed; else those whose keys could be sealed to today."""
    keys = {r.fingerprint: r for r in session.projects.show(state.project).recipients}
    if not state.packages and state.status not in OUT:
        usable = session.projects.show(state.project).usable_recipients(today())
        return [
            Receiver(r.member, r.key_kind, r.fingerprint, str(r.certificate_expires or ""))
            for r in sorted(usable, key=lambda r: (r.member, r.fingerprint))
        ]
    return [
        Receiver(
            p.member,
            keys[p.fingerprint].key_kind if p.fingerprint in keys else "",
            p.fingerprint,
            str(keys[p.fingerprint].certificate_expires or "") if p.fingerprint in keys else "",
            p.parts,
            tuple(day.isoformat() for day in p.handed_over),
            p.received.isoformat() if p.received else "",
        )
        for p in state.packages.values()
    ]
