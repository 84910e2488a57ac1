"""Each of the five systems is described whole: papers as the process page lists them, what never leaves."""

import tomllib
from pathlib import Path

import pytest

from systems import __file__
from systems.description import NUMBERS
from systems.description.loading import load_system, read_system, system_codes
from systems.description.terms import KINDS
from systems.errors import DescriptionBroken, KindNotGiven

FOLDER = Path(__file__).parent
FIVE = ("ACHS", "CARPOS", "CURES", "JCPSS", "RIPA")


def text_of(code: str) -> str:
    return (FOLDER / f"{code.lower()}.toml").read_text()


def test_the_five_systems_of_the_process_page():
    assert system_codes() == FIVE


# What the process page lists for each system (document, for whom one is needed).
PAGE = {
    "ACHS": {
        "background_check": "member", "curriculum_vitae": "researcher", "irb_approval": "project",
        "human_subjects_training": "member", "conditions_acknowledged": "project",
    },
    "JCPSS": {
        "background_check": "member", "curriculum_vitae": "researcher", "irb_approval": "project",
        "human_subjects_training": "member", "conditions_acknowledged": "project",
    },
    "CURES": {
        "notary_verification": "researcher", "curriculum_vitae": "researcher", "irb_approval": "project",
        "human_subjects_training": "member", "conditions_acknowledged": "project",
    },
    "RIPA": {
        "notary_verification": "researcher", "conditions_acknowledged": "project", "curriculum_vitae": "member",
    },
}  # fmt: skip


@pytest.mark.parametrize("code", PAGE)
def test_hard_documents_are_those_of_the_process_page(code):
    hard = {d.name: d.per for d in load_system(code).documents if d.hard}
    assert hard == PAGE[code]


KINDS_OF = {
    # system: kinds for a researcher, for an agency, for an entity
    "ACHS": ({"identified", "deidentified", "aggregated"}, {"identified", "deidentified", "aggregated"}, set()),
    "JCPSS": ({"deidentified", "aggregated"}, {"deidentified", "aggregated"}, set()),
    "CURES": ({"identified", "deidentified", "aggregated"}, {"deidentified", "aggregated"}, {"aggregated"}),
    "CARPOS": ({"identified", "deidentified", "aggregated"}, {"aggregated"}, {"aggregated"}),
    "RIPA": ({"deidentified", "aggregated"}, {"deidentified", "aggregated"}, {"aggregated"}),
}  # fmt: skip


@pytest.mark.parametrize("code", KINDS_OF)
def test_who_may_ask_for_what(code):
    kinds = {requester.name: set(requester.kinds) for requester in load_system(code).requesters}
    researcher, agency, entity = KINDS_OF[code]
    assert kinds["bona_fide_researcher"] == kinds["ucfc_researcher"] == researcher
    assert (kinds["public_agency"], kinds["entity"]) == (agency, entity)


def test_identified_data_of_cures_waits_for_counsel_and_nothing_else_does():
    held = {code: set(load_system(code).held_kinds) for code in FIVE}
    assert held == {"ACHS": set(), "CARPOS": set(), "CURES": {"identified"}, "JCPSS": set(), "RIPA": set()}  # fmt: skip


@pytest.mark.parametrize("code", ["JCPSS", "RIPA"])
def test_a_kind_that_a_system_does_not_give_is_an_error(code):
    with pytest.raises(KindNotGiven):
        load_system(code).rows("identified")


@pytest.mark.parametrize("code", FIVE)
def test_every_column_has_a_class_and_a_meaning_and_every_direct_identifier_its_item(code):
    for table in load_system(code).tables:
        for column in table.columns:
            assert column.description
            assert bool(column.item) == (column.identifier_class == "D"), (table.name, column.name)


@pytest.mark.parametrize("code", FIVE)
def test_nothing_direct_leaves_and_what_never_leaves_has_no_output(code):
    system = load_system(code)
    never = {column for entry in system.never for column in entry.columns}
    assert never
    for kind in system.given_kinds:
        release = getattr(system.release, kind)
        for output in release.dimensions if kind == "aggregated" else release.columns:
            assert output.source not in never
            if system.source(output.source).identifier_class in "DK":
                assert output.generalise in {"reference", "present"} or output.combine in NUMBERS


@pytest.mark.parametrize("code", FIVE)
def test_columns_of_rows_begin_with_the_record_or_the_person(code):
    system = load_system(code)
    record = f"{system.record.noun}_"
    for kind, starts in (("identified", (record,)), ("deidentified", (record, "person_"))):
        if kind in system.given_kinds:
            assert all(name.startswith(starts) for name in system.rows(kind).column_names)
    assert [m.name for m in system.release.aggregated.measures] == [system.record.plural, "persons"]


@pytest.mark.parametrize("code", FIVE)
def test_conditions_cite_the_law_of_their_own_system(code):
    system = load_system(code)
    for condition in system.conditions:
        words = f"{condition.head} {condition.text}"
        assert ("§ 96" in words and "11 CCR § 96" not in words) <= (code == "CARPOS")
        words.format(office="O", threshold=10, expires="E", years="", system="S", system_name="N",
                     snapshot_id="I")  # fmt: skip
    for kind in system.given_kinds:
        assert any(kind in condition.kinds for condition in system.conditions)


def test_sections_of_carpos_are_cited_for_carpos_alone():
    assert load_system("CARPOS").cite("§ 964(g)") == "§ 964(g)"
    assert load_system("CURES").cite("§ 964(g)") == "11 CCR § 828.4(c)"
    assert load_system("RIPA").cite("§ 966(e)") == ""  # no fingerprint check there


def test_where_the_law_is_open_counsel_is_asked_and_told_what_happens_until_then():
    for code in FIVE:
        questions = load_system(code).questions
        assert questions
        assert all(q.question.endswith("?") and q.until_then for q in questions)


@pytest.mark.parametrize("code", FIVE)
def test_every_code_list_is_used(code):
    system = load_system(code)
    used = {column.codes for table in system.tables for column in table.columns}
    for kind in system.given_kinds:
        release = getattr(system.release, kind)
        outputs = release.dimensions if kind == "aggregated" else release.columns
        used |= {output.codes for output in outputs} | {release.scope.codes}
    raw = tomllib.loads(text_of(code))
    assert set(raw["code_lists"]) | set(raw["shared"]) <= used


@pytest.mark.parametrize("code", ["ACHS", "JCPSS", "CURES", "RIPA"])
def test_what_was_not_verified_is_marked_and_says_its_sources(code):
    system = load_system(code)
    assert system.sources
    columns = [c for table in system.tables for c in table.columns]
    assert any(not c.verified for c in columns)
    lists = [codes for codes in system.code_lists if not codes.verified]
    assert lists
    assert all(codes.source for codes in system.code_lists)


@pytest.mark.parametrize("code", ["ACHS", "JCPSS", "CURES"])
def test_juveniles_patients_and_arrested_persons_have_no_day_in_deidentified_rows(code):
    system = load_system(code)
    coarse = {"ACHS": {"month"}, "JCPSS": {"year"}, "CURES": {"year"}}[code]
    dates = [
        c for c in system.rows("deidentified").columns if system.source(c.source).type == "date"
    ]
    assert {c.generalise for c in dates if not c.step} == coarse
    assert {c.generalise for c in dates} <= coarse | {"quarter", "year", "two_years", "six_years"}


BREAKS = {
    "what never leaves would leave": ("RIPA", 'name = "stop_type", type = "text", source = "stop.stop_type"', 'name = "stop_type", type = "text", source = "stop.officer_id", generalise = "present"'),
    "a requester of a kind that is not given": ("JCPSS", 'kinds = ["deidentified", "aggregated"]', 'kinds = ["identified", "aggregated"]'),
    "no conditions for a kind": ("ACHS", 'kinds = ["aggregated"]\ntext', 'kinds = ["deidentified"]\ntext'),
    "a pattern that is none": ("RIPA", "content = '\\b\\d{3}-\\d{2}-\\d{4}\\b'", "content = '('"),
    "unknown shared list": ("CURES", 'shared = ["county"', 'shared = ["nothing"'),
    "a cohort can't be linked to rows": ("ACHS", 'party = "arrest"\n', 'party = "arrest"\npersons = "rows"\n'),
}  # fmt: skip


@pytest.mark.parametrize("case", BREAKS)
def test_a_description_that_contradicts_itself_is_refused(case):
    code, before, after = BREAKS[case]
    whole = text_of(code)
    assert before in whole
    with pytest.raises(DescriptionBroken):
        read_system(whole.replace(before, after).encode())


def test_the_kinds_are_in_one_order():
    assert KINDS == ("identified", "deidentified", "aggregated")
