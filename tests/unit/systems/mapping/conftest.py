"""A made-up export of CARPOS as another system would write it: other names, US dates, codes of its own, latin-1, split by year."""

import csv

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

ROLES = {"respondent": "RSP", "protected": "PRO", "petitioner": "PET", "minor_child": "CHD", "requesting_officer": "OFF"}  # fmt: skip


def us(day):
    return None if day is None else f"{day.month:02}/{day.day:02}/{day.year}"


def write(path, columns):
    names = list(columns)
    with path.open("w", encoding="latin-1", newline="", errors="replace") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(names)
        for row in zip(*columns.values(), strict=True):
            out.writerow(["" if value is None else value for value in row])


@pytest.fixture
def export(files, tmp_path):
    """The folder of the export; of the register in ``files``, some columns."""
    folder = tmp_path / "export"
    folder.mkdir()
    read = {name: pq.read_table(path) for name, path in files.items()}
    orders = read["order_entry"]
    years = pc.year(orders["issue_date"])
    for year in sorted(set(years.to_pylist())):
        some = orders.filter(pc.equal(years, year))
        write(
            folder / f"ORD_{year}.csv",
            {
                "ORD_NO": [f"R-{n}" for n in some["order_id"].to_pylist()],
                "ORD_TYP": some["order_code"].to_pylist(),
                "CNTY": [code.lstrip("0") for code in some["county_fips"].to_pylist()],
                "ISS_DT": [us(d) for d in some["issue_date"].to_pylist()],
                "EXP_DT": [us(d) or "00/00/0000" for d in some["expiration_date"].to_pylist()],
                "MINOR": [
                    {True: "J", False: "N", None: ""}[v]
                    for v in some["confidential_minor"].to_pylist()
                ],
                "LAST_UPD_USER": ["batch"] * some.num_rows,
            },
        )
    party = read["order_party"]
    write(
        folder / "PARTY.csv",
        {
            "ORD_NO": [f"R-{n}" for n in party["order_id"].to_pylist()],
            "SUBJ": party["person_id"].to_pylist(),
            "ROLE_CD": [ROLES[r] for r in party["role"].to_pylist()],
        },
    )
    person = read["person"]
    write(
        folder / "SUBJECT.csv",
        {
            "SUBJ": [f"{n:,}" for n in person["person_id"].to_pylist()],
            "SEX": [
                {"M": "1", "F": "2", "X": "3", "U": "9", None: None}.get(v, "9")
                for v in person["sex"].to_pylist()
            ],
            "HGT": [None if v is None else f"{v}.00" for v in person["height_in"].to_pylist()],
        },
    )
    birth = person.filter(pc.is_valid(person["dob"]))
    write(
        folder / "BIRTHS.csv",
        {
            "SUBJECT_NO": [f"{n:,}" for n in birth["person_id"].to_pylist()],
            "DOB": [d.strftime("%Y%m%d") for d in birth["dob"].to_pylist()],
        },
    )
    names = read["person_name"]
    write(
        folder / "NAMES.csv",
        {
            "REC": ["N"] * names.num_rows + ["T"],
            "SUBJ": [*names["person_id"].to_pylist(), names.num_rows],
            "NO": [*names["seq"].to_pylist(), None],
            "KIND": [*names["kind"].to_pylist(), None],
            "LNAME": [*names["last"].to_pylist(), None],
            "FNAME": [*names["first"].to_pylist(), None],
        },
    )
    assert pa.types.is_date(orders.schema.field("issue_date").type)
    return folder
