"""The parts of the common form that only some systems ask for, as each system's file says.

CARPOS's regulation asks for all of them. What another system's law and the process page do not know,
its applicants need not fill in; what they give nevertheless must be of the right type and is not judged.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from approvals.application.forms import StandardApplication
from approvals.application.parts import Institution, Outline, Part, Problem, Researcher, Security
from approvals.system_terms import SystemTerms

QUALITIES = ("tax_exempt", "formal_instruction", "faculty_and_curriculum", "enrolled_students")
CRITERIA = (
    "problem_in_a_field",
    "contributes_to_knowledge",
    "scientific_methods",
    "publishable_or_policy",
)

# part of the form → the table that it stands in (none: a table of its own), its class, its fields
PARTS: Mapping[str, tuple[str | None, type[Part], tuple[str, ...]]] = {
    "researcher_degree": ("researcher", Researcher, ("degree", "degree_field", "experience")),
    "institution_qualities": ("institution", Institution, (*QUALITIES, "accredited_by")),
    "research_criteria": ("project", Outline, CRITERIA),
    "security": (None, Security, ("security",)),
}


def check_asked(form: StandardApplication, terms: SystemTerms) -> Iterator[Problem]:
    """What the system asks for is there."""
    for name in sorted(terms.asked):
        table, part, fields = PARTS[name]
        holder = cast("object", form) if table is None else getattr(form, table)
        for field in fields:
            if getattr(holder, field) is None:
                path = field if table is None else f"{table}.{field}"
                yield Problem(path, part.SECTION, "is missing")
