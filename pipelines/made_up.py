"""What the Department finds out about made-up people: for a demonstration's projects, and for tests."""

from datetime import date
from pathlib import Path

from approvals.application import StandardApplication
from approvals.people import Person
from approvals.project import Projects


def record_checks(projects: Projects, number: str, person: Person, on: date, folder: Path) -> None:
    """Record what the Department checks of a project's people, all as passed: of made-up people alone.

    Background checks, identities that a notary verified, and the researcher's letter that the team passed, as far as
    the data system asks for them; the letter is written into ``folder``.
    """
    state = projects.show(number)
    requirements = state.terms.requirements if state.terms is not None else ()
    asked = {r.name for r in requirements if not set(state.kinds).isdisjoint(r.kinds)}
    form = state.application
    if not isinstance(form, StandardApplication):
        return
    for member in form.team:
        if asked & {"background_check", "background_check_page"}:
            passed = {"member": member.id, "outcome": "passed", "reference": f"made-up-{member.id}"}
            projects.event(number, "background_check", person, on, passed)
    if "notary_verification" in asked:
        seen = {"member": form.researcher.member, "reference": "made-up-notary"}
        projects.event(number, "identity_verified", person, on, seen)
    others = ",".join(m.id for m in form.team if m.id != form.researcher.member)
    if "checks_verified" in asked and others:
        letter = folder / "verification.txt"
        letter.write_text(
            "Made up: the researcher verifies that the team passed its background checks.\n"
        )
        files = {"letter": letter}
        projects.event(number, "checks_verified", person, on, {"members": others}, files)
