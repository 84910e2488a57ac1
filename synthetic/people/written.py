"""Records as a researcher's file has them: mixed case, some accents, ISO dates, the standard columns."""

import numpy as np
import pyarrow as pa

from synthetic.people.names import Strings
from synthetic.people.noise import NO_DAY
from systems.standard import STANDARD_COLUMNS

_ACCENTS = {
    "Munoz": "Muñoz", "Nunez": "Núñez", "Pena": "Peña", "Garcia": "García", "Hernandez": "Hernández",
    "Lopez": "López", "Martinez": "Martínez", "Gonzalez": "González", "Rodriguez": "Rodríguez",
    "Perez": "Pérez", "Sanchez": "Sánchez", "Ramirez": "Ramírez", "Gomez": "Gómez", "Diaz": "Díaz",
    "Jose": "José", "Jesus": "Jesús", "Maria": "María", "Angel": "Ángel", "Sofia": "Sofía",
    "Zuniga": "Zúñiga", "Ibarra": "Ybarra", "Obrien": "O'Brien", "Oneil": "O'Neil",
    "Mcdonald": "McDonald", "Oconnor": "O'Connor",
}  # fmt: skip


def as_table(columns: dict[str, np.ndarray]) -> pa.Table:
    """Return recorded columns as standard columns of text, as an office writes them."""
    dates = iso(columns["birth_day"])
    texts = {**columns, "birth_date": dates}
    return pa.table(
        {name: pa.array(texts[name], pa.string(), from_pandas=True) for name in STANDARD_COLUMNS}
    )


def mixed_case(rng: np.random.Generator, columns: dict[str, np.ndarray], accents: float) -> None:
    """Rewrite names, streets and cities in mixed case, a share of the names with their accents."""
    for name in ("first_name", "middle_name", "last_name", "street", "city"):
        values = columns[name]
        marked = rng.random(len(values)) < accents
        columns[name] = np.array(
            [
                None if value is None else _titled(value, accented)
                for value, accented in zip(values, marked, strict=True)
            ],
            dtype=object,
        )
    suffix = columns["name_suffix"]
    columns["name_suffix"] = np.array(
        [{"JR": "Jr.", "SR": "Sr."}.get(value, value) for value in suffix], dtype=object
    )


def dashed(rng: np.random.Generator, columns: dict[str, np.ndarray], share: float) -> None:
    """Write a share of the numbers with the marks that people put in."""
    for name, form in (
        ("ssn", lambda t: f"{t[:3]}-{t[3:5]}-{t[5:]}"),
        ("phone", lambda t: f"({t[:3]}) {t[3:6]}-{t[6:]}"),
    ):
        values = columns[name]
        for place in np.flatnonzero(rng.random(len(values)) < share):
            if values[place] is not None:
                values[place] = form(values[place])


def iso(days: np.ndarray) -> Strings:
    """Days since 1970-01-01 as ISO dates, None where missing."""
    text = days.astype("datetime64[D]").astype(str).astype(object)
    text[days == NO_DAY] = None
    return text


def _titled(text: str, accented: bool) -> str:
    words = text.title()
    return " ".join(_ACCENTS.get(word, word) for word in words.split(" ")) if accented else words
