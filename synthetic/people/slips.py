"""Small errors of writing: a letter or digit wrong, a name in one of its other forms."""

from collections.abc import Callable

import numpy as np

from synthetic.people.names import Strings

Mask = np.ndarray
_KEYS = dict(
    zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "SNVFRGHJUKJKMBIPAEDYIBEZTX", strict=True)
)  # a neighbour on the keyboard


def chance(rng: np.random.Generator, share: float, size: int) -> Mask:
    """Which of ``size`` records are hit."""
    return rng.random(size) < share


def change(values: Strings, where: Mask, make: Callable[[str], str]) -> None:
    """Rewrite the values that are hit and not missing."""
    for place in np.flatnonzero(where):
        if values[place] is not None:
            values[place] = make(values[place])


def vary(
    rng: np.random.Generator, values: Strings, others: dict[str, tuple[str, ...]], share: float
) -> None:
    """Write a share of the names that can be written otherwise in one of the other ways."""
    for place in np.flatnonzero(chance(rng, share, len(values))):
        if options := others.get(values[place]):
            values[place] = options[int(rng.integers(len(options)))]


def typing_error(rng: np.random.Generator, text: str) -> str:
    """One letter left out, doubled, swapped with the next, or hit beside."""
    if len(text) < 2:
        return text
    at, kind = int(rng.integers(1, len(text))), int(rng.integers(4))
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at - 1] + text[at:]
    if kind == 2:
        return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
    return text[:at] + _KEYS.get(text[at], "E") + text[at + 1 :]


def digit_error(rng: np.random.Generator, text: str) -> str:
    """One digit wrong, or two swapped."""
    places = [i for i, mark in enumerate(text) if mark.isdigit()]
    at = places[int(rng.integers(len(places)))]
    if at + 1 < len(text) and text[at + 1].isdigit() and rng.random() < 0.4:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + str((int(text[at]) + int(rng.integers(1, 10))) % 10) + text[at + 1 :]
