"""An application to fill in for any data system: the commented example, cut to what that system asks.

The example ships for CARPOS, whose regulation says field by field what an application holds. For the
other systems the same form is used: their scope, columns and papers come from their description, and
no section of CARPOS's regulation is cited.
"""

import re
from datetime import date

from approvals.application.checks import PARTS
from approvals.application.reading import Form, example_application
from systems.description import System, load_system

_SECTION = re.compile(r"[ -]*§§? [^\n]*$", re.MULTILINE)
_EMPTY = re.compile(r"[ ]+#$", re.MULTILINE)
_COHORT = re.compile(r"^\[cohort\]\n.*?(?=^# --- the columns)", re.MULTILINE | re.DOTALL)
_COLUMNS = re.compile(r"^\[\[variables\]\]\n.*?(?=^# --- )", re.MULTILINE | re.DOTALL)
_IRB = re.compile(
    r"^# --- institutional review board.*?(?=^# --- the signed)", re.MULTILINE | re.DOTALL
)
_SECURITY = re.compile(
    r"^# --- the signed CJIS security.*?(?=^# --- signatures)", re.MULTILINE | re.DOTALL
)
_MATERIALS = re.compile(
    r"^# --- research materials.*?(?=^# --- signatures)", re.MULTILINE | re.DOTALL
)
_CUT = {"security": _SECURITY, "materials": _MATERIALS}  # tables of their own
_MAIN = "Used in the main analysis of the project."


def example_for(system: str, form: Form, *, on: date | None = None, kind: str | None = None) -> str:
    """Return a commented example for a data system.

    Args:
        system: its code.
        form: standard or aggregated.
        on: its date of request; as written by default.
        kind: for ``standard``: one kind alone; by default every kind of rows that researchers get.

    Raises:
        UnknownSystem: there is no such system.
        KindNotGiven: the system gives no data of this kind.
    """
    described = load_system(system)
    if kind is not None and kind != "aggregated":
        described.rows(kind)
    if described.sections is None:
        return example_application(form, on=on, kind=kind)
    text = _plain(example_application(form, on=on), described)
    if form == "aggregated":
        return _aggregated(text, described)
    kinds = (kind,) if kind else _kinds(described)
    return _standard(text, described, kinds)


def _kinds(system: System) -> tuple[str, ...]:
    """Kinds of rows that a researcher may ask for, without those held for counsel."""
    asked = next(r.kinds for r in system.requesters if r.name == "bona_fide_researcher")
    return tuple(k for k in asked if k != "aggregated" and k not in system.held_kinds)


def _plain(text: str, system: System) -> str:
    """System, scope and words; no section of another system's regulation."""
    rows = system.release.identified
    scope = ", ".join(f'"{value}"' for value in system.order_scope_default)
    text = text.replace('system = "CARPOS"', f'system = "{system.code}"')
    text = text.replace('order_scope = ["GV"]', f"order_scope = [{scope}]")
    dims = ", ".join(f'"{name}"' for name in system.release.aggregated.default_dimensions)
    text = text.replace('["year", "county", "sex"]', f"[{dims}]")
    text = text.replace("order families", system.record.scope.lower())
    text = text.replace("orders issued in", f"{system.record.plural} of")
    text = text.replace("  # the restrictions of § 964", "  # the conditions of release")
    text = text.replace("    # Pen. Code § 14231.5", "")
    if rows is None or not rows.linked:
        text = re.sub(r"(?m)^# linked_role.*\n", "", text)
    text = re.sub(r"\(11 CCR §[^)]*\)", f"({system.governed_by})", text, count=1)
    head, _, body = text.partition("\n")
    text = f"{head}\n{_EMPTY.sub('', _SECTION.sub('', body))}"
    if system.collected_since:  # its own year is no full one
        text = text.replace("first = 2016", f"first = {system.collected_since.year + 1}")
    text = re.sub(r'(?m)^title = ".*(order|injury).*"$', f'title = "Example: {system.name}"', text)
    for name, said in (
        ("purpose", f"A yearly public overview of {system.record.plural} in California."),
        ("purposes", f"Estimate what follows {system.record.one}, and for whom."),
        ("data_need", f"The columns below of each {system.record.noun}; no identifier is needed."),
        ("benefits", "Evidence for the Legislature and for agencies on what works."),
        ("design", "Retrospective cohort study with models of the time to an event."),
        ("data_use", f"The {system.record.plural} are analysed in aggregate only."),
    ):
        text = re.sub(rf'(?m)^{name} = ".*"$', f'{name} = "{said}"', text)
    return text


def _aggregated(text: str, system: System) -> str:
    """Asked for by somebody who may: an agency where others get nothing."""
    entity = next(r for r in system.requesters if r.name == "entity")
    if "aggregated" in entity.kinds:
        return text
    text = text.replace("Anybody may ask;", "Public agencies and research institutions may ask;")
    text = text.replace('kind = "entity"       ', 'kind = "public_agency"')
    return text.replace('"Example News"', '"Example County Office of Justice Data"')


def _standard(text: str, system: System, kinds: tuple[str, ...]) -> str:
    papers = {d.name: d for d in system.documents if set(kinds) & set(d.kinds)}
    listed = ", ".join(f'"{kind}"' for kind in kinds)
    text = re.sub(r"(?m)^kinds = \[[^]]*\]", f"kinds = [{listed}]", text)
    text = _COLUMNS.sub(lambda _: _columns(system, kinds), text)
    if "identified" not in kinds:
        text = _COHORT.sub("[cohort]\ndeclared = false\n\n", text)
        text = _without_document(text, "doc-authority")
    if "irb_approval" not in papers:
        text = _without_document(_IRB.sub("", text), "doc-irb")
    if "human_subjects_training" not in papers:
        text = re.sub(r"(?m)^training = .*\n", "", text)
        for member in ("lead", "analyst"):
            text = _without_document(text, f"doc-training-{member}")
    if "background_check" not in papers:
        text = re.sub(r"(?m)^background_check = .*\n", "", text)
    text = _without_parts(text, system)
    serves = f"serves = [{', '.join(repr(one.name) for one in system.purposes)}]\n".replace(
        "'", '"'
    )
    text = re.sub(r"(?m)^serves = .*\n", serves if system.purposes else "", text)
    for identity, paper in (
        ("doc-security", "security"),
        ("doc-letter", ""),
        ("doc-materials", "materials"),
    ):
        if paper not in system.asks:
            text = _without_document(text, identity)
    text = re.sub(r"(?m)^affiliation_letter = .*\n", "", text)
    text = re.sub(
        r'(kind = "conditions_acknowledged"\ntitle = )".*"',
        rf'\1"{papers["conditions_acknowledged"].title}"',
        text,
    )
    if papers["curriculum_vitae"].per == "member":
        text = text.replace(
            'location = "Room 102, Research Building, Davis"\n',
            'location = "Room 102, Research Building, Davis"\ncv = "doc-cv-analyst"\n',
        )
        text += _document("doc-cv-analyst", "curriculum_vitae", "Curriculum vitae of the analyst")
    if "notary_verification" in papers:
        title = papers["notary_verification"].title
        text += _document("doc-notary", "notary_verification", title)
    return text


def _without_parts(text: str, system: System) -> str:
    """Without the parts of the form that the system does not ask for."""
    for name, (table, _, fields) in PARTS.items():
        if name in system.asks:
            continue
        if table is None:
            text = _CUT[name].sub("", text)
        else:
            text = re.sub(rf"(?m)^(?:{'|'.join(fields)}) = .*\n", "", text)
    return text


def _columns(system: System, kinds: tuple[str, ...]) -> str:
    names = dict.fromkeys(name for kind in kinds for name in system.rows(kind).usual)
    return "".join(f'[[variables]]\nname = "{name}"\nneed = "{_MAIN}"\n\n' for name in names)


def _document(identity: str, kind: str, title: str) -> str:
    return f'\n[[documents]]\nid = "{identity}"\nkind = "{kind}"\ntitle = "{title}"\n'


def _without_document(text: str, identity: str) -> str:
    return re.sub(
        rf'(?ms)^\[\[documents\]\]\nid = "{identity}"\n.*?(?=^\[\[documents\]\]|\Z)', "", text
    )
