"""The forms in which birth dates are written, in one list: whoever reads or checks a birth date reads these."""

from typing import Final

BIRTH_DATE_FORMS: Final = (
    "%m/%d/%y", "%m-%d-%y", "%d.%m.%y", "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%m/%d/%Y", "%m-%d-%Y", "%d.%m.%Y", "%m%d%Y",
    "%d-%b-%y", "%d-%b-%Y", "%d%b%y", "%d%b%Y", "%d %b %Y", "%b %d %Y", "%b %d, %Y", "%B %d, %Y", "%d %B %Y",
    "%d/%m/%Y", "%d-%m-%Y",
)  # fmt: skip
"""As ``strptime`` writes them; a year of two figures is tried before one of four, a month before a day. Beside these: a time behind
any of them, seven digits (a month without its nought), a number with ".0" behind it, and the day numbers of a
spreadsheet (30875), where a column has more of them than of all else."""

PIVOT: Final = 26
"""Years of two figures below it belong to this century, all others to the last one."""

SERIAL_DAYS: Final = (1, 59_999)
"""A spreadsheet's day numbers that can be birth dates; day 0 is 30 December 1899 (ECMA-376, 18.17.4.1)."""


def birth_date_sql(text: str) -> str:
    """A DuckDB expression for the date that an expression of text gives, or null."""
    plain = rf"regexp_replace(trim({text}), '\.0+$|[T ]+\d{{1,2}}:\d{{2}}.*$', '')"
    padded = (
        rf"CASE WHEN regexp_full_match({plain}, '\d{{7}}') THEN '0' || {plain} ELSE {plain} END"
    )
    serial = rf"CASE WHEN regexp_full_match({plain}, '[1-5]\d{{4}}') THEN DATE '1899-12-30' + {plain}::INTEGER END"
    forms = ", ".join(f"'{form}'" for form in BIRTH_DATE_FORMS)
    read = f"CAST(try_strptime({padded}, [{forms}]) AS DATE)"
    # strptime's own rule takes two figures up to 68 for this century
    last_century = rf"year({read}) >= {2000 + PIVOT} AND NOT regexp_matches({plain}, '\d{{4}}')"
    century = f"CASE WHEN {last_century} THEN {read} - INTERVAL 100 YEAR ELSE {read} END"
    return f"coalesce(CAST({century} AS DATE), {serial})"
