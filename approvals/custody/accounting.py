"""Accounting of disclosures: which person received which package when, with which hashes."""

from collections.abc import Iterator

from approvals.application import Application, StandardApplication
from approvals.custody.releases import Releases
from approvals.custody.state import Package, ReleaseState


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
    return form.requester.name if form is not None and member in form.recipient_ids() else ""
