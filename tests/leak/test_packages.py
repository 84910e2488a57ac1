"""What a recipient finds inside: the researcher's own values where they may stand, and no others."""

import io
import subprocess
import zipfile

import pyarrow.parquet as pq
import pytest

from tests.leak.canaries import COHORT, REGISTER
from tests.leak.searching import Searcher
from tests.leak.story import Stage

MEMBERS = {"identified": "analyst", "deidentified": "analyst", "aggregated": "data-desk"}


def opened(stage: Stage, kind: str) -> dict[str, bytes]:
    """Members of a package, decrypted by the openssl program."""
    # At the end of the story the identified release was withdrawn, and the de-identified one
    # destroyed, after sealed copies had gone out for the escrow key.
    release = stage.releases[kind]
    places = (
        stage / "home" / "outbox" / stage.numbers[kind] / release,
        stage / "home" / "runs" / release / "withdrawn",
        stage / "tmp" / "copies",
    )
    folder = next(place for place in places if place.is_dir()) / MEMBERS[kind]
    keys = stage / "inputs" / "keys"
    found: dict[str, bytes] = {}
    for part in sorted(folder.glob("*.cms")):
        words = ["cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(part)]
        words += ["-recip", str(keys / "analyst.pem"), "-inkey", str(keys / "analyst.key")]
        plain = subprocess.run(["openssl", *words], capture_output=True, check=True).stdout
        with zipfile.ZipFile(io.BytesIO(plain)) as bag:
            found |= {name: bag.read(name) for name in bag.namelist()}
    assert found
    return found


def test_an_identified_extract_echoes_what_was_supplied_and_nothing_of_the_register(stage):
    members = opened(stage, "identified")
    name = next(n for n in members if n.endswith("data/extract.parquet"))
    table = pq.read_table(io.BytesIO(members[name]))
    supplied = {row["cohort_id"]: row for row in stage.cohort.rows}
    told = [c.removeprefix("supplied_") for c in table.column_names if c.startswith("supplied_")]
    assert len(told) == 15
    for row in table.to_pylist():
        given = supplied[row["row_id"]]
        assert {c: row[f"supplied_{c}"] or "" for c in told} == {c: given.get(c, "") for c in told}
    shown = str(table.select([f"supplied_{c}" for c in told]).to_pylist())
    assert COHORT in shown
    assert REGISTER in shown  # of people whom the researcher named as the register does
    orders = table.select([c for c in table.column_names if c.startswith(("order_", "matched"))])
    assert orders["matched"].to_pylist().count("yes") > 40
    text = "\n".join(str(value) for row in orders.to_pylist() for value in row.values())
    assert not Searcher(stage.needles).data(text.encode(), "orders")


def test_the_rest_of_an_identified_package_shows_no_value(stage):
    members = opened(stage, "identified")
    for name, content in members.items():
        if "/data/extract" not in f"/{name}":
            assert not Searcher(stage.needles).data(content, name)


@pytest.mark.parametrize("kind", ["deidentified", "aggregated"])
def test_other_packages_show_no_canary_at_all(stage, kind):
    members = opened(stage, kind)
    assert any(name.endswith("extract.parquet") for name in members)
    for name, content in members.items():
        assert not Searcher(stage.needles).data(content, name)


def test_csv_and_parquet_carry_the_exact_values(stage):
    """A formula is text to them: it is neither quoted away nor lost."""
    members = opened(stage, "identified")
    text = next(v for n, v in members.items() if n.endswith("data/extract.csv")).decode("utf-8-sig")
    assert f'=HYPERLINK(""http://192.0.2.1/BAD{COHORT}' in text
    assert f"<script>alert('BAD{COHORT}')</script>" in text
