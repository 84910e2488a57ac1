"""What every column of an extract means: one model, and the page that people read of it.

It is made of the system's file and of what was done to each column before it left.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from extracts.errors import ColumnNotAllowed, DataChanged
from extracts.package.code_lists import codes_within, groups_in_words
from extracts.package.facts import KIND_TITLES, ReleaseFacts, span
from extracts.rows import Plan, RowKind, plan_for
from systems.companions import EMPTIED, RECORDED, STATUSES, status_name
from systems.description import Dimension, OutputColumn, System, load_system
from systems.texts import page_template

if TYPE_CHECKING:
    from jinja2 import Template

    from extracts.package.contents import Tally
    from extracts.perturbation import Noise

# --- the model, and its form for people

_WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


@dataclass(frozen=True)
class FieldDoc:
    """One column as its reader needs it.

    Attributes:
        name: name in the data.
        type: ``text``, ``date``, ``month``, ``quarter``, ``year``, ``years``, ``number``, ``yes/no`` or ``list``
            (several codes joined by a semicolon).
        meaning: one or two sentences.
        unit: unit or form of the values, empty where there is none.
        source: where it comes from, such as ``order_entry.issue_date``.
        treatment: what was done to it before it left (copied, generalised, suppressed …).
        codes: (code, label) of every code that may occur.
        required: never empty.
        ordered: whether the codes stand in an order that means something (bands of ages).
        missing: (code, label) of what an empty cell may mean; one that is emptied is told from one that is not by the companion.
        companion: the column that says so; empty where no value was emptied.
        about: of a companion the column that it is of.
        values: how many were recorded, not recorded, emptied, shown coarser and generalised, and percent by group; a number
            that would stand for too few persons is None.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    source: str = ""
    treatment: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    required: bool = False
    ordered: bool = False

    missing: tuple[tuple[str, str], ...] = ()
    companion: str = ""
    about: str = ""
    values: Mapping[str, Any] | None = None

    @property
    def figures(self) -> bool:
        """Whether its codes are figures with leading zeros, as FIPS's are: they stay text in every program."""
        return bool(self.codes) and any(
            code[0] == "0" and code.isdigit() for code, _ in self.codes if len(code) > 1
        )

    @property
    def level(self) -> Literal["nominal", "ordinal", "scale"]:
        """Its level of measurement, in SPSS's words."""
        if self.type in {"number", "date"}:
            return "scale"
        ordinal = self.ordered or self.type in {"year", "years", "month", "quarter"}
        return "ordinal" if ordinal else "nominal"


@dataclass(frozen=True)
class DataDictionary:
    """The columns of one extract and what its reader must know about all of them.

    Attributes:
        row: what one row stands for.
        fields: the columns, in order.
        left_out: what stays out on purpose.
        notes: what else to know.
        missing: what an empty field means.
        key: columns that tell one row from every other, whom rows are about first.
        published: whether the rows are cells of a published table, in which nothing is left to hide.
        withheld: rows that no column has: why → about how many, None where too few persons are behind them.
    """

    row: str
    fields: tuple[FieldDoc, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    missing: str = ""
    key: tuple[str, ...] = ()
    published: bool = False
    withheld: Mapping[str, int | None] | None = None

    def check(self, schema: pa.Schema) -> None:
        """Refuse data whose columns are not exactly those described.

        Raises:
            DataChanged: with the number of columns that differ.
        """
        described = [field.name for field in self.fields]
        if schema.names != described:
            differing = len(set(schema.names) ^ set(described))
            raise DataChanged(columns=len(described), differing=differing)


@dataclass(frozen=True)
class ProgramNotes:
    """How a file for one statistics program differs from the CSV, in the dictionary's words.

    Attributes:
        title: the program.
        extension: of its file.
        names: (name in the data, name in the program), where they differ.
        labelled: columns whose codes are numbers with labels there.
        losses: what such a file can't say.
        missing: (code of a companion, how an empty cell of a number is written there), where it can be.
    """

    title: str
    extension: str
    names: tuple[tuple[str, str], ...]
    labelled: tuple[str, ...]
    losses: tuple[str, ...]
    missing: tuple[tuple[str, str], ...] = ()


def dictionary_page(
    release: ReleaseFacts,
    dictionary: DataDictionary,
    programs: Sequence[ProgramNotes] = (),
    tally: "Tally | None" = None,
) -> str:
    """Return the dictionary as one HTML page: no network, no script, good on paper.

    ``tally`` is what may be said of the rows; without it the page has no numbers.
    """
    record = load_system(release.system).record
    return _template().render(
        release=release,
        kind=KIND_TITLES[release.kind],
        years=span(release.years) if release.years else "",
        dictionary=dictionary,
        record=record,
        groups=_groups([f for f in dictionary.fields if not f.about], record.noun),
        numbers={f.name: _numbers(f, dictionary) for f in dictionary.fields if f.values},
        programs=programs,
        tally=tally,
    )


@cache
def _template() -> "Template":
    from jinja2 import PackageLoader

    return page_template(PackageLoader("extracts"), "dictionary.html.j2")


def _groups(fields: Sequence[FieldDoc], noun: str) -> list[tuple[str, str, list[FieldDoc]]]:
    """Columns under headings, each group in the order of the data; what fits nowhere comes last."""
    left = list(fields)
    found: list[tuple[str, str, list[FieldDoc]]] = []
    for prefix, title, text in ([part.format(noun=noun) for part in g] for g in _WORDS["groups"]):
        if mine := [field for field in left if field.name.startswith(prefix)]:
            found.append((title, text, mine))
            left = [field for field in left if field not in mine]
    if left:
        found.append(("The table" if not found else "More", "", left))
    return found


def _numbers(field: FieldDoc, dictionary: DataDictionary) -> list[tuple[str, str, str]]:
    """Rows of a column that were emptied, and show it coarser: of each group its label and two shares."""
    labels = {f.name: dict(f.codes) for f in dictionary.fields}
    return [
        (
            labels[by].get(str(group), str(group)),
            _percent(told["emptied"]),
            _percent(told["coarser"]),
        )
        for by, groups in (field.values or {}).get("by_group", {}).items()
        for group, told in groups.items()
    ]


def _percent(share: int | None) -> str:
    return "hidden" if share is None else f"{share} %"


# --- made of the system's file


def dictionary_for(
    system: System,
    kind: RowKind,
    supplied: Sequence[str] = (),
    columns: tuple[str, ...] | None = None,
    *,
    families: Sequence[str] | None = None,
    companions: Collection[str] = (),
    values: Mapping[str, Mapping[str, Any]] | None = None,
    withheld: Mapping[str, int | None] | None = None,
    released_anyway: Collection[str] = (),
) -> DataDictionary:
    """Return the dictionary of a row extract, with the supplied columns that are echoed.

    Args:
        system: where the data is from.
        kind: of release.
        supplied: columns of the researcher's own file.
        columns: the register's that the approval names; all by default.
        families: the approval's scope, whose codes alone are listed; all by default.
        companions: those of them of which cells were emptied, which have a companion.
        values: what became of each column's values (`extracts.deidentified.Counted`), if counted.
        withheld: rows that stay out, rounded, by reason.
        released_anyway: exclusions of the system that policy has switched off.

    Raises:
        ColumnPlanRefused: the system's release section can't be carried out.
    """
    plan = plan_for(system, kind, columns)
    fields = [
        one
        for column in plan.columns
        for one in _with_companion(
            plan, column, families, companions, (values or {}).get(column.name)
        )
    ]
    how: str = "emptied" if companions else kind
    if kind == "identified":
        record, names = system.record, _WORDS["names"]
        facts = {"one": record.one, "plural": record.plural.capitalize(), "noun": record.noun}
        given = [
            replace(
                _worded("supplied", what=names.get(n, n.replace("_", " "))), name=f"supplied_{n}"
            )
            for n in supplied
        ]
        fields = [_worded("row_id"), *given, _worded("matched", **facts), *fields]
    stays_out = tuple(
        _WORDS["withheld"]["reason"].format(plural=plan.plural.capitalize(), reason=one.reason)
        for one in plan.release.exclusions
        if one.name not in released_anyway
    )
    told = tuple(
        _stay_out(reason, count, plan.plural) for reason, count in (withheld or {}).items()
    )
    left_out = (*plan.release.left_out, *stays_out, *told)
    missing = _WORDS["missing"][how]
    record = next(name for name, of in plan.references.items() if of != "person")
    key = ("row_id" if kind == "identified" else fields[0].name, record)
    return DataDictionary(
        plan.release.row, tuple(fields), left_out, missing=missing, key=key, withheld=withheld
    )


def noted(notes: Sequence[str], noise: "Noise | None") -> tuple[str, ...]:
    """What a table's reader must know; where every count carries noise, nothing is hidden and no note says so."""
    if noise is None:
        return tuple(notes)
    return (*noise.notes(), *(note for note in notes if "is hidden" not in note))


def aggregated_dictionary(
    system: System,
    schema: pa.Schema,
    *,
    threshold: int = 10,
    noise: "Noise | None" = None,
    families: Sequence[str] | None = None,
) -> DataDictionary:
    """Return the dictionary of a published table: its dimensions, measures and ``status``.

    A dimension may have its label beside it as ``<name>_label``. ``noise`` is what every count carries, where
    none is hidden. ``families``: see `dictionary_for`.

    Raises:
        ColumnNotAllowed: the table has a column that the system's file does not describe.
    """
    from extracts.perturbation import PERTURBED  # the audit's libraries load with it

    release = system.release.aggregated
    dimensions = {one.name: one for one in release.dimensions}
    measures = {one.name: one for one in release.measures}
    notes = noted((), noise)
    hidden = notes[0] if notes else _WORDS["table"]["hidden"].format(threshold=threshold)
    fields: list[FieldDoc] = []
    for position, name in enumerate(schema.names, start=1):
        of = name.removesuffix("_label")
        if name in dimensions:
            fields.append(_dimension(system, dimensions[name], families))
        elif of in dimensions:
            fields.append(FieldDoc(name, "text", f"Label of {of}."))
        elif name in measures:
            one = measures[name]
            fields.append(FieldDoc(name, "number", one.description, one.unit, treatment=hidden))
        elif name == "status":
            fields.append(_worded(PERTURBED if notes else "status", threshold=threshold))
        else:
            raise ColumnNotAllowed(position=position)
    said = _WORDS["table"]
    missing = "" if notes else said["missing"]
    return DataDictionary(
        said["row"],
        tuple(fields),
        (),
        noted(release.notes, noise),
        missing,
        key=tuple(field.name for field in fields if field.name in dimensions),
        published=True,
    )


def _field(plan: Plan, column: OutputColumn, families: Sequence[str] | None) -> FieldDoc:
    several = _WORDS["combined"].get(column.combine, "")
    done = column.treatment or _done(column, copied="" if several else "Copied.")
    reference, scope = column.generalise == "reference", plan.release.scope
    groups = groups_in_words(plan.system, column, scope)
    return FieldDoc(
        name=column.name,
        type=column.type,
        meaning=column.description,
        unit=column.unit,
        source="" if reference else column.source,
        treatment=" ".join(_sentence(part) for part in (done, several, groups) if part),
        codes=codes_within(plan.system, column, scope, families),
        required=reference and plan.kind == "deidentified",
        ordered=column.generalise == "band",
        missing=()
        if reference
        else (("not_recorded", column.absent or _WORDS["statuses"]["not_recorded"]),),
    )


def _with_companion(
    plan: Plan,
    column: OutputColumn,
    families: Sequence[str] | None,
    companions: Collection[str],
    values: Mapping[str, Any] | None,
) -> list[FieldDoc]:
    """A column, and its companion where cells of it were emptied."""
    field, said = replace(_field(plan, column, families), values=values), _WORDS["statuses"]
    if column.name not in companions:
        return [field]
    companion, how = status_name(column.name), _emptied(values or {}, status_name(column.name))
    missing = (*field.missing, (EMPTIED, said[EMPTIED]))
    field = replace(
        field,
        treatment=f"{field.treatment} {how}".strip(),
        missing=missing,
        companion=companion,
    )
    return [
        field,
        FieldDoc(
            companion,
            "text",
            said["meaning"].format(name=column.name),
            source=said["source"],
            treatment=said["treatment"],
            codes=((RECORDED, said[RECORDED]), *missing),
            required=True,
            about=column.name,
        ),
    ]


def _emptied(values: Mapping[str, Any], companion: str) -> str:
    """What was done to a column of which cells were emptied, in numbers that its reader can count again."""
    words = _WORDS["emptied"]
    numbers = [values.get(n) for n in STATUSES]
    count, rows = values.get(EMPTIED), sum(n or 0 for n in numbers)
    if count is None or None in numbers:
        return words["untold"].format(companion=companion)
    share = round(100 * count / rows)
    said = words["some"].format(count=count, percent=share, companion=companion)
    coarser = values.get("coarser")
    return f"{said} {words['coarser'].format(count=coarser)}" if coarser else said


def _stay_out(reason: str, count: int | None, plural: str) -> str:
    said, what = _WORDS["withheld"], plural if reason == "by_policy" else "rows"
    about = said["few"] if count is None else said["rounded"]
    return said[reason].format(count=about.format(count=count, what=what))


def _done(column: OutputColumn, copied: str) -> str:
    if column.generalise in _WORDS["treatments"]:
        return _WORDS["treatments"][column.generalise]
    if column.attribute:
        return f"Derived from the code: its {column.attribute}."
    return copied


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _dimension(
    system: System, column: Dimension, families: Sequence[str] | None = None
) -> FieldDoc:
    release = system.release.aggregated
    done = _sentence(column.treatment or _done(column, copied="As recorded."))
    if column.type == "year":  # years are never added up: persons would count twice
        return FieldDoc(
            column.name, "year", column.description, column.unit, column.source, done, required=True
        )
    codes = codes_within(system, column, release.scope, families)
    groups = groups_in_words(system, column, release.scope)
    if column.parent:
        parent = release.dimension(column.parent)
        codes += codes_within(system, parent, release.scope, families)
        groups = groups_in_words(system, parent, release.scope)
    return FieldDoc(
        name=column.name,
        type="text",
        meaning=f"{column.description} TOTAL stands for all values together.",
        unit=column.unit,
        source=column.source,
        treatment=f"{done} {_sentence(groups)}" if groups else done,
        codes=(*codes, ("TOTAL", "all values together")) if codes else (),
        required=True,
        ordered=column.generalise == "band",
    )


def _worded(name: str, **facts: object) -> FieldDoc:
    """A column of text that no system's file describes."""
    said: dict[str, Any] = dict(_WORDS["fields"][name])
    codes = tuple((code, label.format(**facts)) for code, label in said.pop("codes", ()))
    required = said.pop("required", False)
    texts = {part: text.format(**facts) for part, text in said.items()}
    return FieldDoc(texts.pop("name", name), "text", codes=codes, required=required, **texts)
