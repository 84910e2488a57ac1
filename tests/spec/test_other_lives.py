"""Other projects than the year's, by the real commands; the page shows them.

A study as large as they come with a second year and a co-investigator, requests that are refused and what may be had instead, and a
year of CURES and of RIPA. Every step asserts how its command ends.
"""

from tests.spec.other_lives import PAGE, whole_page


def test_the_stories_hold_and_the_page_shows_them(tmp_path):
    page = whole_page(tmp_path)
    assert page == PAGE.read_text("utf-8"), "write it again: python -m tests.spec.other_lives"
