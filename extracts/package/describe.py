"""The data dictionary of an extract, from the system's file and what was done to it."""

from collections.abc import Sequence

import pyarrow as pa

from extracts.errors import ColumnNotAllowed
from extracts.package.dictionary import DataDictionary, FieldDoc
from extracts.records import Plan, RowKind, plan_for
from systems.description import Dimension, OutputColumn, Record, System

_MATCHED = (
    ("yes", "{one} in the scope of this release was found; it stands in this row"),
    ("no", "no {noun} in the scope of this release was found"),
    ("not_attempted", "the row could not be compared, or its match stayed doubtful"),
)
_NAMES = {"ssn": "social security number", "zip": "ZIP code", "dl_state": "licence's state"}
_TREATMENTS = {
    "month": "Generalised from a day to its month.",
    "year": "Generalised from a day to its year.",
    "band": "Generalised from a number to a band.",
    "present": "Only whether there is a value; the value itself was left out.",
    "reference": "Random research id of this project; can't be linked to other projects.",
}
_COMBINED = {
    "first": "The first where there are several.",
    "last": "The last where there are several.",
    "join": "Distinct values, joined by a semicolon.",
    "any": "Yes where any of several says yes.",
    "sum": "Sum of several.",
    "count": "Number of entries.",
}


def dictionary_for(
    system: System,
    kind: RowKind,
    supplied: Sequence[str] = (),
    columns: tuple[str, ...] | None = None,
) -> DataDictionary:
    """Return the dictionary of a row extract.

    Args:
        system: the data system.
        kind: ``identified`` or ``deidentified``.
        supplied: names of the supplied columns that are echoed.
        columns: register columns that the approval names; all by default.

    Raises:
        ColumnPlanRefused: the system's release section can't be carried out.
    """
    plan = plan_for(system, kind, columns)
    fields = [_field(plan, column) for column in plan.columns]
    if kind == "identified":
        fields = [_row_id(), *map(_supplied, supplied), _matched(system.record), *fields]
    return DataDictionary(plan.release.row, tuple(fields), plan.release.left_out)


def aggregated_dictionary(
    system: System, schema: pa.Schema, *, threshold: int = 10
) -> DataDictionary:
    """Return the dictionary of a published table: its dimensions, measures and ``status``.

    Args:
        system: the data system.
        schema: columns of the table. A dimension may have its label beside it as ``<name>_label``.
        threshold: persons below which a cell is hidden.

    Raises:
        ColumnNotAllowed: the table has a column that the system's file does not describe.
    """
    release = system.release.aggregated
    dimensions = {one.name: one for one in release.dimensions}
    measures = {one.name: one for one in release.measures}
    fields: list[FieldDoc] = []
    for position, name in enumerate(schema.names, start=1):
        if name in dimensions:
            fields.append(_dimension(system, dimensions[name]))
        elif name.removesuffix("_label") in dimensions:
            of = name.removesuffix("_label")
            fields.append(FieldDoc(name, "text", f"Label of {of}."))
        elif name in measures:
            one = measures[name]
            hidden = (
                f"Empty where hidden: fewer than {threshold} persons, or protecting such a cell."
            )
            fields.append(FieldDoc(name, "number", one.description, one.unit, treatment=hidden))
        elif name == "status":
            fields.append(_status(threshold))
        else:
            raise ColumnNotAllowed(position=position)
    row = "One row is one cell of the table: a combination of its dimensions, totals included."
    empty = "An empty count is hidden; its status says so."
    return DataDictionary(row, tuple(fields), notes=release.notes, missing=empty)


def _field(plan: Plan, column: OutputColumn) -> FieldDoc:
    several = _COMBINED.get(column.combine, "")
    done = column.treatment or _done(column, copied="" if several else "Copied.")
    reference = column.generalise == "reference"
    return FieldDoc(
        name=column.name,
        type=column.type,
        meaning=column.description,
        unit=column.unit,
        source="" if reference else column.source,
        treatment=" ".join(_sentence(part) for part in (done, several) if part),
        codes=_codes(plan.system, column),
    )


def _done(column: OutputColumn, copied: str) -> str:
    if column.generalise in _TREATMENTS:
        return _TREATMENTS[column.generalise]
    if column.attribute:
        return f"Derived from the code: its {column.attribute}."
    return copied


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _codes(system: System, column: OutputColumn) -> tuple[tuple[str, str], ...]:
    if column.codes is None:
        return ()
    return tuple(system.code_list(column.codes).labels.items())


def _dimension(system: System, column: Dimension) -> FieldDoc:
    done = _sentence(column.treatment or _done(column, copied="As recorded."))
    if column.type == "year":  # years are never added up: persons would count twice
        return FieldDoc(
            column.name, "year", column.description, column.unit, column.source, done, required=True
        )
    codes = _codes(system, column)
    if column.parent:
        codes += _codes(system, system.release.aggregated.dimension(column.parent))
    return FieldDoc(
        name=column.name,
        type="text",
        meaning=f"{column.description} TOTAL stands for all values together.",
        unit=column.unit,
        source=column.source,
        treatment=done,
        codes=(*codes, ("TOTAL", "all values together")) if codes else (),
        required=True,
    )


def _row_id() -> FieldDoc:
    return FieldDoc(
        "row_id",
        "text",
        "Your own id of the cohort row.",
        source="your file",
        treatment="Copied.",
        required=True,
    )


def _supplied(name: str) -> FieldDoc:
    return FieldDoc(
        f"supplied_{name}",
        "text",
        f"The {_NAMES.get(name, name.replace('_', ' '))} that you supplied, not what the register "
        "holds.",
        source="your file",
        treatment="Copied letter by letter, not parsed or corrected.",
    )


def _matched(record: Record) -> FieldDoc:
    return FieldDoc(
        "matched",
        "text",
        f"Whether the row was linked to a person with {record.one} in the scope of this release. "
        f"{record.plural.capitalize()} that stay out (see the end of this page) count as out of scope.",
        treatment="Made by record linkage, which can err: a link is accepted from a probability of "
        "0.90, and what stays doubtful is settled by a reviewer or left out.",
        codes=tuple((c, text.format(one=record.one, noun=record.noun)) for c, text in _MATCHED),
        required=True,
    )


def _status(threshold: int) -> FieldDoc:
    return FieldDoc(
        "status",
        "text",
        "Whether the cell's counts are published.",
        codes=(
            ("published", "the counts are given"),
            ("suppressed", f"hidden: fewer than {threshold} persons, or it protects such a cell"),
        ),
        required=True,
    )
