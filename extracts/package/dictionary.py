"""What every column of an extract means: one model, read by people (HTML) and machines (JSON)."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from extracts.errors import DataChanged
from extracts.package.facts import KIND_TITLES, ReleaseFacts, span
from systems.description import load_system

MISSING = "An empty field means that the value is missing, unknown or not applicable."


@dataclass(frozen=True)
class FieldDoc:
    """One column as its reader needs it.

    Attributes:
        name: name in the data.
        type: ``text``, ``date``, ``month``, ``year``, ``number``, ``yes/no`` or ``list``
            (several codes joined by a semicolon).
        meaning: one or two sentences.
        unit: unit or form of the values, empty where there is none.
        source: where it comes from, such as ``order_entry.issue_date``.
        treatment: what was done to it before it left (copied, generalised, suppressed …).
        codes: (code, label) of every code that may occur.
        required: never empty.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    source: str = ""
    treatment: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    required: bool = False


@dataclass(frozen=True)
class DataDictionary:
    """The columns of one extract and what its reader must know about all of them.

    Attributes:
        row: what one row stands for.
        fields: the columns, in order.
        left_out: what stays out on purpose.
        notes: what else to know.
        missing: what an empty field means.
    """

    row: str
    fields: tuple[FieldDoc, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    missing: str = MISSING

    def check(self, schema: pa.Schema) -> None:
        """Refuse data whose columns are not exactly those described.

        Raises:
            DataChanged: with the number of columns that differ.
        """
        described = [field.name for field in self.fields]
        if schema.names != described:
            differing = len(set(schema.names) ^ set(described))
            raise DataChanged(columns=len(described), differing=differing)


_FRICTIONLESS = {
    "text": "string",
    "list": "string",
    "date": "date",
    "month": "yearmonth",
    "year": "year",
    "number": "integer",
    "yes/no": "boolean",
}


def datapackage(
    release: ReleaseFacts, dictionary: DataDictionary, csv_paths: Sequence[str]
) -> dict[str, object]:
    """Return the Frictionless data package (v1): one tabular resource for each CSV file.

    It holds nothing that changes from run to run. The Parquet files hold the same rows under the
    same names and are not listed apart: few readers of data packages open Parquet.
    """
    schema: dict[str, object] = {
        "fields": [_frictionless(field) for field in dictionary.fields],
        "missingValues": [""],
    }
    return {
        "profile": "tabular-data-package",
        "name": f"{release.system}-{release.project_number}-{release.kind}".lower(),
        "title": release.title,
        "description": f"{dictionary.row} {dictionary.missing}",
        "licenses": [
            {
                "name": "restricted",
                "title": "Conditions in CONDITIONS.txt",
                "path": "CONDITIONS.txt",
            }
        ],
        "sources": [{"title": f"{release.system_name} ({release.system})"}],
        "citation": release.citation,
        "resources": [
            {
                "profile": "tabular-data-resource",
                "name": path.rsplit("/", 1)[-1].removesuffix(".csv"),
                "path": path,
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "dialect": {"delimiter": ",", "lineTerminator": "\n", "doubleQuote": True},
                "schema": schema,
            }
            for path in csv_paths
        ],
    }


def _frictionless(field: FieldDoc) -> dict[str, object]:
    constraints: dict[str, object] = {}
    if field.required:
        constraints["required"] = True
    if field.codes and field.type == "text":
        constraints["enum"] = [code for code, _ in field.codes]
    described: dict[str, object] = {
        "name": field.name,
        "type": _FRICTIONLESS[field.type],
        "description": " ".join(part for part in (field.meaning, field.unit) if part),
    }
    if constraints:
        described["constraints"] = constraints
    if field.source:
        described["source"] = field.source
    if field.treatment:
        described["treatment"] = field.treatment
    if field.codes:
        described["categories"] = [{"value": c, "label": label} for c, label in field.codes]
    return described


@dataclass(frozen=True)
class ProgramNotes:
    """How a file for one statistics program differs from the CSV, in the dictionary's words.

    Attributes:
        title: the program.
        extension: of its file.
        names: (name in the data, name in the program), where they differ.
        labelled: columns whose codes are numbers with labels there.
        losses: what such a file can't say.
    """

    title: str
    extension: str
    names: tuple[tuple[str, str], ...]
    labelled: tuple[str, ...]
    losses: tuple[str, ...]


def render(
    release: ReleaseFacts, dictionary: DataDictionary, programs: Sequence[ProgramNotes] = ()
) -> str:
    """Return the dictionary as one HTML page: no network, no script, good on paper."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    page = Environment(
        loader=PackageLoader("extracts", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("dictionary.html.j2")
    record = load_system(release.system).record
    return page.render(
        release=release,
        kind=KIND_TITLES[release.kind],
        years=span(release.years) if release.years else "",
        dictionary=dictionary,
        record=record,
        groups=_groups(dictionary.fields, record.noun),
        programs=programs,
    )


_GROUPS = (
    ("row_", "Your rows", "Keys that tie the extract to the file that you supplied."),
    ("supplied_", "What you supplied", "Copied from your file, letter by letter."),
    ("matched", "The match", "Whether the row was found in the register."),
    ("person_", "The person", "One person keeps one reference through the whole project."),
)


def _groups(fields: Sequence[FieldDoc], noun: str) -> list[tuple[str, str, list[FieldDoc]]]:
    """Columns under headings, each group in the order of the data; what fits nowhere comes last."""
    left = list(fields)
    found: list[tuple[str, str, list[FieldDoc]]] = []
    own = (f"{noun}_", f"The {noun}", f"One {noun} keeps one reference through the whole project.")
    for prefix, title, text in (*_GROUPS, own):
        if mine := [field for field in left if field.name.startswith(prefix)]:
            found.append((title, text, mine))
            left = [field for field in left if field not in mine]
    if left:
        found.append(("The table" if not found else "More", "", left))
    return found
