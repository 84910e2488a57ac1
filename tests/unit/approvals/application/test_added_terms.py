"""The terms of a system are those of the home that asks, not of the one that asked first."""

from approvals.application import terms_of
from systems.description import Systems

ADDED = """
[code_lists.stop_type]
codes = [{ value = "ours", label = "Ours", attributes = { type = "ours" } }]
"""


def test_what_a_home_adds_is_part_of_its_terms_and_of_no_others(tmp_path):
    (tmp_path / "ripa.local.toml").write_text(ADDED)
    added = terms_of("RIPA", Systems.of(tmp_path))
    assert added.families == terms_of("RIPA").families | {"ours"}
    assert terms_of("RIPA", Systems.of(tmp_path)) is added
