"""Names of nine further communities, as people have them and as clerks write them; the linkage was not chosen by them.

A father's name in the place of a surname, an initial in its place, no surname at all, names of syllables, surname first: each is usual somewhere.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from random import Random

Draw = Callable[[str], str]  # a name of a list, the commonest oftenest
Boxes = tuple[str, str, str]  # first, middle and last name
POOLS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
SPELLINGS: dict[str, str] = POOLS.pop("spellings")
FURTHER = dict.fromkeys(POOLS, 1 / len(POOLS))


def further_names(rng: Random, community: str, sex: str, draw: Draw) -> dict[str, object]:
    """What somebody is called; ``sex`` as the lists have it."""
    if community == "burmese":
        syllables = POOLS[community]["syllables"].split()
        given = tuple(rng.choice(syllables) for _ in range(rng.choice((2, 3, 3, 4))))
        return {"given": given, "western": "", "middle": "", "surnames": given[-1:]}
    given, surnames, middle, western = (draw(sex),), (draw("last"),), "", ""
    if community == "ethiopian":
        middle = draw("male")  # the grandfather's
    elif community == "persian" and sex == "male" and rng.random() < 0.3:
        given = (*given, draw(sex))
    elif community == "brazilian":
        given = (*given, draw(sex)) if rng.random() < 0.35 else given
        surnames = (*surnames, draw("last")) if rng.random() < 0.75 else surnames
        surnames = (rng.choice(("da", "dos", "de")), *surnames) if rng.random() < 0.2 else surnames
    elif community == "japanese":
        western = draw(f"western_{sex}") if rng.random() < 0.3 else ""
    elif community == "indonesian":
        surnames = () if rng.random() < 0.6 else surnames
    elif community == "samoan":
        middle = draw("male") if rng.random() < 0.5 else ""
    return {"given": given, "western": western, "middle": middle, "surnames": surnames}


def further_boxes(
    rng: Random, community: str, given: tuple[str, ...], western: str, middle: str, surnames: tuple[str, ...]
) -> Boxes:  # fmt: skip
    """The three names as one clerk writes them."""
    first, last, roll = " ".join(given), " ".join(surnames), rng.random()
    if community == "ethiopian":
        last, middle = ((middle, last), (middle, ""), (last, ""), (last, middle[:1]), (last, middle))[
            rng.choices(range(5), (15, 10, 35, 15, 25))[0]
        ]  # fmt: skip
    elif community == "tamil":
        first, last = ((first, last[:1]), (last[:1], first), (last, first), (first, last))[
            rng.choices(range(4), (25, 10, 15, 50))[0]
        ]
    elif community == "burmese":
        first, middle, last = (
            (given[0], " ".join(given[1:-1]), given[-1]), (" ".join(given[:-1]), "", given[-1]), (given[0], "", " ".join(given[1:])),
        )[rng.choices(range(3), (4, 3, 2))[0]]  # fmt: skip
        first = f"maung {first}" if rng.random() < 0.1 else first
    elif community == "indonesian" and not last:
        first, last = ((first, ""), ("FNU", first), (first, "LNU"), (first, first))[
            rng.choices(range(4), (4, 2, 2, 2))[0]
        ]
    elif community == "cambodian" and roll < 0.2:
        first, last = last, first
    elif community == "persian":
        if len(given) > 1:
            first, middle = ((first, ""), given, ("".join(given), ""), (given[1], ""))[
                rng.choices(range(4), (35, 30, 20, 15))[0]
            ]
        last = last.replace("zadeh", " zadeh") if rng.random() < 0.15 else last
    elif community == "brazilian":
        plain = [part for part in surnames if part not in ("da", "dos", "de")]
        last = surnames[-1] if roll < 0.25 else "-".join(plain) if roll < 0.4 else last
        if len(given) > 1:
            first, middle = ((first, ""), given, (given[0], ""))[
                rng.choices(range(3), (4, 4, 2))[0]
            ]
    elif community == "samoan":
        middle = "" if roll < 0.5 else middle
        last = last.replace("'", "").replace("-", " ") if rng.random() < 0.3 else last
    elif western:
        first, middle = ((western, first), (first, ""), (western, ""), (first, western))[
            rng.choices(range(4), (4, 3, 2, 2))[0]
        ]
    return _spelt(rng, first), middle, _spelt(rng, last)


def _spelt(rng: Random, text: str) -> str:
    words = (
        rng.choice(SPELLINGS[word].split()) if word in SPELLINGS and rng.random() < 0.25 else word
        for word in text.split()
    )
    return " ".join(words)
