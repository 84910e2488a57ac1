"""An error's text is its class plus facts; nothing else finds a way in."""

import importlib
import json
import pickle
from pathlib import Path

import pytest

import errors
from errors import CodedError, Exit, every_error

TEXTS = sorted(Path(errors.__file__).parents[1].glob("[a-z]*/**/errors.json"))


class RowsShareAnId(CodedError, code="TESTS-01", exit=Exit.INPUT):
    cause = "two rows share an id"
    cure = "Give every row an id of its own"


def test_text_has_code_cause_facts_and_cure():
    error = RowsShareAnId(rows=[3, 9], column="cohort_id")
    assert str(error) == (
        "TESTS-01: two rows share an id (rows 3, 9; column cohort_id). "
        "Give every row an id of its own"
    )
    assert error.as_dict()["exit"] == 6


def test_long_lists_and_strange_names_are_cut():
    error = RowsShareAnId(rows=range(25), column="a\x1b[31m\u202eb" + "c" * 200)
    assert "9 and 15 more" in str(error)
    assert "\x1b" not in str(error)
    assert len(error.facts["column"]) == 60


def test_pickles_by_its_facts():
    copy = pickle.loads(pickle.dumps(RowsShareAnId(rows=[3, 9])))
    assert isinstance(copy, RowsShareAnId)
    assert str(copy) == str(RowsShareAnId(rows=[3, 9]))


def test_a_code_stands_for_one_class():
    with pytest.raises(TypeError, match="TESTS-01"):

        class Another(CodedError, code="TESTS-01"):
            cause = "x"
            cure = "y"


@pytest.mark.parametrize("missing", ["code", "cause", "cure"])
def test_a_class_must_say_everything(missing):
    says = {"code": "TESTS-02", "cause": "x", "cure": "y"} | {missing: ""}
    code = says.pop("code")
    with pytest.raises(TypeError, match="needs code, cause and cure"):
        type("Incomplete", (CodedError,), says, code=code)


def test_cause_and_cure_are_the_docstring():
    assert RowsShareAnId.__doc__ == "two rows share an id. Give every row an id of its own"


def test_a_special_case_keeps_the_exit_of_its_base():
    class RowsShareTwoIds(RowsShareAnId, code="TESTS-03"):
        cause = "two rows share two ids"

    assert RowsShareTwoIds.exit is Exit.INPUT


@pytest.mark.parametrize("texts", TEXTS, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_every_text_is_that_of_an_error_of_its_module(texts):
    room = texts.relative_to(Path(errors.__file__).parents[1]).with_suffix("")
    module = importlib.import_module(".".join(room.parts))
    said = json.loads(texts.read_text("utf-8"))
    codes = {error.code for error in every_error() if error.__module__ == module.__name__}
    assert set(said) == codes
    assert all(set(text) == {"cause", "cure"} for text in said.values())
