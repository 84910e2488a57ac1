"""Ready texts of custody: the certificate of destruction, the letter of a breach, a recall.

Each is prefilled from the ledger and the application; what only the signer knows is left open, marked
with underscores. A letter names people of the project: it stays in the project's folder (0600).
"""

from collections.abc import Sequence
from datetime import date

from approvals.application import Application, StandardApplication
from approvals.custody.accounting import name_of
from approvals.custody.state import Package, ReleaseState
from approvals.project import ProjectState

_OPEN = "______________________________"
_KINDS = {
    "identified": "Identified Individual-Level Data",
    "deidentified": "De-Identified Individual-Level Data",
    "aggregated": "Aggregated Data",
}
Given = tuple[ReleaseState, Package]


def given_packages(releases: Sequence[ReleaseState]) -> list[Given]:
    """Every package that was handed over, in the order of its release."""
    return [(r, p) for r in releases for p in r.packages.values() if p.handed_over]


def certificate(state: ProjectState, releases: Sequence[ReleaseState]) -> str:
    """The certificate of data destruction of § 967(a), its ten items, prefilled.

    Args:
        state: the project with its application.
        releases: of the project.
    """
    form = state.application
    given = given_packages(releases)
    kinds = sorted({r.kind for r, _ in given}) or sorted(state.kinds)
    return _CERTIFICATE.format(
        open=_OPEN,
        title=form.title if form else "",
        number=state.number,
        data="; ".join(f"{_KINDS[kind]} from {state.system}" for kind in kinds),
        researcher=_researcher(form),
        items="\n".join(_item(n, r, p, form) for n, (r, p) in enumerate(given, start=1))
        or "      (no package was handed over)",
        count=len(given),
    )


def _item(number: int, release: ReleaseState, package: Package, form: Application | None) -> str:
    who = name_of(form, package.member) or package.member
    days = ", ".join(day.isoformat() for day in package.handed_over)
    parts = "".join(f"\n          part SHA-256 {digest}" for digest in package.hashes)
    return (
        f"      {number}. release {release.release}, {_KINDS[release.kind]}, {package.parts} parts,"
        f"\n          handed over to {who} on {days}"
        f"\n          SHA256SUMS {package.sums}{parts}"
        f"\n          and every copy, extract and file derived from it that holds individual-level"
        f" data:\n          {_OPEN}{_OPEN}"
    )


def breach_letter(state: ProjectState, breach: str, discovered: date, individuals: int) -> str:
    """The letter of § 964(k)(2) to the Department, for publication on its website, prefilled."""
    form = state.application
    institution = form.institution.name if isinstance(form, StandardApplication) else ""
    return _BREACH.format(
        open=_OPEN,
        institution=institution or _researcher(form),
        number=state.number,
        title=form.title if form else "",
        breach=breach,
        discovered=discovered.isoformat(),
        individuals=f"{individuals:,}",
        system=state.system,
    )


def recall_letter(state: ProjectState, release: ReleaseState, package: Package, on: date) -> str:
    """The letter that calls a package back from a member."""
    form = state.application
    count = release.individuals
    return _RECALL.format(
        on=on.isoformat(),
        name=name_of(form, package.member) or package.member,
        number=state.number,
        title=form.title if form else "",
        release=release.release,
        days=", ".join(day.isoformat() for day in package.handed_over),
        sums=package.sums,
        individuals=f" It holds data on {count:,} individuals." if count else "",
        recall=recall_id(release.release, package.member),
        open=_OPEN,
    )


def recall_id(release: str, member: str) -> str:
    """By what a recall and its answer are known."""
    return f"{release}.{member}"


def _researcher(form: Application | None) -> str:
    if isinstance(form, StandardApplication):
        return form.researcher.name
    return form.requester.name if form is not None else ""


_CERTIFICATE = """\
CERTIFICATE OF DATA DESTRUCTION (11 CCR § 967(a))
To the California Department of Justice, Research Services

 1. Project title and number: {title}, {number}
 2. Type of data: {data}
 3. Bona Fide Researcher: {researcher}
 4. The data was sanitised according to NIST Special Publication 800-88 Revision 1:  [ ] yes
 5. Date of destruction: {open}
 6. Name(s) of the witness(es): {open}
 7. Title(s) of the witness(es): {open}
 8. I acknowledge that a failure to destroy the data may lead to an audit:  [ ] yes
 9. Items destroyed ({count} packages, from the Department's ledger; all must be listed):

{items}

10. Method of destruction:  [ ] clear   [ ] purge   [ ] destroy   details: {open}

Signature of the Bona Fide Researcher: {open}   Date: ____________
"""

_BREACH = """\
NOTIFICATION OF A SECURITY BREACH (11 CCR § 964(k)(2))
For publication on the public website of the California Department of Justice

From: {institution}
Project: {number}, {title}
Reference: {breach}

On {discovered} we discovered a breach of the security of data of the {system} system that the
Department had released to this project. Personal identifying information of {individuals}
individuals is affected.

What happened: {open}
What information was involved: {open}
What we are doing: {open}
What affected individuals can do: {open}
Whom to ask: {open}

Name, title, signature: {open}   Date: ____________
"""

_RECALL = """\
California Department of Justice
Research Services

{on}

{name}

Project {number}: {title}
Recall of release {release}

The package that was handed over to you on {days} is recalled: it should not have been released.
{individuals}
Its SHA256SUMS file has the SHA-256 {sums}.

Do not open, use, copy or pass it on. Destroy the package, everything that was opened from it, and
every copy and backup, according to NIST Special Publication 800-88 Revision 1, and return this page.

Reference: {recall}
 [ ] destroyed on ____________    [ ] never received    [ ] returned on ____________
It was opened: [ ] no  [ ] yes, by: {open}
Signature: {open}   Date: ____________

Research Services
"""
