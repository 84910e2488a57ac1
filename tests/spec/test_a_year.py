"""A year in the life of a project, by the real commands on a clock of its own; the page shows it.

The story stands in ``a_year``: submission, approval, two releases, a denial and its appeal, review of a
draft, appeal, renewal, amendment, correction, completion, one extension, destruction. Every step asserts how its command ends.
"""

from tests.spec.a_year import PAGE, whole_page


def test_the_story_holds_and_the_page_shows_it(tmp_path):
    page = whole_page(tmp_path)
    assert page == PAGE.read_text("utf-8"), "write it again: python -m tests.spec.a_year"
