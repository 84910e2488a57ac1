"""One letter, composed: its template rendered as text, as a page and as a Word file, with the law of its project."""

import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from approvals.application import Application, StandardApplication
from approvals.ledger import Entry
from approvals.letters.word import word_file
from approvals.project import ProjectState
from systems.description import System, load_system
from systems.texts import in_html, in_lines, page_template

if TYPE_CHECKING:
    from jinja2 import Template

_WIDTH = 92  # columns of a letter as text
_LONGEST = 200_000  # bytes of a statement that is quoted; a longer one is enclosed

_ROWS: Mapping[str, Mapping[str, Any]] = tomllib.loads(
    (resources.files("approvals") / "letters" / "letters.toml").read_text("utf-8")
)
SUBJECTS: Mapping[str, str] = {name: row["heading"] for name, row in _ROWS.items()}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: the office's name, and where questions and submissions go."""

    name: str = "California Department of Justice, Research Services"
    contact: str = "datarequests@doj.ca.gov"

    @property
    def office(self) -> str:
        """The office alone, as the regulation speaks of it."""
        return self.name.rpartition(", ")[2]


SENDER = Sender()


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in its three forms, which say the same."""

    text: str
    page: str
    file: bytes

    def files(self) -> dict[str, tuple[str, bytes]]:
        """Ending of the file → the fact that pins it, and its bytes."""
        return {
            ".txt": ("letter", self.text.encode()),
            ".html": ("page", self.page.encode()),
            ".docx": ("file", self.file),
        }


@dataclass(frozen=True, slots=True)
class EventLetter:
    """What letters.toml says of the letter of an event."""

    name: str
    by: str = ""
    writes: str = ""
    reasons: str = ""

    def called(self, entry: Entry) -> str:
        """The letter's id: its name, and what tells it from others of the project."""
        return f"{self.name}.{entry.facts.get(self.by) or entry.seq}"


@dataclass(frozen=True, slots=True)
class Listed:
    """A letter as the documentation lists it."""

    name: str
    heading: str
    written_with: str
    to: str


def catalogue() -> Iterator[Listed]:
    """Every letter, in the order of ``letters.toml``."""
    for name, row in _ROWS.items():
        facts = [f"{n} {value}" for n, value in row.get("when", {}).items()]
        facts += [f"{least} {n} or more" for n, least in row.get("at_least", {}).items()]
        facts += ["not of tables alone"] if row.get("rows") else []
        event = row.get("event", "release withdraw" if name == "recall" else "remind, on its day")
        to = "the applicant"
        if row.get("note"):
            to = "the Department itself"
        elif row.get("theirs"):
            to = "the Department, from the applicant, who completes it"
        elif row.get("open_to_all"):
            to = "whom it may concern"
        elif name == "recall":
            to = "the member"
        yield Listed(name, row["heading"], event + (f" ({', '.join(facts)})" if facts else ""), to)


def letter_of_event(state: ProjectState, kind: str, facts: Mapping[str, Any]) -> EventLetter | None:
    """The letter that goes with an event of a project, if one does; ``facts`` may be text."""
    for name, row in _ROWS.items():
        if row.get("event") != kind or (row.get("rows") and state.tables_only):
            continue
        enough = all(int(facts.get(n, 0)) >= least for n, least in row.get("at_least", {}).items())
        if enough and all(facts.get(n) == value for n, value in row.get("when", {}).items()):
            return EventLetter(name, *(row.get(n, "") for n in ("by", "writes", "reasons")))
    return None


def paragraphs_of(document: bytes) -> list[str] | None:
    """The paragraphs of a document that is plain text; None of any other, which is enclosed."""
    if len(document) > _LONGEST or document.startswith(b"%PDF") or b"\0" in document:
        return None
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def compose(
    name: str, state: ProjectState, on: date, sender: Sender = SENDER, **said: Any
) -> Letter:
    """A letter of ``letters.toml``, for one project, with what else its template asks for."""
    row = _ROWS[name]
    note = f"{sender.office}: note to ourselves" if row.get("note") else ""
    lines = recipient_lines(state.application)
    theirs_at = 1 if isinstance(state.application, StandardApplication) else 0  # the institution
    given = {
        "on": on.isoformat(),
        "note": note,
        "theirs": row.get("theirs", False),
        "to": [] if note or row.keys() & {"theirs", "open_to_all"} else lines,
        "letterhead": lines[theirs_at] if row.get("theirs") and lines else sender.name,
        "about": f"Project {state.number}: {state.application.title}"
        if state.application is not None and not note
        else f"Project {state.number}",
        "heading": row["heading"],
        "template": f"texts/{row.get('text', name)}.j2",
        "name": name,
        "sender": sender,
        "state": state,
        "last_day": state.expires - timedelta(days=1) if state.expires else "",
        "form": state.application,
        **_law(state),
        **said,
    }
    text, page, document = (_rendered(form, given) for form in ("text", "html", "docx"))
    tidy = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n"
    title = f"{given['about']}: {given['heading']}"
    return Letter(tidy, f"{page.strip()}\n", word_file(document, in_html(title)))


def recipient_lines(form: Application | None) -> list[str]:
    """Name and address of whoever applied, line by line."""
    if isinstance(form, StandardApplication):
        person = form.researcher
        return [f"{person.name}, {person.title}", form.institution.name, person.address,
                f"{person.city}, {person.state} {person.postal_code}", person.email]  # fmt: skip
    if form is not None:
        return [form.requester.name, form.requester.address, form.requester.email]
    return []


def _law(state: ProjectState) -> dict[str, Any]:
    """What a template cites: nothing but what stands in the system's own file."""
    system = _system(state.system)
    tables, kinds = state.tables_only, set(state.kinds)
    matched = getattr(getattr(state.application, "cohort", None), "linked_role", None)

    def law(section: str) -> str:
        return state.terms.law(section, tables=tables) if state.terms else ""

    def under(*sections: str) -> str:
        found = dict.fromkeys(filter(None, map(law, sections)))
        return f" ({'; '.join(found)})" if found else ""

    documents = (
        [] if system is None else [d for d in system.documents if kinds & set(d.kinds) and d.hard]
    )
    return {
        "law": law,
        "under": under,
        "tables": tables,
        "system": state.system,
        "system_name": system.name if system else state.system,
        "authority": system.governed_by if system else "",
        "kinds": [k.title for k in system.kinds if k.kind in kinds]
        if system
        else list(state.kinds),
        "papers": [f"{d.title} ({d.section})" for d in documents],
        "conditions": [
            c.head
            for c in (system.conditions if system else ())
            if kinds & set(c.kinds) and c.linked in {None, matched}
        ],
        "scope": system.record.scope if system else "",
    }


def _system(code: str) -> System | None:
    from systems.description import system_codes

    return load_system(code) if code in system_codes() else None


def _rendered(form: str, given: Mapping[str, Any]) -> str:
    frame, parts = _frame(form)
    made = frame.render(**given, f=parts)
    return (
        made if form == "text" else made.replace("§ ", "§\u00a0")
    )  # a sign stays with its section


@cache
def _frame(form: str) -> "tuple[Template, Any]":
    from jinja2 import PackageLoader

    loader = PackageLoader("approvals", "letters")
    filters = {"wrapped": _wrapped, "one_line": _one_line}
    frame = page_template(loader, "frames/letter.j2", escaped=form != "text", filters=filters)
    return frame, frame.environment.get_template(f"frames/{form}.j2").module


def _one_line(text: str) -> str:
    joined = " ".join(text.split())
    return type(text)(joined)  # what is marked as escaped stays


def _wrapped(text: str, mark: str | None = None) -> str:
    lead = "" if mark is None else f"  {mark} ".rjust(6) if mark else ""
    hanging = "    " if mark == "" else " " * len(lead)
    kept = in_lines(_one_line(text)).replace("§ ", "§\u00a0")
    filled = textwrap.fill(
        kept, _WIDTH, initial_indent=lead, subsequent_indent=hanging,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return filled.replace("§\u00a0", "§ ")
