"""The terms of a system are those of the home that is open, not of the one that was open when somebody first asked."""

from approvals.application import terms_of
from systems.description import use_local

ADDED = """
[code_lists.stop_type]
codes = [{ value = "ours", label = "Ours", attributes = { type = "ours" } }]
"""


def test_what_a_home_adds_is_part_of_the_terms_while_it_is_open(tmp_path):
    before = terms_of("RIPA")
    (tmp_path / "ripa.local.toml").write_text(ADDED)
    try:
        use_local(tmp_path)
        assert terms_of("RIPA").families == before.families | {"ours"}
    finally:
        use_local(None)
    assert terms_of("RIPA") is before
