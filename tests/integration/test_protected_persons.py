"""A cohort of those whom an order protects, from its application to what a recipient reads.

Children, those whose age nobody recorded, and orders that an order keeps confidential are in no such release
(`systems/carpos.toml`, ``release.identified.linked``); the oracle is the register's own files.
"""

import csv
import io
import subprocess
import zipfile
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from errors import Exit
from pipelines.cohort.registry import register_cohort
from pipelines.home.home import open_home, write_private
from pipelines.keys import add_recipient
from pipelines.made_up import record_checks
from pipelines.orchestration.launch import launch_release
from pipelines.release.orders import Request, order_release
from pipelines.session import Session, today

ROWS, MEMBER = 160, "lead"
NEED = "The study follows those who asked for an order, and what became of them."


class Register:
    """The made-up register's files, by what a researcher may know of a protected person."""

    def __init__(self, folder: Path) -> None:
        def read(name: str) -> list[dict]:
            return pq.read_table(folder / f"{name}.parquet").to_pylist()

        self.persons = {p["person_id"]: p for p in read("person")}
        self.names = {n["person_id"]: n for n in reversed(read("person_name"))}
        self.homes = {c["person_id"]: c for c in read("person_contact")}
        self.orders = {o["order_id"]: o for o in read("order_entry")}
        truth = pq.read_table(folder.parent / "truth" / "truth_persons.parquet").to_pylist()
        self.humans = {str(t["record_id"]): t["human_id"] for t in truth}
        self.stands = [p for p in read("order_party") if p["role"] in ("petitioner", "protected")]

    def cohort(self) -> dict[str, dict]:
        """Of each age that is recorded, and none: the parties by the rows' ids."""
        kept = [p for p in self.stands if self.persons[p["person_id"]]["dob"]]
        of = {age: [p for p in kept if p["is_minor"] is age] for age in (False, None, True)}
        some = of[True][:30] + of[None][:40]
        return {f"P{n:04}": p for n, p in enumerate(some + of[False][: ROWS - len(some)])}

    def human(self, party: dict) -> int:
        """Who a party is: a child of one order is grown on a later one."""
        return self.humans[str(party["person_id"])]

    def row(self, key: str, party: dict) -> dict[str, str]:
        person, name = self.persons[party["person_id"]], self.names[party["person_id"]]
        home = self.homes.get(party["person_id"], {})
        return {
            "cohort_id": key, "first_name": name["first"], "middle_name": name["middle"],
            "last_name": name["last"], "birth_date": str(person["dob"]), "sex": person["sex"],
            "street": home.get("street"), "city": home.get("city"), "zip": home.get("zip"),
            "phone": home.get("phone"),
        }  # fmt: skip


@pytest.fixture
def register(copied: Path) -> Register:
    return Register(copied / "demo" / "source")


def released(root: Path, cohort: dict[str, dict], register: Register) -> list[dict[str, str]]:
    """The rows that a recipient of the release reads."""
    home, folder = open_home(root), root / "demo"
    rows = [register.row(key, party) for key, party in cohort.items()]
    with (folder / "protected.csv").open("w", newline="", encoding="utf-8") as sink:
        writer = csv.DictWriter(sink, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    text = (folder / "applications" / "identified.toml").read_text("utf-8")
    for line in ('linked_role = "protected"', 'linked_role_need = "'):
        assert f"# {line}" in text
        text = text.replace(f"# {line}", line)
    text = text.replace('linked_role_need = "...', f'linked_role_need = "{NEED}')
    application = folder / "applications" / "protected.toml"
    write_private(application, text)
    with Session(home) as session:
        who, day = session.person, today()
        number = session.projects.submit(application, who, day).number
        session.projects.approve(number, who, day)
        record_checks(session.projects, number, who, day, folder)
        add_recipient(session, number, folder / "keys" / f"{MEMBER}.pem", MEMBER)
        (added,) = session.projects.show(number).recipients
        session.projects.confirm_recipient(added.fingerprint, who, day, number)
        register_cohort(session, number, folder / "protected.csv", None, None)
        session.projects.confirm_cohort(number, None, who, day)
        release = order_release(session, Request(number, "identified", doubtful="exclude"))
        waits = launch_release(home, release, orchestrated=False)
        assert waits.exit is Exit.WAITING, waits.error
        session.releases.approve(release, who, day)
        done = launch_release(home, release, orchestrated=False)
        assert done.exit is Exit.DONE, done.error
    (part,) = (home.outbox / number / release / MEMBER).glob("part-*.zip.cms")
    key, opened = folder / "keys" / MEMBER, root / "opened.zip"
    subprocess.run(
        ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(part), "-recip", f"{key}.pem",
         "-inkey", f"{key}.key", "-out", str(opened)],
        check=True, capture_output=True,
    )  # fmt: skip
    with zipfile.ZipFile(opened) as bag:
        return list(csv.DictReader(io.StringIO(bag.read("data/extract.csv").decode("utf-8"))))


def test_those_whom_an_order_protects_get_their_own_orders_and_no_child_any(copied, register):
    cohort = register.cohort()
    ages = Counter(party["is_minor"] for party in cohort.values())
    assert min(ages[True], ages[None]) > 10
    rows = released(copied, cohort, register)
    assert {row["row_id"] for row in rows} == set(cohort)  # nobody's own row is lost
    given = {
        (register.human(cohort[row["row_id"]]), *order(row)) for row in rows if row["order_ref"]
    }
    allowed, of_children = set[tuple[int, str, str]](), set[tuple[int, str, str]]()
    for party in register.stands:
        its = register.orders[party["order_id"]]
        key = (register.human(party), its["order_code"], str(its["issue_date"]))
        grown = party["is_minor"] is False
        if grown and not its["confidential_minor"] and not its["safe_at_home"]:
            allowed.add(key)
        elif not grown:
            of_children.add(key)
    assert given <= allowed, f"{len(given - allowed)} orders that are none of theirs to get"
    assert len(of_children - allowed) > 100
    attempted = [cohort[row["row_id"]] for row in rows if row["matched"] != "not_attempted"]
    wanted = {p["person_id"] for p in attempted if p["is_minor"] is False}  # whoever is there once
    assert len(given) > 0.9 * len(wanted) > 30
    assert {name.split("_")[0] for name in rows[0]} == {"row", "supplied", "matched", "order"}


def order(row: dict[str, str]) -> tuple[str, str]:
    return row["order_code"], row["order_issue_date"]
