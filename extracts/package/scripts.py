"""Scripts that read the CSV of a package in R, Python, Stata, SAS and SPSS: ``read/extract.*``.

They are made of the dictionary, from a template each (``extracts/templates/scripts/``): every column with its type, its label and
its codes. Codes of figures with leading zeros, such as FIPS's, stay text in all of them. Nothing in them changes from run to run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from extracts.package.contents import ColumnTally, Written
from extracts.package.dictionary import DataDictionary, FieldDoc
from extracts.package.facts import ReleaseFacts
from extracts.package.formats import Format, column_names, cut_label, missing_codes
from systems.texts import in_one_line

if TYPE_CHECKING:
    from jinja2 import Template

_LONGEST = 32767  # bytes of a text in SAS and SPSS


@dataclass(frozen=True)
class _Column:
    """A column as the templates see it."""

    name: str
    type: str
    label: str
    codes: tuple[tuple[str, str], ...]
    figures: bool
    stata: str
    short: str
    format: str
    stata_missing: tuple[tuple[str, str, str], ...]
    spss_missing: tuple[tuple[str, str, str], ...]
    sas_missing: tuple[tuple[str, str, str], ...]
    stata_companion: int
    companion: str
    short_companion: str
    width: int
    spss_format: str
    level: str


def scripts(release: ReleaseFacts, dictionary: DataDictionary, written: Written) -> dict[str, str]:
    """Return the name and the text of each script, of a package with these files."""
    names = [one.name for one in dictionary.fields]
    made: dict[str, str] = {}
    for extension, program in _PROGRAMS.items():
        columns = [
            _column(number, one, written.tally.columns[one.name], program, names)
            for number, one in enumerate(dictionary.fields, start=1)
        ]
        made[f"extract.{extension}"] = _template(extension).render(
            title=in_one_line(release.title),
            files=[one.path for one in written.of("csv")],
            rows=written.tally.rows,
            columns=columns,
        )
    return made


def _column(
    number: int, one: FieldDoc, counted: ColumnTally, program: "_Program", names: list[str]
) -> _Column:
    width = min(max(counted.width, *(len(code.encode()) for code, _ in one.codes), 1), _LONGEST)
    return _Column(
        name=one.name,
        type=one.type,
        label=cut_label(one.meaning, program.label),
        codes=tuple((code, cut_label(label, program.code_label)) for code, label in one.codes),
        figures=one.figures,
        stata=column_names("stata", names)[one.name],
        short=column_names("spss", names)[one.name],
        format=f"c{number}_",
        **_missing(one, names, program.code_label),
        width=width,
        spss_format={"date": "SDATE10", "number": "F12.0", "year": "F4.0", "yes/no": "A5"}.get(
            one.type, f"A{width}"
        ),
        level=one.level.upper(),
    )


def _missing(one: FieldDoc, names: list[str], room: int) -> dict[str, Any]:
    """What the companion of a column of numbers says of an empty cell: (its code, how it is written, its label)."""
    labels = {code: cut_label(label, room) for code, label in one.missing}

    def written(form: Format) -> tuple[tuple[str, str, str], ...]:
        return tuple((c, str(n), labels[c]) for c, n in missing_codes(form, one).items())

    companion = one.companion or one.name
    return {
        "stata_missing": written("stata"),
        "spss_missing": written("spss"),
        # SAS's transport files have none, its data sets know the letters of Stata.
        "sas_missing": written("stata") if one.type in {"number", "year", "yes/no"} else (),
        "stata_companion": names.index(companion) + 1,
        "companion": one.companion,
        "short_companion": column_names("spss", names)[companion],
    }


@cache
def _template(extension: str) -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("extracts", "templates/scripts"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - no HTML: each text is quoted as its program asks
    )
    made.filters["quoted"] = _PROGRAMS[extension].quote
    return made.get_template(f"extract.{extension}.j2")


# --- a text as a constant of each language


@dataclass(frozen=True)
class _Program:
    """How a language writes a text, and how many bytes a column's and a code's label may have there."""

    quote: Callable[[str], str]
    label: int = 10_000
    code_label: int = 10_000


def _escaped(text: str) -> str:
    """A constant of R or Python, in ASCII: both know these escapes."""
    plain = in_one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isascii() else f"\\U{ord(c):08x}" for c in plain) + '"'


def _stata(text: str) -> str:
    """A constant of Stata: quotes would end it, and ` and $ begin a macro."""
    plain = in_one_line(text).replace('"', "'").replace("`", "'").replace("$", "\\$")
    return f'"{plain}"'


def _doubled(text: str) -> str:
    """A constant of SAS or SPSS: nothing is special between single quotes but themselves."""
    return "'" + in_one_line(text).replace("'", "''") + "'"


_PROGRAMS = {
    "R": _Program(_escaped),
    "py": _Program(_escaped),
    "do": _Program(_stata, 80, 120),
    "sas": _Program(_doubled, 256, 256),
    "sps": _Program(_doubled, 200, 120),
}
