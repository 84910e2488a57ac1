"""What a home adds to a system's description: codes, code lists and columns; nothing of what is there changes."""

import hashlib

import pytest

from systems.description import Systems, load_system
from systems.errors import LocalWrong

ADDED = """
[code_lists.docket_kind]
title = "Kinds of dockets"
source = "ours"
codes = [{ value = "A", label = "Adult" }, { value = "J", label = "Juvenile" }]

[code_lists.contact_kind]
codes = [{ value = "shelter", label = "Shelter" }]

[tables.order_entry]
columns = [{ name = "docket_kind", type = "text", class = "N", description = "Kind of docket.", codes = "docket_kind" }]
"""


@pytest.fixture
def home(tmp_path):
    def home(text, code="carpos"):
        (tmp_path / f"{code}.local.toml").write_text(text)
        return Systems.of(tmp_path)

    return home


def test_codes_lists_and_columns_are_added(home):
    systems = home(ADDED)
    system = systems.load("CARPOS")
    assert system.table("order_entry").column("docket_kind").codes == "docket_kind"
    assert "shelter" in system.code_list("contact_kind").values
    assert system.digest == hashlib.sha256(systems.text("CARPOS").encode()).hexdigest()
    assert systems.load("RIPA") is load_system("RIPA")


def test_two_homes_that_are_open_at_once_see_each_its_own(home, tmp_path):
    """One that is opened later, or beside it, takes nothing from the first, and installed stays installed."""
    ours, none = home(ADDED), Systems.of(tmp_path / "other")
    for systems, lists in ((ours, True), (none, False), (ours, True), (Systems(), False)):
        assert ("docket_kind" in systems.load("CARPOS").code_lists_by_name) == lists
    assert none.load("CARPOS") is load_system("CARPOS")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tables.order_entry]\ncolumns = [{ name = 'fcn', type = 'text', class = 'N', description = '' }]", "tables.order_entry: a column that is there"),
        ("[code_lists.sex]\ncodes = [{ value = 'M', label = 'Me' }]", "code_lists.sex: a code that is there"),
        ("[code_lists.sex]\ntitle = 'x'", "code_lists.sex: codes alone can be added"),
        ("[tables.order_entry]\nrequired = false", "tables.order_entry: columns alone can be added"),
        ("[tables.nope]\ncolumns = []", "tables.nope: no such table"),
        ("[release]\nx = 1", "release: no such key"),
        ("[code_lists.order_code]\ncodes = [{ value = 'ZZZ', label = 'No family' }]", "code_lists.order_code: a code without family"),
        ("x = ", "not TOML"),
    ],
)  # fmt: skip
def test_what_would_change_something_is_refused(home, text, said):
    with pytest.raises(LocalWrong) as caught:
        home(text).load("CARPOS")
    assert any(said in one for one in caught.value.facts["problems"]), caught.value.facts


def test_a_column_that_the_law_does_not_let_in_is_none_under_a_name_of_its_own(home):
    text = "[tables.stop]\ncolumns = [{ name = 'driver_name', type = 'text', class = 'N', description = '' }]"
    with pytest.raises(LocalWrong) as caught:
        home(text, "ripa").load("RIPA")
    assert caught.value.facts["problems"] == ("tables.stop: a column that the law does not let in",)
