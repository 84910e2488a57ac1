"""A home with three reviewers and one release that waits for them: five doubtful pairs, two rows that look alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from approvals.ledger import Event
from approvals.people import Person
from matching.review import ask
from pipelines.deployment.init import init_home
from pipelines.home import open_home
from pipelines.release.context import release_context
from pipelines.release.orders import Order, ReviewPolicy, make_run_folder, write_order
from pipelines.release.reviewing import asked
from pipelines.session import Session, today

NUMBER, RELEASE = "2026-001", "2026-001-R001"
PEOPLE = ("rey-1", "ann-1", "max-1")
POLICY = ReviewPolicy(second_share=0.0, alike_rows=3, alike="offer")
COHORT = pa.table(
    {
        "row_number": [1, 2, 3, 4, 5],
        "row_id": ["c1", "c2", "c3", "c4", "c5"],
        "first_name": ["Ann", "Bob", "Cleo", "Dan", "Dan"],
        "last_name": ["Doe", "Roe", "Poe", "Low", "Low"],
        "birth_date": ["1980-01-02", "1981-01-02", None, "1990-05-05", "1990-05-06"],
    }
)
# Person 1 has two entries, 7 and 8; 9 is another who may be the same row, 10 and 11 are one each.
PAIRS = [("c1", 7, 0.6), ("c1", 8, 0.6), ("c1", 9, 0.3), ("c2", 10, 0.7), ("c3", 11, 0.8)]
PERSONS = {"7": 1, "8": 1, "9": 2, "10": 3, "11": 4, "12": 5}
RECORDS = pa.table(
    {
        "record_id": [7, 8, 9, 10, 11, 12],
        "first_name": ["Ann", "Ann", "Anna", "Rob", "Cleo", "Eve"],
        "last_name": ["Doe", "Doe", "Doe", "Roe", "Poe", "Eve"],
        "birth_date": ["1980-01-02"] * 3 + ["1981-01-02", "1999-09-09", "1970-01-01"],
    }
)


def make_home(root: Path, policy: ReviewPolicy | None = POLICY) -> None:
    """The home, its release at the review."""
    init_home(root)
    people = (
        '[[person]]\nid = "{0}"\nname = "N"\nuser = "u-{0}"\nroles = ["reviewer", "engineer"]\n'
    )
    others = '[[person]]\nid = "eng-1"\nname = "N"\nuser = "u-eng-1"\nroles = ["engineer"]\n'
    (root / "people.toml").write_text("\n".join([*map(people.format, PEOPLE), others]))
    with session_of(root, "eng-1") as session:
        facts = {"kind": "identified", "system": "CARPOS", "on": today().isoformat()}
        facts["cohort"] = "0" * 64
        ordered = Event("release_ordered", "eng-1", NUMBER, RELEASE, facts)
        form = {
            "application": "0" * 64,
            "on": today().isoformat(),
            "form": "standard",
            "system": "CARPOS",
            "kinds": ("identified",),
        }
        session.ledger.append(Event("project_submitted", "eng-1", NUMBER, facts=form))
        session.ledger.append(ordered)
        make_run_folder(session.home, RELEASE)
        write_order(
            session.home,
            Order(
                release=RELEASE, project=NUMBER, system="CARPOS", kind="identified", snapshot="CARPOS-1",
                ordered_on=today(), ordered_by="eng-1", cohort_digest="0" * 64, review=policy,
            ),
        )  # fmt: skip
        context = release_context(session, RELEASE)
        alike = {"cohort_id": ["c4", "c5"], "group": [1, 1], "probability": [0.9, 0.9]}
        staged = context.staging
        intake = [
            staged.write("intake", "supplied", COHORT),
            staged.write("intake", "alike", pa.table(alike)),
        ]
        context.records.keep("intake", intake, {}, 0.0)
        keep_links(context)
        session.releases.record(RELEASE, "review_requested", {"pairs": len(PAIRS)})


def keep_links(context, pairs=PAIRS) -> None:
    """Stage the links: the doubtful pairs and a sure one."""
    lines = [*((*pair, "review") for pair in pairs), ("c2", 12, 0.99, "link")]
    names = ("cohort_id", "record_id", "match_probability", "decision")
    links = pa.table(dict(zip(names, map(list, zip(*lines, strict=True)), strict=True)))
    context.records.keep("match", [context.staging.write("match", "links", links)], {}, 0.0)


def without_register(monkeypatch) -> None:
    """Questions are made of the tables here: there is no snapshot."""

    def made(context, cohort):
        return ask(context.staging.read("match", "links"), PERSONS, cohort, RECORDS)

    monkeypatch.setattr(asked, "_asked", made)


@contextmanager
def session_of(root: Path, who: str) -> Iterator[Session]:
    """A session in which one of the people acts."""
    with Session(open_home(root)) as session:
        found = next((p for p in session.people.persons if p.id == who), None)
        someone = Person(who, "N", who, frozenset({"engineer"}))
        session.__dict__["person"] = replace(found or someone, active=True)
        yield session
