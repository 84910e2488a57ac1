"""The order of a release: what a person asked for, pinned, so that a flow needs only its id.

An order holds choices, ids and keyed digests; never a row, a name or a key. It is written once,
by the command line, for the person who acts; a scheduled or remote flow gets the id alone.
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Literal, cast, get_args

from pydantic import BaseModel, ConfigDict

from approvals import custody, gate, ledger
from errors import nearest
from extracts.deidentified import LEVELS, level_columns
from extracts.package import known_formats
from pipelines.errors import OptionsDisagree
from pipelines.home import Home, locked, write_private
from pipelines.release import lessons
from pipelines.release.errors import (
    KindMissing,
    OrderChanged,
    ReleaseOfAnother,
    ReleaseOver,
    ReleaseUnknown,
    YearsUnreadable,
)
from pipelines.safeguards import Pins, check_before, pins_of
from pipelines.session import Session, today
from systems.description import BETWEEN, System
from systems.errors import NotDescribed
from systems.register import SnapshotInfo

Kind = Literal["identified", "deidentified", "aggregated"]
_ID = re.compile(r"[A-Za-z0-9-]{3,60}")
_WEIGHT = re.compile(r"([a-z][a-z0-9_]*)=([0-9]{1,3}(?:\.[0-9]{1,3})?)")


class ReviewPolicy(BaseModel):
    """By which rules doubtful pairs and withheld rows of a release are reviewed: those of the settings when it was ordered.

    ``alone``: of a demo home with one reviewer, where nobody else could look a second time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    second_share: float
    alike_rows: int
    alike: Literal["offer", "wait"]
    alone: bool = False


class Order(BaseModel):
    """What is to be released; fixed when the release is ordered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release: str
    project: str
    system: str
    kind: Kind
    snapshot: str
    ordered_on: date
    ordered_by: str
    years: tuple[int, int] | None = None
    only_years: tuple[int, ...] = ()
    cohort_digest: str | None = None
    dimensions: tuple[str, ...] | None = None
    together: tuple[str, ...] = ()
    coarser: tuple[str, ...] = ()
    suppress_locally: bool = False
    keep: dict[str, float] = {}
    doubtful: Literal["wait", "exclude"] = "wait"
    dry_run: bool = False
    scheduled: bool = False
    formats: tuple[Literal["stata", "spss", "sas"], ...] = ()
    pins: Pins | None = None
    review: ReviewPolicy | None = None  # of orders of before: one person's word is enough


def make_run_folder(home: Home, release: str) -> Path:
    """Make the staging folder of a release that was just ordered."""
    folder = home.runs / release
    folder.mkdir(mode=0o700)
    return folder


def run_folder(home: Home, release: str) -> Path:
    """The staging folder of a release.

    Raises:
        ReleaseUnknown: the id is malformed or has no folder here.
    """
    folder = home.runs / release
    if not _ID.fullmatch(release) or not folder.is_dir():
        raise ReleaseUnknown(**nearest(release, (path.name for path in home.runs.iterdir())))
    return folder


def write_order(home: Home, order: Order) -> Path:
    """Write ``order.json`` into the run's folder (0600, once)."""
    path = run_folder(home, order.release) / "order.json"
    write_private(path, order.model_dump_json(indent=1))
    path.chmod(0o400)
    return path


def read_order(home: Home, release: str) -> Order:
    """Read an order.

    Raises:
        ReleaseUnknown: there is none.
    """
    path = run_folder(home, release) / "order.json"
    if not os.access(path, os.R_OK):
        raise ReleaseUnknown
    return Order.model_validate_json(path.read_text("utf-8"))


def check_ordered(session: Session, release: str) -> None:
    """See that a person made this order: that the ledger recorded it, of this release, project and kind.

    Raises:
        ReleaseUnknown, UnknownRelease: there is none.
        OrderChanged: its file says something else (exit 5).
    """
    order, state = read_order(session.home, release), session.releases.show(release)
    said = (order.release, order.project, order.kind, order.system, order.ordered_by)
    if said != (release, state.project, state.kind, state.system, state.ordered_by):
        raise OrderChanged


# How a request becomes an order: checked for sense, pinned and written down


_ENDED = frozenset({custody.Status.WITHDRAWN, custody.Status.DESTROYED})


@dataclass(frozen=True)
class Request:
    """What the command line asks for, unchecked."""

    project: str
    kind: str | None
    cohort: Path | None = None
    columns: Path | None = None
    years: str | None = None
    dims: str | None = None
    doubtful: str | None = None
    dry_run: bool = False
    scheduled: bool = False
    coarser: str | None = None
    suppress_locally: bool = False
    keep: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    only_years: tuple[int, ...] = ()
    together: tuple[str, ...] = ()
    snapshot: str | None = None


def order_release(session: Session, request: Request) -> str:
    """Turn a request into an order; the release's id.

    Raises:
        KindMissing, YearsUnreadable, OptionsDisagree: the request makes no sense (exit 2).
        CodedError: a file format that is not made (exit 2).
        UnknownProject: no such project.
        SwitchNotConfirmed, SettingsNotConfirmed: settings stand by nobody's word (exit 3).
        CodedError: nothing is loaded to release from, or what is waits for a second person (exit 7).
        CodedError: the cohort file can't be used (exit 6).
        ReleaseHeld: a release of this project is being made (exit 8); nothing is ordered then.
    """
    kind = known_kind(request.kind)
    check_before(session)
    session.projects.show(request.project)  # an unknown one has no folder to lock
    with locked(session.home.projects / request.project):
        return _order(session, request, kind)


def _order(session: Session, request: Request, kind: Kind) -> str:
    state = session.projects.show(request.project)
    if kind != "identified" and (request.cohort or request.columns):
        raise OptionsDisagree(option="--cohort and --columns belong to --kind identified")
    if kind != "aggregated" and (request.dims or request.together):
        raise OptionsDisagree(option="--dims and --together belong to --kind aggregated")
    system = session.systems.load(state.system)
    together_in(system, request.together)
    if kind != "deidentified" and (request.coarser or request.suppress_locally or request.keep):
        raise OptionsDisagree(
            option="--coarser, --suppress-locally and --keep belong to de-identified rows"
        )
    coarser = known_coarser(request.coarser, system)
    keep = known_weights(request.keep, system)
    approved = state.application.years if state.application else None
    # Pinned: what was read with the years of today is not read with those of an amendment.
    years = parse_years(request.years) or ((approved.first, approved.last) if approved else None)
    formats = known_formats(request.formats)
    cohort = _cohort(session, request) if kind == "identified" else None
    pinned = _snapshot(session, state.system, request.snapshot)
    snapshot, pins = pinned.snapshot_id, pins_of(session, state.system, pinned)
    if kind == "identified" and session.settings.review.feeds_model:
        learnt = lessons.kept(session, request.project, state.system)
        pins = pins.model_copy(update={"lessons": learnt})
    facts: dict[str, ledger.FactValue] = {
        "snapshot": snapshot,
        "configuration": session.configuration_digest(),
        "pins": pins.digest(session),
        "code_version": version("doj-release"),
        "scheduled": request.scheduled,
    }
    if years:
        facts["years"] = f"{years[0]}-{years[1]}"
    if cohort:
        facts |= {"cohort": cohort}
        known = state.cohort(cohort)
        if known:
            facts["cohort_rows"] = known.rows
    ordered = session.releases.order(request.project, kind, session.person, today(), facts)
    make_run_folder(session.home, ordered.release)
    described = run_folder(session.home, ordered.release) / "system.toml"
    write_private(
        described, session.systems.text(state.system)
    )  # of which the pins have the digest
    doubtful = request.doubtful or session.settings.linkage.doubtful
    write_order(
        session.home,
        Order(
            release=ordered.release,
            project=request.project,
            system=state.system,
            kind=kind,
            snapshot=snapshot,
            ordered_on=today(),
            ordered_by=session.person.id,
            years=years,
            only_years=request.only_years,
            cohort_digest=cohort,
            dimensions=tuple(d.strip() for d in request.dims.split(",")) if request.dims else None,
            together=request.together,
            coarser=coarser,
            suppress_locally=request.suppress_locally,
            keep=keep,
            doubtful=cast("Literal['wait', 'exclude']", doubtful),
            dry_run=request.dry_run,
            scheduled=request.scheduled,
            formats=formats,
            pins=pins,
            review=_review_policy(session, state.reviewers) if kind == "identified" else None,
        ),
    )
    return ordered.release


def _review_policy(session: Session, named: frozenset[str] | None) -> ReviewPolicy:
    chosen = session.settings.review
    reviewers = [
        p
        for p in session.people.persons
        if p.active and p.roles & custody.ROLES["review"] and (named is None or p.id in named)
    ]
    return ReviewPolicy(
        second_share=chosen.second_share,
        alike_rows=chosen.alike_rows,
        alike=chosen.alike,
        alone=session.demo and len(reviewers) < 2,
    )


def _snapshot(session: Session, system: str, named: str | None) -> SnapshotInfo:
    """The snapshot that was named, or of the newest of the system that is in use."""
    if named is None:
        return session.registers.newest(system).info
    found = session.registers.in_use(named).info
    if found.system != system:
        raise OptionsDisagree(option=f"--snapshot names one of another system than {system}")
    return found


def known_kind(text: str | None) -> Kind:
    """One of the three kinds of release.

    Raises:
        KindMissing: none, or another word.
    """
    if text is None:
        raise KindMissing
    if text not in get_args(Kind):
        raise KindMissing(kinds=get_args(Kind), **nearest(text, get_args(Kind)))
    return cast("Kind", text)


def together_in(system: System, given: Sequence[str]) -> System:
    """The system with levels put together, each as ``county=003+005``.

    Raises:
        OptionsDisagree: it has no such dimension or level, or one twice.
    """
    groups: dict[str, list[tuple[str, ...]]] = {}
    for text in given:
        name, _, levels = text.partition("=")
        groups.setdefault(name, []).append(tuple(levels.split(BETWEEN)))
    try:
        return system.putting_together(groups)
    except NotDescribed:
        raise OptionsDisagree(option="--together wants DIM=LEVEL+LEVEL, each level once") from None


def known_coarser(text: str | None, system: System) -> tuple[str, ...]:
    """Columns that their coarser versions are to stand for: named, or ``dates``, or ``all``.

    Raises:
        OptionsDisagree: one that the system gives in one version only.
    """
    names = tuple(n.strip() for n in (text or "").split(",") if n.strip())
    levels = [level_columns(system, n) if n in LEVELS else (n,) for n in names]
    columns = tuple(dict.fromkeys(name for level in levels for name in level))
    if not set(columns) <= set(system.rows("deidentified").coarser):
        raise OptionsDisagree(
            option="--coarser takes all, dates, or columns with a coarser version"
        )
    return columns


def known_weights(texts: Sequence[str], system: System) -> dict[str, float]:
    """Read ``COLUMN=WEIGHT``: how much more than 1 a column's values are worth where cells must go.

    Raises:
        OptionsDisagree: another form, a column that de-identified rows don't have, or a weight that is
            not above 0 and at most 100.
    """
    if not texts:
        return {}
    known = set(system.rows("deidentified").column_names)
    found = [_WEIGHT.fullmatch(text.strip()) for text in texts]
    weights = {m[1]: float(m[2]) for m in found if m and m[1] in known and 0 < float(m[2]) <= 100}
    if len(weights) != len(texts):
        raise OptionsDisagree(
            option="--keep takes COLUMN=WEIGHT, each column of de-identified rows once, weights above 0 to 100"
        )
    return weights


def parse_years(text: str | None) -> tuple[int, int] | None:
    """Read ``2024`` or ``2016-2024``.

    Raises:
        YearsUnreadable: something else, or the last before the first.
    """
    if text is None:
        return None
    first, _, last = text.partition("-")
    try:
        years = int(first), int(last or first)
    except ValueError:
        raise YearsUnreadable from None
    if not 1900 <= years[0] <= years[1] <= 2200:
        raise YearsUnreadable
    return years


def _cohort(session: Session, request: Request) -> str | None:
    """The digest of the cohort to use: the file named, else the one that was confirmed last."""
    from pipelines.cohort import usable_cohort_digest

    if request.cohort is None:
        if request.columns is not None:
            raise OptionsDisagree(option="--columns needs --cohort")
        state = session.projects.show(request.project)
        usable = [c for c in state.cohorts if c.usable]
        confirmed = [c for c in usable if c.confirmed_by is not None]
        known = confirmed or usable  # one that waits is better refused than not named
        return known[-1].digest if known else None
    return usable_cohort_digest(session, request.project, request.cohort, request.columns)


def prepare_resume(session: Session, project: str, release: str, doubtful: str | None) -> str:
    """Check that a release may be resumed, and note a later choice about doubtful pairs.

    Raises:
        ReleaseUnknown: there is none.
        ReleaseOfAnother: it is another project's.
        ReleaseOver: withdrawn or destroyed.
        ReleaseHeld: somebody runs it, or another release of the project (exit 8).
    """
    order = read_order(session.home, release)
    if order.project != project:
        raise ReleaseOfAnother(project=order.project)
    state = session.releases.show(release)
    if state.status in _ENDED or not state.in_outbox:
        raise ReleaseOver(status=str(state.status))
    home = session.home
    with locked(home.runs / release, home.projects / project):
        session.releases.resume(release, session.person, today())
        if doubtful:
            path = home.runs / release / "doubtful.json"
            write_private(path, json.dumps({"doubtful": doubtful, "by": session.person.id}))
    return release


def check_gate(
    session: Session,
    number: str,
    kind: str,
    on: date,
    *,
    years: str | None = None,
    system: str | None = None,
    scope: Sequence[str] = (),
    variables: Sequence[str] = (),
    dimensions: Sequence[str] = (),
    recipients: Sequence[str] = (),
) -> gate.Verdict:
    """Ask the gate about a project as it stands, with its newest confirmed cohort.

    ``recipients`` are members; each stands for the newest key of that member.

    Raises:
        KindMissing, YearsUnreadable, UnknownProject: the question makes no sense.
    """
    wanted = known_kind(kind)
    state = session.projects.show(number)
    usable = [c for c in state.cohorts if c.usable]
    confirmed = [c for c in usable if c.confirmed_by is not None]
    # one that waits is better refused than not named
    known = confirmed or usable or list(state.cohorts)
    cohort = known[-1] if known and wanted == "identified" else None
    keys = {r.member: r.fingerprint for r in state.recipients}
    return gate.check(
        state,
        gate.ReleaseRequest(
            kind=wanted,
            on=on,
            system=system or state.system,
            years=parse_years(years),
            cohort_digest=cohort.digest if cohort else None,
            cohort_rows=cohort.rows if cohort else None,
            recipients=tuple(keys.get(m, m) for m in recipients) or None,
            order_scope=tuple(scope),
            variables=tuple(variables),
            dimensions=tuple(dimensions),
            policy=session.gate_policy,
        ),
    )
