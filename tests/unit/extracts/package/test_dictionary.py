"""The dictionary says of every column what it means; the README files say how to open it."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import pyarrow as pa
import pytest

from crypto.package import sealed_package
from extracts.errors import ColumnMissing, ColumnNotAllowed, ColumnPlanRefused
from extracts.package import dictionary, documents
from extracts.package.contents import ColumnTally, DataFile, Tally, Written
from extracts.package.datapackage import datapackage
from extracts.package.dictionary import aggregated_dictionary, dictionary_for
from extracts.package.documents import HASHES, VERIFY, decrypt_command, recipient_readme
from extracts.perturbation import Noise
from extracts.rows import RowScope
from extracts.rows.plan import check_against, plan_for
from systems.description.loading import load_system, system_codes
from tests.unit.extracts.making import build_identified


class Outline(HTMLParser):
    """Headings, ids and whatever would reach for a network."""

    def __init__(self):
        super().__init__()
        self.levels, self.ids, self.outside = [], [], []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if "id" in named:
            self.ids.append(named["id"])
        links = [named.get(k) or "" for k in ("src", "href")]
        self.outside += [link for link in links if link and not link.startswith("#")]
        if tag in {"script", "link", "iframe", "img", "object"}:
            self.outside.append(tag)


@pytest.mark.parametrize("kind", ["identified", "deidentified"])
def test_the_page_has_every_column_and_needs_no_network(carpos, facts, kind):
    described = dictionary_for(carpos, kind, ("ssn",) if kind == "identified" else ())
    page = dictionary.dictionary_page(facts(kind=kind), described)
    outline = Outline()
    outline.feed(page)
    assert sorted(outline.ids) == sorted(field.name for field in described.fields)
    assert outline.outside == []
    assert "url(" not in page
    assert "http" not in page
    assert outline.levels[0] == 1
    assert all(b - a <= 1 for a, b in zip(outline.levels, outline.levels[1:], strict=False))


def test_the_page_escapes_what_others_wrote(carpos, facts):
    page = dictionary.dictionary_page(
        facts(project_title="<script>alert(1)</script>"), dictionary_for(carpos, "identified")
    )
    assert "<script" not in page


def test_the_page_has_no_clock(carpos, facts):
    import datetime as dt

    described = dictionary_for(carpos, "identified")
    later = facts(release_id="R-2", packaged_on=dt.date(2030, 1, 1), ledger_checkpoint={})
    assert dictionary.dictionary_page(facts(), described) == dictionary.dictionary_page(
        later, described
    )


@pytest.mark.parametrize("kind", ["identified", "deidentified"])
def test_every_column_says_what_it_is_and_what_was_done(carpos, kind):
    for field in dictionary_for(carpos, kind, ("ssn",) if kind == "identified" else ()).fields:
        assert field.meaning.endswith("."), field.name
        assert field.treatment.endswith("."), field.name


def test_the_dictionary_fits_the_extract(carpos, ids, open_register, bring_cohort):
    con = open_register(person=[{"person_id": 1}])
    bring_cohort(con, [{"row_number": 1, "row_id": "a", "zip": "00123"}])
    extract = build_identified(con, carpos, RowScope(families=("GV",)), ids)
    dictionary_for(carpos, "identified", extract.supplied).check(extract.table.schema)
    check_columns(extract.table, carpos, "identified")


def test_an_aggregate_is_described(carpos, facts):
    schema = pa.schema(
        [(n, pa.string()) for n in ("year", "county", "county_label", "orders", "status")]
    )
    described = aggregated_dictionary(carpos, schema)
    described.check(schema)
    assert "TOTAL" in dict(described.fields[1].codes)
    assert described.fields[0].type == "year"
    assert "fewer than 10" in dictionary.dictionary_page(facts(kind="aggregated"), described)


def test_a_perturbed_aggregate_states_its_noise(carpos, facts):
    schema = pa.schema(
        [(n, pa.string()) for n in ("year", "county", "orders", "persons", "status")]
    )
    described = aggregated_dictionary(carpos, schema, noise=Noise("cell_key"))
    described.check(schema)
    assert described.fields[-1].codes[0][0] == "perturbed"
    page = dictionary.dictionary_page(facts(kind="aggregated"), described)
    assert "standard deviation 3.2 persons" in page
    assert "hidden" not in page.lower()


def test_a_leaked_column_of_an_aggregate_is_refused_by_its_place(carpos):
    schema = pa.schema([("year", pa.string()), ("Canary Jones", pa.string())])
    with pytest.raises(ColumnNotAllowed) as caught:
        aggregated_dictionary(carpos, schema)
    assert "Canary" not in str(caught.value)


def check_columns(table, system, kind):
    names = [n for n in table.column_names if n.startswith("supplied_")]
    echoed = tuple(n.removeprefix("supplied_") for n in names) if kind == "identified" else ()
    check_against(table.schema, plan_for(system, kind), echoed)


class TestColumns:
    def columns(self, carpos, kind):
        names = [field.name for field in dictionary_for(carpos, kind).fields]
        return pa.table({name: pa.array([], pa.string()) for name in names})

    @pytest.mark.parametrize("kind", ["identified", "deidentified"])
    def test_a_column_more_is_refused_by_its_place(self, carpos, kind):
        table = self.columns(carpos, kind).append_column("dob", pa.array([], pa.string()))
        with pytest.raises(ColumnNotAllowed) as caught:
            check_columns(table, carpos, kind)
        assert caught.value.facts["positions"] == (table.num_columns,)

    def test_a_column_less_is_refused(self, carpos):
        with pytest.raises(ColumnMissing):
            check_columns(
                self.columns(carpos, "deidentified").drop_columns(["person_ref"]),
                carpos,
                "deidentified",
            )

    def test_supplied_values_have_no_place_in_deidentified_data(self, carpos):
        table = self.columns(carpos, "deidentified").append_column(
            "supplied_ssn", pa.array([], pa.string())
        )
        with pytest.raises(ColumnNotAllowed):
            check_columns(table, carpos, "deidentified")


REFUSED = {
    "a birth date": {"source": "person.dob", "combine": "one"},
    "a birth date's year": {"source": "person.dob", "generalise": "year", "combine": "one"},
    "a name": {"source": "person_name.last"},
    "a case number": {"source": "order_entry.court_case_no", "combine": "one"},
    "an internal key": {"source": "order_entry.prior_order_id", "combine": "one"},
    "remarks": {"source": "order_entry.remarks", "combine": "join"},
    "a reference of a case number": {
        "source": "order_entry.court_case_no",
        "generalise": "reference",
    },
    "a name like the match's": {"name": "matched"},
    "the same name twice": {"name": "order_family"},
}


class TestPlan:
    """Whatever a system's file says, a direct identifier or key does not get out by it."""

    def changed(self, carpos, kind="deidentified", **more):
        release = getattr(carpos.release, kind)
        *others, last = (c for c in release.columns if c.name in release.finest)
        columns = (*others, last.model_copy(update=more))
        changed = release.model_copy(update={"columns": columns})
        releases = carpos.release.model_copy(update={kind: changed})
        return carpos.model_copy(update={"release": releases})

    @pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
    def test_is_refused(self, carpos, change):
        with pytest.raises(ColumnPlanRefused):
            plan_for(self.changed(carpos, **change), "deidentified")

    def test_only_the_number_of_firearms_may_be_told(self, carpos):
        counted = {"source": "firearm.firearm_id", "combine": "count", "generalise": "none"}
        plan_for(self.changed(carpos, **counted), "deidentified")

    def test_deidentified_rows_need_a_person_and_an_order(self, carpos):
        release = carpos.release.deidentified
        changed = release.model_copy(update={"columns": release.columns[1:]})
        system = carpos.model_copy(
            update={"release": carpos.release.model_copy(update={"deidentified": changed})}
        )
        with pytest.raises(ColumnPlanRefused):
            plan_for(system, "deidentified")


def test_the_readme_has_the_three_commands_in_order(facts):
    text = recipient_readme(
        facts(), parts=["part-001.zip", "part-002.zip"], member="m-2", fingerprint="ab" * 32
    )
    places = [
        text.index(VERIFY),
        text.index(HASHES),
        text.index(decrypt_command("part-001.zip")),
        text.index(decrypt_command("part-002.zip")),
    ]
    assert places == sorted(places)
    assert "ab" * 32 in text
    assert "{" not in text
    for word in ("LibreSSL", "Git Bash", "macOS", "double-click", "fingerprint"):
        assert word in text


@pytest.mark.long
def test_a_sub_room_loads_what_is_heavy_when_it_needs_it():
    rooms = ["aggregated", "deidentified", "identified", "package", "suppression"]
    heavy = ["great_expectations", "jinja2", "openpyxl", "pandas", "pyreadstat"]
    code = (
        "import importlib, sys\n"
        f"for room in {rooms}:\n"
        "    importlib.import_module(f'extracts.{room}')\n"
        f"    print(room, *[m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == rooms


def test_the_release_says_its_number_its_code_and_what_changed(facts):
    text = documents.release_note(facts(extra={"receipt_code": "1A2B-3C4D-5E6F"}))
    for said in ("R-20261123-01", "1A2B-3C4D-5E6F", "first release", "datarequests@doj.ca.gov"):
        assert said in text
    assert facts().dated_citation in " ".join(text.split())
    assert facts().release_id not in facts().citation
    again = documents.release_note(facts(changes=("12 rows instead of 10.",)))
    assert "- 12 rows instead of 10." in again
    assert "RECEIPT" not in again
    assert "Nothing:" in documents.release_note(facts(changes=()))


def test_what_windows_and_macos_do_is_named_with_the_cure(facts):
    for text in (
        sealed_package._usual_readme(["part-001.zip.cms"]),
        recipient_readme(facts(), member="m-2", fingerprint="ab" * 32),
    ):
        for said in ("MSYS_NO_PATHCONV=1", "//CN=", "LibreSSL", "openssl@3", "autocrlf"):
            assert said in text


def test_the_sender_names_the_office_once(facts):
    assert facts(department="Department").sender == "Department, Research Services"
    named = facts(department="Department, Research Services")
    assert named.sender == named.department
    readme = recipient_readme(named, member="lead", fingerprint="ab" * 32)
    assert "From: Department, Research Services\n" in readme


COUNTED = {
    "recorded": 60,
    "not_recorded": 15,
    "emptied": 25,
    "coarser": 20,
    "generalised": 60,
    "by_group": {
        "person_sex": {
            "F": {"emptied": 40, "coarser": None},
            "emptied": {"emptied": 10, "coarser": 0},
        }
    },
}


def suppressed_dictionary(carpos):
    return dictionary_for(
        carpos,
        "deidentified",
        companions={"order_service_month", "order_brady"},
        values={"order_service_month": COUNTED},
        withheld={"by_policy": 3380, "as_rare": None},
    )


def test_what_was_emptied_is_told_from_what_was_never_there(carpos, facts):
    described = suppressed_dictionary(carpos)
    fields = {f.name: f for f in described.fields}
    month, companion = fields["order_service_month"], fields["order_service_month_status"]
    names = [f.name for f in described.fields]
    assert names[names.index("order_service_month") + 1] == "order_service_month_status"
    assert month.missing == (
        ("not_recorded", "no proof of service is in the register"),
        ("emptied", "taken out, whether there was a value or not"),
    )
    assert companion.codes == (("recorded", "the value is given"), *month.missing)
    assert (companion.about, month.companion) == (month.name, companion.name)
    assert companion.required
    assert "Emptied in about 25 rows (25 %)" in month.treatment
    assert "About 20 of them show it coarser" in month.treatment
    assert "Emptied in some rows" in fields["order_brady"].treatment
    assert fields["order_county"].companion == ""
    assert fields["order_county"].missing == (
        ("not_recorded", "nothing is recorded in the register"),
    )
    assert "By policy about 3,380 orders; no column has their values." in described.left_out
    page = dictionary.dictionary_page(facts(kind="deidentified"), described)
    assert "no proof of service is in the register" in page
    assert "hidden" in page
    columns = {name: ColumnTally({}, None, None, 0) for name in names}
    files = (DataFile("data/extract.csv", "0" * 64, 1, 1),)
    written = Written(files, Tally(0, 10, columns))
    package = datapackage(facts(kind="deidentified"), described, written)
    listed = {f["name"]: f for f in package["resources"][0]["schema"]["fields"]}
    assert listed["order_service_month"]["values"] == COUNTED
    assert listed["order_service_month_status"]["constraints"] == {
        "required": True,
        "enum": ["recorded", "not_recorded", "emptied"],
    }
    assert package["withheld"] == {"by_policy": 3380, "as_rare": None}


@pytest.mark.parametrize("system", system_codes())
def test_no_description_explains_an_empty_cell_as_a_fact(system):
    """Whether one is empty for that reason its companion says, or what the column says of one that is not recorded."""
    described = load_system(system)
    kinds = (described.release.identified, described.release.deidentified)
    columns = [c for release in kinds if release is not None for c in release.columns]
    assert not [
        c.name for c in columns if "empty" in f"{c.description} {c.treatment} {c.unit}".lower()
    ]


def test_what_stays_out_is_named_unless_policy_lets_it_out(carpos):
    home = "Safe at Home"
    assert any(home in one for one in dictionary_for(carpos, "identified").left_out)
    out = dictionary_for(carpos, "identified", released_anyway=("safe_at_home",)).left_out
    assert not any(home in one for one in out)
