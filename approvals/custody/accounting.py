"""What was disclosed to whom: the accounting, the individuals of a breach, what was given and is to be destroyed.

The certificate of destruction and a recall are prefilled from the ledger and the application; what only
the signer knows is left open.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from approvals.application import Application, StandardApplication
from approvals.custody.releases import Releases
from approvals.custody.state import Package, ReleaseState
from approvals.errors import UnknownRelease
from approvals.letters import SENDER, Letter, Sender, compose
from approvals.project import ProjectState


def disclosures(
    releases: Releases, project: str | None = None, member: str | None = None
) -> list[dict[str, object]]:
    """One row for each package that was sealed, whether it was given out or not.

    Args:
        releases: of the home.
        project: one project alone.
        member: one member of a team alone, by id.

    Returns:
        rows for ``release disclosures``: the member's id and name (from the application), what was
        in the package (kind, years, individuals), the SHA-256 of the signed list and of each sealed
        part, and each hand-over with its day, the person of the Department and the way.
    """
    return [row for state in releases.list(project) for row in _rows(releases, state, member)]


def _rows(
    releases: Releases, state: ReleaseState, member: str | None
) -> Iterator[dict[str, object]]:
    if not state.packages:
        return
    form = releases.projects.show(state.project).application
    for package in state.packages.values():
        if member in (None, package.member):
            yield {
                "project_number": state.project,
                "release": state.release,
                "kind": state.kind,
                "system": state.system,
                "years": state.years,
                "individuals": state.individuals,
                "member": package.member,
                "name": name_of(form, package.member),
                "fingerprint": package.fingerprint,
                "parts": package.parts,
                "bytes": package.bytes,
                "sha256sums": package.sums,
                "hashes": list(package.hashes),
                "handed_over": _given(package),
                "received": package.received.isoformat() if package.received else None,
                "receipt_code_shown": package.code_shown,
                "status": str(state.status),
            }


def _given(package: Package) -> list[dict[str, str]]:
    given = zip(package.handed_over, package.given_by, package.ways, strict=True)
    return [{"on": day.isoformat(), "by": person, "way": way} for day, person, way in given]


def name_of(form: Application | None, member: str) -> str:
    """A member's name as the application has it; empty where it names nobody with this id."""
    if isinstance(form, StandardApplication):
        found = form.member(member)
        return found.name if found else ""
    return next((r.name for r in form.recipients if r.id == member), "") if form else ""


def individuals_known(releases: Sequence[ReleaseState], named: Sequence[str] = ()) -> int:
    """An upper bound: the individuals in the releases named, else in all that were handed over.

    Whether two releases hold the same people is not known here, so they count for each.

    Args:
        releases: of the project.
        named: ids of those that the breach concerns.

    Raises:
        UnknownRelease: one of them is none of the project's.
    """
    if set(named) - {r.release for r in releases}:
        raise UnknownRelease
    concerned = [
        r
        for r in releases
        if (r.release in named if named else any(p.handed_over for p in r.packages.values()))
    ]
    return sum(r.individuals or 0 for r in concerned)


_KINDS = {
    "identified": "Identified Individual-Level Data",
    "deidentified": "De-Identified Individual-Level Data",
    "aggregated": "Aggregated Data",
}
Given = tuple[ReleaseState, Package]


def given_packages(releases: Sequence[ReleaseState]) -> list[Given]:
    """Every package that was handed over, in the order of its release."""
    return [(r, p) for r in releases for p in r.packages.values() if p.handed_over]


def destruction_facts(state: ProjectState, releases: Sequence[ReleaseState]) -> dict[str, Any]:
    """What the certificate of data destruction has filled in: type of data, researcher, every package."""
    form, given = state.application, given_packages(releases)
    kinds = sorted({r.kind for r, _ in given}) or sorted(state.kinds)
    return {
        "data": "; ".join(f"{_KINDS[kind]} from {state.system}" for kind in kinds),
        "researcher": form.applicant.name if form else "",
        "items": [_item(r, p, form) for r, p in given],
    }


def _item(release: ReleaseState, package: Package, form: Application | None) -> str:
    who = name_of(form, package.member) or package.member
    days = ", ".join(day.isoformat() for day in package.handed_over)
    parts = "".join(f", part SHA-256 {digest}" for digest in package.hashes)
    return (
        f"release {release.release}, {_KINDS[release.kind]}, {package.parts} parts, handed over to"
        f" {who} on {days}, SHA256SUMS {package.sums}{parts}"
    )


def recall_letter(
    state: ProjectState, release: ReleaseState, package: Package, on: date, sender: Sender = SENDER
) -> Letter:
    """The letter that calls a package back from a member."""
    who = name_of(state.application, package.member) or package.member
    return compose(
        "recall",
        state,
        on,
        sender,
        to=[who],
        member=who,
        release=release.release,
        days=", ".join(day.isoformat() for day in package.handed_over),
        sums=package.sums,
        individuals=f"{release.individuals:,}" if release.individuals else "",
        recall=recall_id(release.release, package.member),
    )


def recall_id(release: str, member: str) -> str:
    """By what a recall and its answer are known."""
    return f"{release}.{member}"
