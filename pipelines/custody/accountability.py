"""What a project answers for: events prefilled from the packages, and the letters that go with them."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from approvals.clocks import BREACH_LETTER_FROM
from approvals.custody import breach_letter, certificate, given_packages, individuals_known
from approvals.project import EvidenceMissing, ProjectState
from pipelines.session import Office


def record_event(
    office: Office,
    number: str,
    kind: str,
    on: date,
    facts: Mapping[str, str],
    files: Mapping[str, Path],
) -> tuple[ProjectState, Path | None]:
    """Record an event of a project's life; see ``Projects.event``.

    A breach without a number of individuals takes it from the packages, and from 500 on the letter
    for publication is laid ready. A certificate of destruction lists every package that was handed
    over.

    Returns:
        the project, and the letter where one was written.

    Raises:
        EvidenceMissing: the certificate lists fewer items than were handed over.
        CodedError: see ``Projects.event``.
    """
    given = dict(facts)
    if kind == "breach_reported" and "individuals" not in given:
        named = tuple(given["releases"].split(",")) if given.get("releases") else ()
        given["individuals"] = str(individuals_known(office.releases.list(number), named))
    if kind == "destruction_certified":
        _check_items(office, number, given.get("items", ""))
    state = office.projects.event(number, kind, office.person, on, given, files)
    if kind == "breach_reported" and int(given["individuals"]) >= BREACH_LETTER_FROM:
        discovered = date.fromisoformat(given["discovered_on"])
        text = breach_letter(state, given["breach"], discovered, int(given["individuals"]))
        folder = office.projects.folder(number)
        return state, folder.write_letter(f"breach.{given['breach']}.txt", text)
    return state, None


def _check_items(office: Office, number: str, items: str) -> None:
    given = len(given_packages(office.releases.list(number)))
    if items.isdigit() and int(items) < given:
        raise EvidenceMissing(
            step="destruction_certified",
            needs=f"items: each of the {given} packages that were handed over",
            section="§ 967(a)(9)",
        )


def write_certificate(office: Office, number: str) -> Path:
    """Write the certificate of destruction, prefilled, into the project's folder; its place."""
    state = office.projects.show(number)
    text = certificate(state, office.releases.list(number))
    return office.projects.folder(number).write_letter("certificate-of-destruction.txt", text)
