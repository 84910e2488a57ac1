"""Texts from outside, source by sink: what people, files and settings say, through the real writers, read back by other readers.

Each cell carries every poison. A source refuses a text or hands it on; a sink shows it, whole and without consequence: as many
elements, lines, headers, records and properties as of a harmless one, and nothing that a terminal obeys or an eye does not see.
"""

import ast
import contextlib
import csv
import io
import json
import re
import shlex
import tomllib
import unicodedata
import zipfile
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.policy import default
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pyarrow as pa
import pytest
from icalendar import Calendar
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from approvals.application.reading import (
    _acting,
    example_application,
    parse_application,
    stored_application,
)
from approvals.application.system_terms import terms_of
from approvals.deadlines.deadlines import Deadline
from approvals.deadlines.ical import as_ics
from approvals.errors import ApplicationRefused
from approvals.ledger.events import KINDS, Event
from approvals.letters.composing import compose
from approvals.people.people import _persons
from approvals.project.lifecycle import State
from approvals.project.state import ProjectState
from crypto.package import sealed_package
from errors import CodedError
from expectations.report.html import render
from expectations.report.items import Item
from expectations.report.model import Fact, HiddenMap
from extracts.errors import DataChanged
from extracts.package import documents, formats
from extracts.package.codebook import codebook
from extracts.package.contents import ColumnTally, DataFile, Tally, Written
from extracts.package.cross_sheets import Measured, cross_sheets
from extracts.package.datapackage import datapackage
from extracts.package.dictionary import DataDictionary, FieldDoc, dictionary_page
from extracts.package.scripts import scripts
from extracts.package.sheet_cells import text
from extracts.suppression.heat_map import MapCell, heat_map_page
from extracts.suppression.table_files import write_csv
from matching.findings import Finding
from matching.linking.explaining import Explanation, FieldWeight
from matching.linking.waterfalls import WeighedPair, weights_page
from matching.reports.page import quality_page
from matching.review import Line, write_sheet
from pipelines.cli.console import Console
from pipelines.flows.names import run_name
from pipelines.home.settings import TEMPLATE, Settings, read_settings
from pipelines.mail import Letter, as_message
from pipelines.operations.logs import RunLog
from pipelines.release.metrics import StageMetrics, _text
from systems import texts
from systems.tabular.reading import read_table
from tests.two_tables import link
from tests.unit.expectations.test_report import model
from tests.unit.extracts.conftest import facts as facts  # a fixture
from tests.unit.matching.tables import cohort, people, records

ROOT = Path(__file__).parents[3]
PLAIN = "Orders of 2024"
POISON = {
    "escape": "a\x1b[31mb\x1b]0;c\x07\x7f", "C1": "a\x9b31mb\x90c\x9c", "NUL": "a\x00b", "backspace": "a\x08\x08b",
    "line ends": "a\rb\nBcc: x@evil.example\r\n\r\nc", "separators": "a\u2028b\u2029c\x85d\x0be\x0cf",
    "override": "a\u202egpj.exe\u202c", "isolates": "\u2066a\u2067b\u2069", "no width": "a\u200bb\u200dc\ufeffd\u00ad",
    "tags": "a\U000e0041\U000e007f", "element": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": "\"' onmouseover='x' <!-- ]]> &amp; &#60;b&#62;", "template": "{{ 7*7 }}{% raw %}${x} %s{0} \\N{DIGIT ONE}",
    "shell": "a'; rm -rf ~ #\"$(id)`id`!!", "formula": "=HYPERLINK(\"http://evil.example\",\"x\")", "plus": "+1+cmd|' /C calc'!A0",
    "at": "@SUM(1)", "minus": "-1+1", "separator": "a,b;c\t\"d\"|e", "path": "../../etc/passwd", "root": "/etc/passwd",
    "device": "CON", "markdown": "[x](javascript:alert(1)) `b` | c <br> **d**", "rich": "[red]a[/red] :smile: [[b]]",
    "calendar": "x\r\nEND:VEVENT\r\nATTENDEE:mailto:x@evil.example", "metric": "a\"} 1\nevil_total{b=\"c", "sheet": "[a]*?:b/c\\d",
    "long": "é" * 250, "sql": "a'; DROP TABLE events; --", "xml": "a\x0b\ufffe\uffff_x000D_b",
}  # fmt: skip


def acting(shown: str) -> set[str]:
    """What a terminal obeys or nobody sees, by Unicode's categories."""
    return {
        c
        for c in shown
        if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c not in "\n\t"
    }


# ------------------------------------------------------------------ sources: what they hand on


def toml(said: str) -> str:
    return '"' + "".join(f"\\U{ord(c):08x}" for c in said) + '"'


def _form(path: str, form: str = "standard"):
    def through(poison: str) -> str:
        said = example_application(form)
        value = tomllib.loads(said)
        for step in path.split("."):
            value = value[step]
        name = path.rpartition(".")[2]
        line = f'\n{name} = "{value}"'
        assert line in said
        said = said.replace(line, f"\n{name} = {toml(poison)}", 1)
        try:
            read = parse_application(said.encode(), terms=terms_of)
        except ApplicationRefused:  # as if it had been taken before applications were looked at so
            read = stored_application(said.encode(), terms=terms_of)
        for step in path.split("."):
            read = getattr(read, step)
        return read

    return through


def _column(poison: str) -> str:
    return _read(poison, "1").column_names[0]


def _value(poison: str) -> str:
    return _read("row_id", poison)["row_id"][0].as_py()


@cache
def _read(*cells: str) -> pa.Table:
    place = FOLDER / "in.csv"
    with place.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([[cell, "other"] for cell in cells])
    return read_table(place, role="cohort").table


def _file(poison: str) -> str:
    sealed_package.check_names([poison])
    return poison


def _person(poison: str) -> str:
    return _persons(
        {"person": [{"id": "lead", "name": poison, "user": "lead", "roles": ["engineer"]}]}
    )[0].name


def _setting(poison: str) -> str:
    said = re.sub(r'(?m)^name = "[^"]*"', lambda _: f"name = {toml(poison)}", TEMPLATE, count=1)
    (FOLDER / "settings.toml").write_text(said, "utf-8")
    return read_settings(FOLDER / "settings.toml").department.name


def _recipient(poison: str) -> str:
    said = example_application("standard").replace('id = "lead"', f"id = {toml(poison)}")
    return parse_application(said.encode(), terms=terms_of).team[0].id


def _reason(poison: str) -> str:
    """Notes and reasons are words of lists, ids, days and digests: the ledger has no free text."""
    for kind, spec in KINDS.items():
        facts = dict.fromkeys(spec.must, poison)
        about = {"project": "2026-001"} if spec.about != "home" else {}
        about |= {"release": "2026-001-R001"} if spec.about == "release" else {}
        if facts:
            with contextlib.suppress(CodedError):
                Event(kind, "lead", facts=facts, **about)
                assert re.fullmatch(r"[A-Za-z0-9._-]+", poison)
    return Event("gate_refused", poison, project="2026-001").actor


def _as_it_is(poison: str) -> str:
    return poison


SOURCES = {
    "project title": _form("project.title"), "name": _form("researcher.name"), "institution": _form("institution.name"),
    "street": _form("researcher.address"), "requester": _form("requester.name", "aggregated"), "officer": _person,
    "column name": _column, "row id": _value, "file name": _file, "recipient": _recipient, "reason": _reason,
    "setting": _setting, "label of an order": _as_it_is, "anything": _as_it_is,
}  # fmt: skip


# ------------------------------------------------------------------ sinks: the real writer, another reader


class Page(HTMLParser):
    """Elements with their attributes' names, in order, and what is read."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape, self.texts = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.shape.append((tag, *[name for name, _ in attrs]))
        self.texts += [value for _, value in attrs if value]

    def handle_endtag(self, tag):
        self.shape.append(f"/{tag}")

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        self.shape.append("comment")


def _page(make):
    """A sink of HTML: the shape of a harmless page, the text in it, nothing that acts."""

    @cache
    def harmless():
        return Page(make(PLAIN)).shape

    def sink(poison: str) -> None:
        page = Page(make(poison))
        assert page.shape == harmless()
        assert acting("".join(page.texts)) == set()
        assert (
            texts.in_lines(poison).strip() in " ".join(page.texts)
            or len(poison) > 80
            or "\n" in poison
        )

    return sink


def _report(edition):
    def make(said: str) -> str:
        changed = model(
            project_title=said, system_name=said, scope=(said,), facts=(Fact(label=said, value=said),),
            provenance=(Fact(label=said, value=said),),
            maps=(HiddenMap(title=said, row_dim=said, column_dim=said, row_labels=(said, "b"), column_labels=("c", said), cells=("p1", "20")),),
        )  # fmt: skip
        first = changed.safes[0]
        item = Item(text=said, section=said) if "section" in Item.model_fields else Item(text=said)
        safes = (first.model_copy(update={"items": (item,)}), *changed.safes[1:])
        return render(changed.model_copy(update={"safes": safes}), edition)

    return make


def _dictionary(said: str) -> str:
    field = FieldDoc("row_id", "text", said, said, said, said, ((said, said),))
    release = RELEASE(project_title="A study")
    return dictionary_page(
        release, DataDictionary(said, (field, FieldDoc(said, "text", "x")), (said,), (said,))
    )


def _map(said: str) -> str:
    cells = {
        ("2024", said): MapCell("published", 12),
        ("2024", "b"): MapCell("primary", None, 1, 9),
    }
    return heat_map_page(
        ("year", "county"),
        cells,
        title=said,
        facts={said: said},
        names={"county": {said: said}},
        exact=True,
    )


@cache
def _linked():
    rows = people(40, 1)
    return link(cohort(*rows[:20]), records(*rows)).report


def _linkage(said: str) -> str:
    from dataclasses import replace

    warning = Finding("column_taken", said, said, 1, 0, f'read from column 3 of the file, "{said}"')
    return quality_page(
        replace(_linked(), columns=(said,), warnings=(warning,), versions={said: said})
    )


def _weights(said: str) -> str:
    field = FieldWeight("first", said, said, said, 1.0, 0.5)
    told = Explanation((field,), -9.0, -7.5, -8.5, {"match": 0.5, "twin": 0.5})
    return weights_page([WeighedPair(said, said, 0.5, told)])


def _workbook(said: str) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("List")
    sheet.append([text(sheet, said), text(sheet, said, bold=True)])
    measure = Measured(said, {(said, "a"): 12, (said, "b"): None})
    cross_sheets(
        book, ("county", "family"), [measure], {"county": {said: said}}, title=said, heading=said
    )
    sink = io.BytesIO()
    book.save(sink)
    again = openpyxl.load_workbook(io.BytesIO(sink.getvalue()))
    assert again.sheetnames == ["List", "All years"]
    _quiet_cells(again, {texts.in_lines(said)[:32_767]})
    assert again["All years"].oddHeader.left.text is not None


def _quiet_cells(book, wanted: set[str]) -> None:
    shown = [
        cell
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]
    assert {cell.data_type for cell in shown} <= {"s", "n"}
    told = {str(cell.value).replace("\r\n", "\n") for cell in shown}
    assert not [c for one in told for c in acting(one)]
    assert {re.sub(r"\s", " ", w) for w in wanted} <= {re.sub(r"\s", " ", t) for t in told}


def _sheet(said: str) -> None:
    row = {"first_name": said, "last_name": "Doe"}
    place = FOLDER / "review.xlsx"
    write_sheet(place, [Line(1, said, "7", 0, 1, row, row, 0.6)])
    book = openpyxl.load_workbook(place)
    _quiet_cells(book, set())
    starts = {str(cell.value)[0] for cell in book["pairs"][2] if isinstance(cell.value, str)}
    assert not starts & set("=+-@\t\r\n|%")
    assert {cell.column_letter for cell in book["pairs"][2]} == {
        cell.column_letter for cell in book["pairs"][1]
    }


def _data(said: str) -> None:
    """Data are exact: a CSV says what was in the row, in records and fields that are the same for every reader."""
    table = pa.table({said: [said, "b"], "n": ["1", "2"]})
    assert list(csv.reader(io.StringIO(formats.csv_bytes(table).decode(), newline=""))) == [
        [said, "n"],
        [said, "1"],
        ["b", "2"],
    ]
    write_csv(FOLDER / "out.csv", [said, "n"], [[said, 1], ["b", 2]])
    with (FOLDER / "out.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [[said, "n"], [said, "1"], ["b", "2"]]


def _described(said: str) -> tuple[DataDictionary, Written]:
    """One column whose every text is this one, and a file of no rows."""
    field = FieldDoc("row_id", "text", said, said, said, said, codes=((said, said),))
    counted = Tally(0, 10, {"row_id": ColumnTally({said: 0}, 0, None, 4)})
    return DataDictionary(said, (field,), (said,), (said,)), Written(
        (DataFile("data/extract.csv", "0" * 64, 9, 0),), counted
    )


def _package(said: str) -> None:
    made = datapackage(RELEASE(project_title="A study"), *_described(said))
    body = json.loads(json.dumps(made, ensure_ascii=False))
    (field,) = body["resources"][0]["schema"]["fields"]
    assert field["description"] == f"{said} {said}"
    assert field["categories"] == [{"value": said, "label": said, "rows": 0}]


def _codebook(said: str) -> None:
    """As many elements and attributes as ever, and the text in its place."""
    shown, usual = (
        ElementTree.fromstring(codebook(RELEASE(project_title="A study"), *_described(one)))
        for one in (said, PLAIN)
    )
    outline = [[(e.tag, *sorted(e.attrib)) for e in book.iter()] for book in (shown, usual)]
    assert outline[0] == outline[1]
    labels = {e.text for e in shown.iter("{ddi:codebook:2_5}labl")} - {"empty"}
    assert {" ".join(one.split()) for one in labels} == {" ".join(texts.in_one_line(said).split())}


CONSTANTS = {
    "R": r'"(?:[^"\\\n]|\\.)*"',
    "py": r'"(?:[^"\\\n]|\\.)*"',
    "do": r'"(?:[^"`$\\\n]|\\.)*"',
    "sas": r"'(?:[^'\n]|'')*'",
    "sps": r"'(?:[^'\n]|'')*'",
}


def _scripts(said: str) -> None:
    """What is said stands between quotes that it can't end, in a script that is the same but for them."""
    shown, usual = (scripts(RELEASE(), *_described(one)) for one in (said, PLAIN))
    for name, constant in CONSTANTS.items():
        bare = [
            re.sub(r"\d+", "1", re.sub(constant, "S", made[f"extract.{name}"]))
            for made in (shown, usual)
        ]
        assert bare[0] == bare[1], name
        assert acting(shown[f"extract.{name}"]) == set()
    tree = ast.parse(shown["extract.py"])
    told = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert texts.in_one_line(said) in told


def _documents(said: str) -> None:
    """README, conditions and the certificate: refused by the facts of a release, or so many lines as ever."""
    for field in ("project_title", "system_name", "department", "office", "contact"):
        try:
            release = RELEASE(**{field: said})
        except CodedError:
            continue
        plain = RELEASE(**{field: "Orders of 2024"})
        for make in (documents.destruction, documents.inner_readme, _opening):
            shown, usual = make(release), make(plain)
            assert shown.count("\n") == usual.count("\n")
            assert acting(shown) == set()
            assert _commands(shown) == _commands(usual)
        for folded in (documents.conditions, documents.release_note):
            assert acting(folded(release)) == set()


def _opening(release) -> str:
    return documents.recipient_readme(
        release, ["part-001.zip"], member="lead", fingerprint="ab" * 32
    )


def _commands(readme: str) -> list[str]:
    return [
        line for line in readme.splitlines() if re.match(r" +(openssl|unzip|sha256sum|\w+ -)", line)
    ]


def _readme(said: str) -> None:
    """The name of a file in the commands of a package that `tools seal` makes: a shell takes it as one word."""
    sealed_package.check_names([said + ".cms"])
    usual = sealed_package._usual_readme([said + ".cms"])
    (command,) = [line for line in usual.splitlines() if "-decrypt" in line]
    words = shlex.split(command, posix=True)
    assert words[words.index("-in") + 1] == said + ".cms"
    assert words[words.index("-out") + 1] == said
    assert words[-3:] == ["rm", "-f", said]
    assert not re.search(r"[$`!\\]", said)
    assert sealed_package.read_sums(sealed_package.write_sums({said: "0" * 64})) == {said: "0" * 64}


def _path(said: str) -> None:
    """What names a file or folder has no step of its own and no name that a system keeps."""
    assert re.fullmatch(r"[\w.() +,=@-]+", said, re.ASCII)
    assert Path("a", said).resolve().parent == Path("a").resolve()
    assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)", said)


def _calendar(said: str) -> None:
    made = as_ics(
        [
            Deadline(
                "irb_end", said, said, said, said, date(2026, 11, 30), "2026-001", calendar=said
            )
        ],
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    (event,) = Calendar.from_ical(made).walk("VEVENT")
    assert [*event] == ["SUMMARY", "DTSTART", "DTSTAMP", "UID", "DESCRIPTION"]
    kept = texts.in_lines(said).replace("\\N", "\n")  # which the library takes for a line end
    assert str(event["SUMMARY"]) == f"2026-001: {kept}"
    assert acting(made.decode().replace("\r\n", "")) == set()
    assert all(len(line) <= 75 for line in made.split(b"\r\n"))


def _mail(said: str) -> None:
    made = bytes(
        as_message(Letter("a@b.example", "reminder", f"Dear {said},\n", "mark"), "desk@doj.example")
    )
    again = message_from_bytes(made, policy=default)
    names = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    ]
    assert [*again.keys()] == names
    assert again.get_content().rstrip("\n") == texts.in_lines(f"Dear {said},")
    assert not again.is_multipart()


def _header(said: str) -> None:
    """In a header: refused, or in it alone."""
    for field in ("to", "subject"):
        given = {"to": "a@b.example", "subject": "reminder", "text": "x\n", "mark": "mark"}
        try:
            made = bytes(as_message(Letter(**given | {field: said}), "desk@doj.example"))
        except ValueError:
            continue
        again = message_from_bytes(made, policy=default)
        assert len(again.keys()) == 9
        assert again.get("Bcc") is None
        assert len(again["To"].addresses) == 1


def _letter(said: str) -> None:
    usual, shown = (
        compose("denial", _project(one), date(2026, 1, 1), statement=[one], reasons=[one])
        for one in (PLAIN, said)
    )
    assert acting(shown.text) == acting(shown.page) == set()
    assert shown.page.count("<") == usual.page.count("<")
    assert shown.text.count("\n\n") == usual.text.count("\n\n")
    with zipfile.ZipFile(io.BytesIO(shown.file)) as package:
        document = package.read("word/document.xml").decode()
        assert package.testzip() is None
    ElementTree.fromstring(document)
    with zipfile.ZipFile(io.BytesIO(usual.file)) as package:
        assert document.count("<") == package.read("word/document.xml").decode().count("<")


def _project(said: str) -> ProjectState:
    form = stored_application(example_application("standard").encode(), terms=terms_of)
    named = {"project": {"title": said}, "researcher": {"name": said, "city": said}}
    parts = {n: getattr(form, n).model_copy(update=more) for n, more in named.items()}
    return ProjectState(
        number="2026-001", form="standard", system="CARPOS", kinds=("identified",),
        recorded=State.DENIED, application_digest="a" * 64, submitted_on=date(2026, 1, 1),
        last_event=1, terms=terms_of("CARPOS"), application=form.model_copy(update=parts),
    )  # fmt: skip


def _metrics(said: str) -> None:
    before = _text("", said, said, [StageMetrics(said, 1.0, 20, 30)], 0)
    assert all(f.name.startswith("doj_release_") for f in text_string_to_metric_families(before))
    made = _text(before, "identified", "Released", [StageMetrics("gate", 1.0, 20, 30)], 0)
    families = {f.name: f.samples for f in text_string_to_metric_families(made)}
    assert all(name.startswith("doj_release_") for name in families)
    runs = {s.labels["kind"]: s.value for s in families["doj_release_runs"]}
    assert runs["identified"] == 1.0


def _log(said: str, capsys) -> None:
    RunLog("json", {"release": said, "project": said}).emit("run_began", stage=said)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["release"] == said
    assert line.isascii()
    RunLog("text", {"release": said}).emit("run_began", stage=said)
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert acting(shown) == set()


def _terminal(said: str, capsys) -> None:
    console = Console()
    for speak in (console.say, console.hint, console.explain):
        speak(said)
    console.show(said, ("a", said), [(said, [said, said])], None)
    console.show("t", ("a", "b"), [(said * 3, {said: said})], None)
    console.show_events(said, [((said, said), {"fact": said}), ((said,), said)], None)
    console.show_pairs("Pairs", {"title": said, "rows": [{"name": said}]})
    shown = "".join(capsys.readouterr())
    assert acting(re.sub(r"\x1b\[[0-9;]*m", "", shown) if "\x1b[1m" in shown else shown) == set()
    (row,) = [line for line in _table(console, capsys, said) if "|first|" in line]
    assert "|last|" in row or len(said) > 60


def _table(console: Console, capsys, said: str) -> list[str]:
    """A row is a row: a text brings no other lines, unless it is folded."""
    console.show("t", ("a", "b", "c"), [("|first|", said, "|last|")], None)
    return capsys.readouterr().out.splitlines()


def _machine(said: str, capsys) -> None:
    data = {"title": said, said: [said]}
    Console(json=True).show_pairs("x", data)
    shown = capsys.readouterr().out
    assert json.loads(shown) == data
    assert acting(shown) == set()


def _error(said: str) -> None:
    shown = str(DataChanged(columns=[said], differing=said))
    assert shown.isascii()
    assert shown.isprintable()


def _prefect(said: str) -> None:
    name = run_name(
        "refresh-aggregates", {"system": said, "project": said}, datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert acting(name) == set()
    assert "\n" not in name


SINKS = {
    "HTML: report, recipient's": _page(_report("recipient")), "HTML: report, Department's": _page(_report("department")),
    "HTML: dictionary": _page(_dictionary), "HTML: explanation": _page(_map), "HTML: linkage": _page(_linkage), "HTML: weights of pairs": _page(_weights),
    "XLSX: tables": _workbook, "XLSX: review": _sheet, "CSV": _data, "datapackage.json": _package, "codebook.xml": _codebook,
    "scripts": _scripts, "texts of a package": _documents,
    "commands of README.txt": _readme, "file path": _path, "calendar": _calendar, "mail's body": _mail, "mail's header": _header,
    "letter": _letter, "Prometheus": _metrics, "log": _log, "terminal": _terminal, "JSON of a command": _machine,
    "text of an error": _error, "name in Prefect": _prefect,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def place(facts, tmp_path_factory):
    global RELEASE, FOLDER
    RELEASE, FOLDER = facts, tmp_path_factory.mktemp("texts")


NAMING = {
    "file name",
    "recipient",
    "reason",
}  # sources whose texts name files and folders, and are words of a command
WORDS = {"file path", "commands of README.txt"}


@cache
def handed_on(source: str) -> dict[str, str]:
    """What a source makes of each poison; those that it refuses are not in it."""
    found: dict[str, str] = {}
    for name, poison in (POISON | {"plain": PLAIN}).items():
        with contextlib.suppress(CodedError):
            found[name] = SOURCES[source](poison)
    return found


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_hands_on_what_people_write_and_no_control(source):
    """Names and titles never act; data and what is tried as anything are exact, and the sinks' to show."""
    told = handed_on(source)
    assert ("plain" in told) == (source not in {"recipient", "reason"})
    if source in NAMING:
        assert all(re.fullmatch(r"[\w.() +,=@-]+", said, re.ASCII) for said in told.values())
    elif source not in {"column name", "row id", "label of an order", "anything"}:
        assert not [name for name, said in told.items() if acting(said) or "\n" in said]
    else:
        assert all(said == (POISON | {"plain": PLAIN})[name] for name, said in told.items())


@pytest.mark.parametrize("sink", SINKS)
def test_a_text_of_every_source_crosses_whole_and_without_consequence(sink, capsys):
    sources = [one for one in SOURCES if sink not in WORDS or one in NAMING]
    reaching = {said: source for source in sources for said in handed_on(source).values()}
    for said in reaching:
        SINKS[sink](said, capsys) if sink in {"log", "terminal", "JSON of a command"} else SINKS[
            sink
        ](said)


# ------------------------------------------------------------------ a writer or a source that is in no matrix

WRITERS = {
    r"\btyper\.echo\(|sys\.stderr\.write\(": {"cli/console.py", "cli/app.py", "operations/logs.py", "pipelines/signals.py"},
    r"\bEnvironment\(|\bpage_template\(": {
        "systems/texts.py", "report/html.py", "package/dictionary.py", "package/scripts.py", "suppression/heat_map.py", "registers/page.py", "letters/composing.py", "linking/waterfalls.py"},
    r"^from html import|^import html": {"systems/texts.py"},
    r"in_html": {"systems/texts.py", "reports/page.py", "report/plots.py", "report/county_map.py", "letters/composing.py"},
    r"\bWorkbook\(|\.create_sheet\(|WriteOnlyCell\(": {"review/sheet.py", "package/workbook.py", "package/cross_sheets.py", "package/sheet_cells.py"},
    r"csv\.writer\(|csv\.write_csv\(": {"aggregated/explanation.py", "package/formats.py", "suppression/table_files.py",
        "content/rates.py",  # whose groups are names alone
        "register/problems.py"},  # whose texts are the description's
    r"EmailMessage\(": {"pipelines/mail.py"},
    r"create_(markdown|table|link)_artifact\(": {"flows/artifacts.py"},
    r"icalendar import": {"deadlines/ical.py"},
    r"# TYPE ": {"release/metrics.py"},
}  # fmt: skip
ROOMS = (
    "approvals",
    "crypto",
    "errors",
    "expectations",
    "extracts",
    "matching",
    "pipelines",
    "synthetic",
    "systems",
)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_writer_that_is_in_no_matrix_is_found(writer):
    places = {
        "/".join(path.parts[-2:])
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if re.search(writer, path.read_text("utf-8"), re.MULTILINE)
    }
    assert places == WRITERS[writer]


def strings(value, path=()):
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from strings(item, (*path, step))


@pytest.mark.parametrize("form", ["standard", "aggregated"])
def test_every_text_of_an_application_is_looked_at(form):
    content = example_application(form)
    for place in strings(tomllib.loads(content)):
        fields = tomllib.loads(content)
        within = fields
        for step in place[:-1]:
            within = within[step]
        within[place[-1]] += "\u202e"
        assert len([*_acting(fields)]) == 1, place


def test_every_text_of_the_settings_is_looked_at():
    for section, given in Settings():
        for name, value in given:
            if isinstance(value, str):
                with pytest.raises(ValidationError) as refused:
                    type(given).model_validate({name: value + "\u202e"})
                assert len(refused.value.errors()) == 1, (section, name)
