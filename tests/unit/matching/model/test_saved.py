"""A model's file: what stands in it, that it comes back as it was, and what is refused."""

import json

import numpy as np
import pytest

from matching.comparison import FIELDS, NAMES
from matching.errors import BadModel
from matching.model.model import prior_model
from matching.model.saved import SavedModel, saved_text

MODEL = prior_model(100, 1_000)
TEXT = saved_text(MODEL.m, 0.4, {"cohort_rows": 100})


def read(tmp_path, text):
    path = tmp_path / "model.json"
    path.write_text(text)
    return SavedModel.read(path)


def test_a_model_comes_back_as_it_was_and_names_its_levels(tmp_path):
    saved = read(tmp_path, TEXT)
    assert all(np.allclose(a, b, rtol=1e-12) for a, b in zip(saved.m, MODEL.m, strict=True))
    assert prior_model(100, 1_000, saved=saved).sizes[0] == pytest.approx(40)
    assert set(json.loads(TEXT)["m"]["ssn"]) == {"same", "one digit", "last four", "different"}
    assert len(saved.digest) == 32


def test_what_it_says_of_conflicts_is_within_the_limits_of_training(tmp_path):
    """However often models are saved from saved models, a conflict never gets beyond four times the shipped share."""
    found = json.loads(TEXT)
    found["m"]["birth"]["different"] = 0.9
    model = prior_model(100, 1_000, saved=read(tmp_path, json.dumps(found)))
    f = NAMES.index("birth")
    assert model.m[f][7] <= 4 * MODEL.m[f][7] + 1e-12
    assert model.weights()[f][7] < 0


def changed(change):
    found = json.loads(TEXT)
    change(found)
    return json.dumps(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 200_000,
        changed(lambda found: found["m"].pop("suffix")),
        changed(lambda found: found["m"]["first"].pop("close")),
        changed(lambda found: found["m"]["first"].update({"same": -0.1})),
        changed(lambda found: found["m"]["first"].update({"same": float("nan")})),
        changed(lambda found: found["m"]["first"].update({"same": "much"})),
        changed(lambda found: found["m"].update({"first": [0.5] * (len(FIELDS[0].levels) - 1)})),
        changed(lambda found: found.update({"matches_for_each_row": 0})),
    ],
)
def test_anything_else_is_refused(tmp_path, text):
    with pytest.raises(BadModel):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadModel):
        SavedModel.read(tmp_path / "none.json")
