"""What an application must satisfy beyond its fields' types: small checks, each with its section.

A check yields problems; it never stops at the first. No problem quotes a value. CARPOS's regulation asks
for all parts of the common form. What another system's law and the process page do not know, its
applicants need not fill in; what they give nevertheless must be of the right type and is not judged.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import cast

from approvals.application import forms
from approvals.application.system_terms import SystemTerms
from approvals.errors import Problem

QUALITIES = ("tax_exempt", "formal_instruction", "faculty_and_curriculum", "enrolled_students")
CRITERIA = (
    "problem_in_a_field",
    "contributes_to_knowledge",
    "scientific_methods",
    "publishable_or_policy",
)

# part of the form → the table that it stands in (none: a table of its own), its class, its fields
PARTS: Mapping[str, tuple[str | None, type[forms.Part], tuple[str, ...]]] = {
    "researcher_degree": ("researcher", forms.Researcher, ("degree", "degree_field", "experience")),
    "institution_qualities": ("institution", forms.Institution, (*QUALITIES, "accredited_by")),
    "research_criteria": ("project", forms.Outline, CRITERIA),
    "security": (None, forms.Security, ("security",)),
    "materials": (None, forms.Materials, ("materials",)),
}


def check_asked(form: forms.StandardApplication, terms: SystemTerms) -> Iterator[Problem]:
    """What the system asks for is there."""
    for name in sorted(terms.asked):
        table, part, fields = PARTS[name]
        holder = cast("object", form) if table is None else getattr(form, table)
        for field in fields:
            if getattr(holder, field) is None:
                path = field if table is None else f"{table}.{field}"
                yield Problem(path, part.SECTION, "is missing")


def check_documents(form: forms.StandardApplication, terms: SystemTerms) -> Iterator[Problem]:
    """Every document that is named is listed, and every document that is needed is there."""
    if not isinstance(cast("object", form.documents), tuple):  # a hole: said already
        return
    listed = {d.id: d.kind for d in form.documents}
    if len(listed) != len(form.documents):
        yield Problem("documents", "§ 966(b)(12)", "an id stands twice")
    for path, section, reference, kind in _references(form):
        if not isinstance(reference, str):  # a hole: said already
            continue
        if reference not in listed:
            yield Problem(path, section, "names no document of the list")
        elif listed[reference] != kind:
            yield Problem(path, section, f"names a document of another kind than {kind}")
    needed = frozenset[str]().union(*(terms.documents.get(k, frozenset()) for k in form.kinds))
    needed -= {r.name for r in terms.requirements if r.per == "member"}
    for number, document in enumerate(form.documents, start=1):
        if isinstance(document.member, str) and form.member(document.member) is None:
            yield Problem(f"documents[{number}].member", "§ 966(b)(10)", "names nobody of the team")
    if form.security is not None and form.security.cloud is True:
        needed |= {"cloud_audit"}
    sections = {r.name: r.section for r in terms.requirements}
    for kind in sorted(needed - _LATER - set(listed.values())):
        section = sections.get(kind, "§ 966(b)(12)")
        yield Problem("documents", section, f"none of kind {kind}")


_TRAINING = "human_subjects_training"
# The outline is the form's own [project]. The others, and whatever a system asks of every member, may
# come after the submission: the gate asks for them on the day of the release.
_LATER = frozenset(
    {
        "project_outline",
        "irb_approval",
        _TRAINING,
        "background_check",
        "checks_verified",
        "notary_verification",
    }
)


def _references(form: forms.StandardApplication) -> Iterator[tuple[str, str, object, str]]:
    yield "institution.evidence", "§ 962(k)", form.institution.evidence, "institution_evidence"
    if form.security is not None:
        signed = form.security.document
        yield "security.document", "§ 966(b)(12)(D)", signed, "security_requirements"
    if form.signatures.affiliation_letter:
        letter = form.signatures.affiliation_letter
        yield "signatures.affiliation_letter", "§ 966(d)", letter, "affiliation_letter"
    if form.cohort.authority_document:
        document = form.cohort.authority_document
        yield "cohort.authority_document", "§ 963(a)(3)(B)", document, "cohort_authority"
    if form.irb:
        yield "irb.approval", "§ 966(b)(12)(F)", form.irb.approval, "irb_approval"
    for number, member in enumerate(form.team, start=1):
        if member.training:
            path, certificate = f"team[{number}].training.certificate", member.training.certificate
            yield path, "§ 966(d)", certificate, _TRAINING
        if member.cv:
            yield f"team[{number}].cv", "§ 966(b)(12)(B)", member.cv, "curriculum_vitae"


INDIVIDUAL = frozenset({"identified", "deidentified"})
SECURITY_POLICY = (5, 9)  # § 966(b)(12)(D)(ii): CJIS Security Policy, version 5.9, 1 June 2020
_VERSION = re.compile(r"(?<![\d.])\d{1,2}(?:\.\d{1,2}){1,3}(?![\d.]*\d)")


def check_request(form: forms.Application, _terms: SystemTerms) -> Iterator[Problem]:
    """A modified request names the project that it modifies (§ 966(b)(1))."""
    if form.request == "modified" and form.modifies is None:
        yield Problem("modifies", "§ 966(b)(1)", "a modified request names its project number")
    if form.request == "new" and form.modifies is not None:
        yield Problem("modifies", "§ 966(b)(1)", "a new request modifies no project")


def check_years(form: forms.Application, _terms: SystemTerms) -> Iterator[Problem]:
    """The years are complete calendar years, in order (§§ 962(b), 965(b))."""
    section = "§§ 962(b), 965(b)"
    if form.years.last < form.years.first:
        yield Problem("years", section, "the last year is before the first")
    if "aggregated" in form.kinds and form.years.last >= form.date_of_request.year:
        yield Problem("years.last", section, "a year that had not ended on the date of request")


def check_system(form: forms.Application, terms: SystemTerms) -> Iterator[Problem]:
    """The system gives this kind to this class of requester; scope and columns exist."""
    if not terms.described or not isinstance(cast("object", form.requester_class), str):
        return
    allowed = terms.kinds.get(form.requester_class, frozenset())
    section = terms.cite("§ 963(a)")
    for kind in sorted(set(form.kinds) - allowed):
        what = f"{terms.code} gives {kind} data to none of class {form.requester_class}"
        yield Problem("kinds", section, what)
    for kind in sorted(set(form.kinds) & set(terms.withheld)):
        what = f"{terms.code} gives no {kind} data yet: {terms.withheld[kind]}"
        yield Problem("kinds", section, what)
    if len(set(form.kinds)) != len(form.kinds):
        yield Problem("kinds", "§ 963(a)", "a kind stands twice")
    for number, family in enumerate(form.order_scope, start=1):
        if family not in terms.families:
            yield Problem(f"order_scope[{number}]", "§ 963(a)", "no order family of this system")
    for number, dimension in enumerate(form.dimensions, start=1):
        if dimension not in terms.dimensions:
            yield Problem(f"dimensions[{number}]", "§ 962(b)", "no dimension of this system")


def check_timeframe(form: forms.StandardApplication, terms: SystemTerms) -> Iterator[Problem]:
    """The timeframe ends after it starts (§ 964(b)), a long one with its reason; so does the project (§ 966(b)(9))."""
    start, end = form.timeframe.start, form.timeframe.end
    if end < start:
        yield Problem("timeframe.end", "§ 964(b)", "the end is before the start")
    longest = terms.timeframe_years
    if form.timeframe.reason is None and _is_longer(start, end, longest):
        what = f"a timeframe of more than {longest} years needs its reason (policy)"
        yield Problem("timeframe.reason", "§ 964(b)", what)
    if form.project.anticipated_completion <= form.date_of_request:
        path = "project.anticipated_completion"
        yield Problem(path, "§ 966(b)(9)", "not after the date of request")


def _is_longer(start: object, end: object, years: int) -> bool:
    if not (isinstance(start, date) and isinstance(end, date)):  # a hole: said already
        return False
    return (end.year - years, end.month, end.day) >= (start.year, start.month, start.day)


def check_researcher(form: forms.StandardApplication, _terms: SystemTerms) -> Iterator[Problem]:
    """The Bona Fide Researcher is an employee and on the team (§ 962(a), (d), (r))."""
    member = form.member(form.researcher.member)
    if member is None:
        yield Problem("researcher.member", "§ 966(b)(10)", "names nobody of the team")
    elif member.employment != "employee":
        what = "a consultant or contractor is not affiliated"
        yield Problem("researcher.member", "§ 962(a)", what)


def check_institution(form: forms.StandardApplication, terms: SystemTerms) -> Iterator[Problem]:
    """The institution has all five qualities (§ 962(k)); others get aggregates only (§ 963(b))."""
    inst = form.institution
    if inst.kind != "nonprofit_research_institution":
        may = terms.kinds.get(form.requester_class, frozenset()) if terms.described else INDIVIDUAL
        if not INDIVIDUAL & set(form.kinds) - may:
            return
        what = "only aggregated data: use the aggregated application"
        yield Problem("institution.kind", "§ 963(b)", what)
    asked = "institution_qualities" in terms.asked
    for name in QUALITIES if asked else ():
        if getattr(inst, name) is False:
            yield Problem(f"institution.{name}", "§ 962(k)", "must hold")
    if asked and inst.accredited_by == "none":
        yield Problem("institution.accredited_by", "§ 962(k)(5)", "must be accredited")
    if inst.evidence_expires and inst.evidence_expires <= form.date_of_request:
        yield Problem("institution.evidence_expires", "§ 962(k)", "the evidence had expired")


def check_research(form: forms.StandardApplication, terms: SystemTerms) -> Iterator[Problem]:
    """The research has all four qualities of bona fide research (§ 962(c))."""
    for name in CRITERIA if "research_criteria" in terms.asked else ():
        if getattr(form.project, name) is False:
            yield Problem(f"project.{name}", "§ 962(c)", "must hold")
    funding, section = form.project.funding, "§ 966(b)(12)(A)(iv)"
    if funding.source != "none":
        for name in ("name", "period_start", "period_end"):
            if getattr(funding, name) is None:
                yield Problem(f"project.funding.{name}", section, "a grant has a name and period")
    if funding.period_start and funding.period_end and funding.period_end < funding.period_start:
        yield Problem("project.funding.period_end", section, "the end is before the start")


def check_purposes(form: forms.StandardApplication, terms: SystemTerms) -> Iterator[Problem]:
    """What the data serves is what the law lets it serve (§ 966(b)(12)(A)(ii), as § 962(m), (o)-(q) define it)."""
    serves = cast("object", form.project.serves)
    if not terms.purposes or not isinstance(serves, tuple):  # a hole: said already
        return
    section = terms.purposes[0].section if terms.sections is not None else "§ 966(b)(12)(A)(ii)"
    known = [purpose.name for purpose in terms.purposes]
    if not serves or not set(cast("tuple[object, ...]", serves)) <= set(known):
        yield Problem("project.serves", section, f"names one or more of {', '.join(known)}")


def check_materials(form: forms.StandardApplication, _terms: SystemTerms) -> Iterator[Problem]:
    """Research materials that there are stand among the documents, and no others (§ 966(b)(12)(E))."""
    materials, documents = form.materials, cast("object", form.documents)
    if materials is None or not isinstance(documents, tuple):  # a hole: said already
        return
    listed = any(d.kind == "research_materials" for d in form.documents)
    if materials.any is True and not listed:
        yield Problem("documents", materials.SECTION, "none of kind research_materials")
    if listed and materials.any is False:
        what = "says that there are none, and a document is of kind research_materials"
        yield Problem("materials", materials.SECTION, what)


def check_cohort(form: forms.StandardApplication, terms: SystemTerms) -> Iterator[Problem]:
    """Identified data only for a declared cohort, held by a shown authority (§ 963(a)(3))."""
    role, section = form.cohort.linked_role, "§ 963(a)(3)(A)"
    if role is not None and role not in terms.linked_roles:
        known = ", ".join(sorted(terms.linked_roles)) or "nobody else"
        yield Problem("cohort.linked_role", section, f"a cohort may be matched to: {known}")
    if (role is None) != (form.cohort.linked_role_need is None):
        what = "other persons than those whose records these are stand with the need, and only they"
        yield Problem("cohort.linked_role_need", section, what)
    if "identified" in form.kinds and not form.cohort.declared:
        yield Problem("cohort.declared", "§ 963(a)(3)(A)", "identified data takes a cohort")
    if form.cohort.declared:
        for name in ("source", "max_rows", "authority", "authority_document"):
            if getattr(form.cohort, name) is None:
                part = "B" if name.startswith("authority") else "A"
                section = f"§ 963(a)(3)({part})"
                yield Problem(f"cohort.{name}", section, "a declared cohort needs it")


def check_variables(form: forms.StandardApplication, terms: SystemTerms) -> Iterator[Problem]:
    """Individual-level data names each column with its need (§ 966(b)(12)(A)(ii))."""
    section = "§ 966(b)(12)(A)(ii)"
    asked = INDIVIDUAL & set(form.kinds)
    if asked and not form.variables:
        yield Problem("variables", section, "each column asked for stands with its need")
    names = [v.name for v in form.variables]
    if len(set(names)) != len(names):
        yield Problem("variables", section, "a column stands twice")
    known = frozenset[str]().union(*(terms.columns.get(kind, ()) for kind in asked))
    for number, name in enumerate(names, start=1):
        if known and name not in known:
            what = "no column of this system's releases"
            yield Problem(f"variables[{number}].name", section, what)


def check_rows(form: forms.StandardApplication, _terms: SystemTerms) -> Iterator[Problem]:
    """A limit of the project's own on the risk of rows stands with its reason (§ 964(f)(1)(E))."""
    if form.rows is not None and form.rows.has_limit and form.rows.reason is None:
        yield Problem("rows.reason", form.rows.SECTION, "a limit of its own needs its reason")


def check_team(form: forms.StandardApplication, _terms: SystemTerms) -> Iterator[Problem]:
    """Members stand once each, and somebody receives (§ 966(b)(10), § 962(r))."""
    ids = [m.id for m in form.team]
    if len(set(ids)) != len(ids):
        yield Problem("team", "§ 966(b)(10)", "an id stands twice")
    if not form.recipient_ids():
        yield Problem("team", "§ 962(r)", "no member is a recipient")


def check_security(form: forms.StandardApplication, terms: SystemTerms) -> Iterator[Problem]:
    """The signed security requirements say yes everywhere (§ 966(b)(12)(D), § 964(k))."""
    security, section = form.security, "§ 966(b)(12)(D)"
    if security is None or "security" not in terms.asked:
        return
    if not _names_policy(security.policy_version):
        what = "must name a version such as 5.9 (1 June 2020), that one or a later one, and no earlier one"
        yield Problem("security.policy_version", section, what)
    if not security.complies_with_listed_laws:
        yield Problem("security.complies_with_listed_laws", section, "must be certified")
    if not security.segmented_system:
        yield Problem("security.segmented_system", "§ 964(k)", "must hold")
    if security.cloud and security.cloud_assurance is None:
        what = "a cloud needs SOC 2 or FedRAMP"
        yield Problem("security.cloud_assurance", "§ 966(b)(12)(D)(iii)", what)


def _names_policy(text: object) -> bool:
    """Whether it names a version of the policy, none before the one that the section incorporates."""
    if not isinstance(text, str):  # a hole: said already
        return True
    named = [tuple(map(int, version.split("."))) for version in _VERSION.findall(text)]
    return bool(named) and min(named) >= SECURITY_POLICY


def check_dates(form: forms.StandardApplication, _terms: SystemTerms) -> Iterator[Problem]:
    """Nothing was signed after the request; the board's approval ends after it began."""
    for table, field, section in (
        (form.signatures, "application_signed", "§ 966(b)(11)"),
        (form.signatures, "restrictions_acknowledged", "§ 966(b)(12)(C)"),
        (form.security, "signed", "§ 966(b)(12)(D)(i)"),
    ):
        if table is not None and getattr(table, field) > form.date_of_request:
            name = "security" if table is form.security else "signatures"
            yield Problem(f"{name}.{field}", section, "after the date of request")
    if form.irb and form.irb.expires <= form.irb.approved:
        yield Problem("irb.expires", "§ 966(b)(12)(F)", "not after the approval")


_BOTH: tuple[Callable[[forms.Application, SystemTerms], Iterator[Problem]], ...] = (
    check_request,
    check_years,
    check_system,
)
_STANDARD: tuple[Callable[[forms.StandardApplication, SystemTerms], Iterator[Problem]], ...] = (
    check_timeframe,
    check_asked,
    check_researcher,
    check_institution,
    check_research,
    check_purposes,
    check_materials,
    check_cohort,
    check_variables,
    check_rows,
    check_team,
    check_security,
    check_dates,
    check_documents,
)


def every_problem(form: forms.Application, terms: SystemTerms) -> tuple[Problem, ...]:
    """All problems of a form whose fields have the right types."""
    problems = [p for check in _BOTH for p in check(form, terms)]
    if isinstance(form, forms.AggregatedApplication):
        ids = form.recipient_ids()
        if len(set(ids)) != len(ids):
            problems.append(Problem("recipients", "§ 965(c)", "an id stands twice"))
    else:
        problems += [p for check in _STANDARD for p in check(form, terms)]
    return tuple(problems)
