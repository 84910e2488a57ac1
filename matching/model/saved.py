"""A trained model as a file, for another linkage to start from: what agrees in matches, and how many there are.

Chance is no part of it, and neither are look-alikes: how common names are is counted in each register. No value of a person is in it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np

from matching.arrow import Floats
from matching.comparison import FIELDS
from matching.errors import BadModel
from systems import bounded

_BIGGEST: Final = 1 << 20  # bytes


@dataclass(frozen=True)
class SavedModel:
    """What training starts from in the shipped prior's stead.

    Attributes:
        m: of each field's levels (level 0 is 1).
        share: expected matches for each row of the smaller table.
        digest: of its file: the first half of its SHA-256.
    """

    m: tuple[Floats, ...]
    share: float
    digest: str

    @classmethod
    def read(cls, path: Path) -> "SavedModel":
        """Read what ``saved_text`` made.

        Raises:
            BadModel: no saved model, other fields or levels than this version's, or numbers that are no shares.
        """
        try:
            text = bounded.read_at_most(path, _BIGGEST) or b""
            found = bounded.json_of(text)
            levels = {name: list(shares) for name, shares in found["m"].items()}
            share, table = float(found["matches_for_each_row"]), found["m"]
            if levels != {field.name: list(field.levels[1:]) for field in FIELDS}:
                raise BadModel(problem="other fields or levels than this version's")
            m = [np.array([1.0, *map(float, table[field.name].values())]) for field in FIELDS]
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            raise BadModel(problem="not a saved model") from None
        if not (0 < share < _BIGGEST and all(0 < x <= 1 for x in np.concatenate(m))):
            raise BadModel(problem="numbers that are no shares")
        for field, own in zip(FIELDS, m, strict=True):
            for group in map(list, field.groups):
                own[group] /= own[group].sum()
        return cls(tuple(m), share, sha256(text).hexdigest()[:32])


def saved_text(m: Sequence[Floats], share: float, provenance: Mapping[str, object]) -> str:
    """The text of a model's file; ``provenance`` says what it was trained on: counts, versions, options."""
    table = {
        field.name: dict(zip(field.levels[1:], own[1:].tolist(), strict=True))
        for field, own in zip(FIELDS, m, strict=True)
    }
    found = {"provenance": provenance, "matches_for_each_row": share, "m": table}
    return json.dumps(found, indent=1) + "\n"
