"""Cohen's kappa against the definition, on tables worked by hand."""

import pytest

from matching.review import Agreement, agreement


def test_the_textbook_table():
    """Cohen's own kind of table: 20 both yes, 15 both no, 5 and 10 apart: 0.7 observed, 0.5 by chance."""
    answers = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert agreement(answers) == Agreement(50, 35, 0.4)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([], Agreement(0, 0, None)),
        ([("same", "same")] * 4, Agreement(4, 4, None)),  # chance alone would have it so
        ([("same", "same"), ("different", "different")], Agreement(2, 2, 1.0)),
        ([("same", "different"), ("different", "same")], Agreement(2, 0, -1.0)),
        ([("same", "different")], Agreement(1, 0, 0.0)),
    ],
)
def test_where_there_is_little_to_say(answers, told):
    assert agreement(answers) == told
