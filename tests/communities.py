"""Registers and cohorts of many communities and families, with the truth: for benchmarks and tests of the linkage.

What the product's own generator does not make: communities with few surnames, names that are written in several orders,
joined and split, and families that share a home (fathers and sons of one name, twins, siblings, couples). Nobody here is real.
"""

import datetime
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

import pyarrow as pa

from tests.further import FURTHER, POOLS, further_boxes, further_names

EIGHT = {
    "anglo": 0.33, "hispanic": 0.33, "chinese": 0.075, "black": 0.065, "vietnamese": 0.06,
    "armenian": 0.05, "filipino": 0.05, "korean": 0.05,
}  # fmt: skip
OTHERS = dict.fromkeys(("punjabi", "arabic", "russian", "hmong"), 0.25)
STREETS = (
    "maple",
    "oak",
    "main",
    "hill",
    "beach",
    "cedar",
    "pine",
    "elm",
    "walnut",
    "sherman",
    "lincoln",
    "grant",
    "madison",
    "jackson",
    "washington",
    "park",
    "lake",
    "sunset",
    "vine",
    "spring",
    "river",
    "church",
    "mission",
    "valley",
    "orange",
    "magnolia",
    "laurel",
    "cherry",
    "willow",
    "ash",
    "fir",
    "birch",
    "college",
    "market",
)
KINDS = ("Road", "Avenue", "Blvd", "Street", "Drive", "Lane", "Court", "Way")
CITIES = (
    ("Sacramento", "958", "Sacramento"), ("San Diego", "921", "San Diego"), ("Fresno", "937", "Fresno"),
    ("Los Angeles", "900", "Los Angeles"), ("Daly City", "940", "San Mateo"), ("Westminster", "926", "Orange"),
    ("Glendale", "912", "Los Angeles"), ("San Jose", "951", "Santa Clara"), ("Stockton", "952", "San Joaquin"),
    ("Oakland", "946", "Alameda"), ("Irvine", "926", "Orange"), ("Merced", "953", "Merced"),
)  # fmt: skip
NICKNAMES = {
    "robert": "bob", "william": "bill", "richard": "rick", "michael": "mike", "james": "jim", "christopher": "chris",
    "elizabeth": "liz", "katherine": "kathy", "margaret": "peggy", "jennifer": "jen", "patricia": "patty",
    "jose": "pepe", "francisco": "paco", "guadalupe": "lupe", "jesus": "chuy", "antonio": "tony", "ignacio": "nacho",
    "alexander": "sasha", "dmitry": "dima", "ekaterina": "katya", "consuelo": "chelo", "eduardo": "lalo",
}  # fmt: skip
SISTERS = {
    "eric": "erica", "paul": "paula", "daniel": "danielle", "victor": "victoria", "alexander": "alexandra", "julio": "julia",
    "mario": "maria", "andrew": "andrea", "carlos": "carla", "brian": "briana", "christopher": "christine", "robert": "roberta",
    "patrick": "patricia", "luis": "luisa", "antonio": "antonia", "john": "joan", "eugene": "eugenia", "jean": "jeanne",
    "ali": "alia", "samir": "samira", "kulwinder": "balwinder", "hung": "huong", "aram": "araks", "michael": "michelle",
}  # fmt: skip
COLUMNS = (
    "first_name", "middle_name", "last_name", "name_suffix", "birth_date", "sex", "phone", "street", "city", "zip", "county",
)  # fmt: skip


@dataclass(frozen=True)
class Home:
    """An address."""

    number: int
    street: str
    unit: int
    place: tuple[str, str, str]
    zip_end: int


@dataclass(frozen=True)
class Person:
    """Somebody as they are; ``tie`` says what binds them to the person that they were made beside."""

    community: str
    female: bool
    given: tuple[str, ...]
    western: str
    middle: str
    surnames: tuple[str, ...]
    suffix: str
    birth: datetime.date
    home: Home
    phone: str
    tie: str = ""


@dataclass(frozen=True)
class Communities:
    """Two tables to link, the true pairs, and of each cohort row its community and what ties it to somebody on record."""

    cohort: pa.Table
    records: pa.Table
    truth: pa.Table
    community: dict[str, str]
    tie: dict[str, str]


@cache
def _pools() -> dict[str, dict[str, object]]:
    own = tomllib.loads((Path(__file__).parent / "communities.toml").read_text("utf-8"))
    return own | POOLS


def _words(community: str, name: str) -> list[str]:
    text = _pools()[community].get(name, [])
    return [w.rstrip("_") for w in text.split()] if isinstance(text, str) else list(text)


@cache
def _pool(community: str, name: str) -> tuple[list[str], list[float]]:
    names = _words(community, name)
    flat = float(_pools()[community]["flat"])
    return names, [1 / (rank + 1 + flat) for rank in range(len(names))]


def _draw(rng: Random, community: str, name: str) -> str:
    names, weights = _pool(community, name)
    return rng.choices(names, weights)[0]


def _home(rng: Random) -> Home:
    unit = rng.randint(1, 60) if rng.random() < 0.25 else 0
    return Home(
        rng.randint(100, 9999), rng.choice(STREETS), unit, rng.choice(CITIES), rng.randint(1, 60)
    )


def _phone(rng: Random) -> str:
    return f"{rng.choice((916, 619, 559, 213, 714, 408))}{rng.randint(2_000_000, 9_999_999)}"


def _names(rng: Random, community: str, female: bool) -> dict[str, object]:
    sex, western = "female" if female else "male", ""
    if community in FURTHER:
        return further_names(rng, community, sex, lambda name: _draw(rng, community, name))
    middle, surnames = "", (_draw(rng, community, "last"),)
    if community in ("korean", "chinese"):
        count = 2 if community == "korean" or rng.random() < 0.7 else 1
        syllables = _pool(community, "syllables")[0]
        given = tuple(rng.choice(syllables) for _ in range(count))
        western = _draw(rng, community, sex) if rng.random() < 0.45 else ""
    elif community == "vietnamese":
        given = (_draw(rng, community, sex),)
        middle = _draw(rng, community, f"{sex}_middle")
    else:
        given = (_draw(rng, community, sex),)
    if community in ("hispanic", "filipino") and rng.random() < 0.25:
        given = tuple(rng.choice(_words(community, f"{sex}_compound")).split())
    if community == "hispanic":
        if rng.random() < 0.06:
            surnames = (rng.choice(_words(community, "particle")),)
        if rng.random() < 0.5:
            surnames = (*surnames, _draw(rng, community, "last"))
        middle = _draw(rng, community, sex) if len(given) == 1 and rng.random() < 0.4 else ""
    elif community == "filipino":
        middle = _draw(rng, community, "last")
    elif community in ("anglo", "black"):
        middle = _draw(rng, community, sex) if rng.random() < 0.7 else ""
    elif community == "punjabi":
        title = "kaur" if female else "singh"
        middle = title if surnames[0] not in ("singh", "kaur") and rng.random() < 0.7 else ""
        if surnames[0] in ("singh", "kaur"):
            surnames = (title,)
    elif community == "arabic":
        middle = _draw(rng, community, "male") if rng.random() < 0.6 else ""
    elif community == "russian":
        middle = ""
        if female and surnames[0].endswith(("ov", "ev", "in")):
            surnames = (surnames[0] + "a",)
    return {"given": given, "western": western, "middle": middle, "surnames": surnames}


def _person(rng: Random, community: str, **known: object) -> Person:
    female = bool(known.pop("female", rng.random() < 0.5))
    birth = datetime.date(1945, 1, 1) + datetime.timedelta(days=rng.randint(0, 365 * 60))
    made = _names(rng, community, female) | {"suffix": "", "birth": birth}
    if "home" not in known:
        made |= {"home": _home(rng)}
    if "phone" not in known:
        made |= {"phone": _phone(rng)}
    return Person(community, female, **{**made, **known})


def _relative(rng: Random, of: Person, tie: str) -> Person:
    """Somebody of the same home."""
    same = {"home": of.home, "surnames": of.surnames, "tie": tie}
    if rng.random() < 0.5:
        same["phone"] = of.phone
    if tie == "son" and not of.female:
        years = rng.randint(20, 34)
        birth = of.birth.replace(
            year=of.birth.year + years, month=rng.randint(1, 12), day=rng.randint(1, 28)
        )
        suffix = "JR" if of.suffix == "SR" and rng.random() < 0.7 else ""
        middle = (
            of.middle
            if suffix or rng.random() < 0.5
            else _names(rng, of.community, of.female)["middle"]
        )
        return replace(_person(rng, of.community, female=of.female, **same), given=of.given, western=of.western,
                       middle=middle, suffix=suffix, birth=birth)  # fmt: skip
    if tie == "twin":
        twin = _person(rng, of.community, **same)
        while twin.given == of.given:
            twin = _person(rng, of.community, **same)
        if of.given[0] in SISTERS and rng.random() < 0.5:
            twin = replace(twin, given=(SISTERS[of.given[0]],), female=True)
        return replace(twin, birth=of.birth)
    gap = rng.randint(1, 9) if tie in ("sibling", "spouse") else rng.randint(22, 38)
    birth = of.birth.replace(
        year=of.birth.year + gap, month=rng.randint(1, 12), day=rng.randint(1, 28)
    )
    female = not of.female if tie == "spouse" else rng.random() < 0.5
    return replace(_person(rng, of.community, female=female, **same), birth=birth)


TIES = ("son", "twin", "sibling", "spouse", "child")


def _typo(rng: Random, text: str) -> str:
    if len(text) < 3:
        return text
    place = rng.randrange(1, len(text))
    kind = rng.randrange(3)
    if kind == 0:
        return text[:place] + rng.choice("aeiorstln") + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place + 1 :]
    return text[: place - 1] + text[place] + text[place - 1] + text[place + 1 :]


def _boxes(rng: Random, p: Person) -> tuple[str, str, str]:
    """First, middle and last name as one clerk writes them."""
    if p.community in FURTHER:
        return further_boxes(rng, p.community, p.given, p.western, p.middle, p.surnames)
    given, middle, last = p.given, p.middle, " ".join(p.surnames)
    first, roll = " ".join(given), rng.random()
    if p.community in ("korean", "chinese"):
        joined = rng.choice((" ".join, "".join, "-".join))(given)
        first, middle = joined, ""
        if len(given) == 2 and roll < 0.12:
            first, middle = given
        if p.western:
            first, middle = ((p.western, joined), (joined, ""), (p.western, ""), (f"{p.western} {joined}", ""))[
                rng.choices(range(4), (5, 3, 2, 1))[0]
            ]  # fmt: skip
        if roll > 0.96:
            first, last = last, first
    elif p.community == "vietnamese":
        if roll < 0.12:
            first, middle, last = f"{last} {middle}", "", first
        elif roll < 0.2:
            first, middle = f"{middle} {first}", ""
        elif roll < 0.45:
            middle = ""
    elif p.community in ("hispanic", "filipino"):
        if len(given) > 1 and roll < 0.3:
            first = given[0] if roll < 0.15 else first
            middle = given[1] if roll >= 0.15 and p.community == "hispanic" else middle
            first = given[0] if middle == given[1] else first
        if len(p.surnames) > 1:
            last = (last, "-".join(p.surnames), p.surnames[0], p.surnames[1])[
                rng.choices(range(4), (5, 2, 3, 0.5))[0]
            ]
        if rng.random() < 0.3 and last.startswith(("de la ", "de los ", "del ")):
            last = rng.choice((last.rsplit(" ", 1)[1], last.replace(" ", "")))
        if p.community == "filipino" and rng.random() < 0.5:
            middle = middle[:1] if rng.random() < 0.6 else ""
    elif p.community == "armenian" and roll < 0.2:
        last = last[:-3] + "ian" if last.endswith("yan") else last.removesuffix("ian") + "yan"
    elif p.community == "punjabi" and middle:
        if roll < 0.2:
            last, middle = middle, ""
        elif roll < 0.4:
            first, middle = f"{first} {middle}", ""
        elif roll < 0.6:
            middle = ""
    elif p.community == "arabic":
        last = rng.choice(
            (last, last.replace("al-", "al "), last.replace("al-", ""), last.replace("-", ""))
        )
        middle = "" if roll < 0.5 else middle
    elif p.community == "russian" and p.female and roll < 0.1:
        last = last.removesuffix("a")
    elif middle and p.community in ("anglo", "black"):
        middle = ("", middle[:1], middle)[rng.choices(range(3), (4, 3, 3))[0]]
    if rng.random() < 0.05:
        first = NICKNAMES.get(first, first)
    return first, middle, last


@dataclass(frozen=True)
class Wear:
    """Shares of written rows with each trait."""

    moved: float = 0.12
    phone_known: float = 0.6
    phone_changed: float = 0.15
    typo: float = 0.03
    born_missing: float = 0.04
    born_year: float = 0.02
    born_swapped: float = 0.02
    born_digit: float = 0.025
    married: float = 0.05
    sex_missing: float = 0.02
    suffix_missing: float = 0.4


def _born(rng: Random, birth: datetime.date, wear: Wear) -> str:
    roll = rng.random()
    for share, written in (
        (wear.born_missing, ""),
        (wear.born_year, f"{birth.year}-01-01"),
        (wear.born_swapped, f"{birth.year}-{birth.day:02d}-{birth.month:02d}" if birth.day < 13 else birth.isoformat()),
        (wear.born_digit, birth.replace(day=(birth.day + rng.choice((1, 10, 3)) - 1) % 28 + 1).isoformat()),
    ):  # fmt: skip
        if roll < share:
            return written
        roll -= share
    return birth.isoformat()


def _written(rng: Random, p: Person, wear: Wear) -> list[str | None]:
    first, middle, last = _boxes(rng, p)
    first = _typo(rng, first) if rng.random() < wear.typo else first
    last = _typo(rng, last) if rng.random() < wear.typo else last
    if (
        p.female
        and p.community in ("anglo", "black", "hispanic", "russian")
        and rng.random() < wear.married
    ):
        last = _draw(rng, p.community, "last")
    home = _home(rng) if rng.random() < wear.moved else p.home
    phone = _phone(rng) if rng.random() < wear.phone_changed else p.phone
    unit = (
        rng.choice((f" #{home.unit}", f" Apt {home.unit}", f", Unit {home.unit}", ""))
        if home.unit
        else ""
    )
    case = str.upper if rng.random() < 0.6 else str.title
    city, prefix, county = home.place
    row = [
        case(first), case(middle), case(last), p.suffix if rng.random() > wear.suffix_missing else "",
        _born(rng, p.birth, wear), "" if rng.random() < wear.sex_missing else "FM"[not p.female],
        phone if rng.random() < wear.phone_known else "",
        f"{home.number} {home.street.title()} {KINDS[home.number % len(KINDS)]}{unit}",
        city, f"{prefix}{home.zip_end:02d}", county,
    ]  # fmt: skip
    return [text or None for text in row]


def make_communities(
    seed: int,
    *,
    records: int = 5_000,
    rows: int = 2_000,
    both: int = 600,
    relatives: int = 200,
    ties: Sequence[str] = TIES,
    shares: dict[str, float] | None = None,
    wear: Wear | None = None,
    phones: bool = True,
) -> Communities:
    """Make a register and a cohort.

    Args:
        seed: the same seed gives the same tables.
        records: rows of the register, a tenth of them second records of one person.
        rows: rows of the cohort, each one person.
        both: people who are in both.
        relatives: further rows of the cohort that are relatives, of the same home, of somebody on record, and not on record.
        ties: what they are; a ``son`` bears the father's name.
        shares: of communities (default: eight of them, as in California).
        wear: how often what goes wrong.
        phones: telephone numbers at all.
    """
    rng, wear = Random(seed), wear or Wear()
    shares = shares or EIGHT
    kinds, weights = list(shares), list(shares.values())

    def somebody() -> Person:
        person = _person(rng, rng.choices(kinds, weights)[0])
        return replace(person, suffix="SR") if not person.female and rng.random() < 0.02 else person

    registered = [somebody() for _ in range(records - records // 10)]
    for i in range(0, len(registered) // 5, 2):  # families of which two are on record
        registered[i + 1] = _relative(rng, registered[i], rng.choice(TIES))
    entries = [*registered, *rng.choices(registered, k=records - len(registered))]
    of_record = {id(p): [] for p in registered}
    order = rng.sample(range(records), records)
    for number, entry in enumerate(order):
        of_record[id(entries[entry])].append(f"R{number:06d}")
    chosen = rng.sample(range(len(registered)), both + relatives)
    asked: list[tuple[Person, list[str], str]] = []
    for i in chosen[:both]:
        tied = i < len(registered) // 5 - 1
        asked.append(
            (registered[i], of_record[id(registered[i])], "family on record" if tied else "")
        )
    for i in chosen[both:]:
        tie = rng.choice(ties)
        father = registered[i]
        if tie == "son" and rng.random() < 0.4:
            father = replace(father, suffix="SR")
            entries = [father if e is registered[i] else e for e in entries]
        asked.append((_relative(rng, father, tie), [], tie))
    asked += [(somebody(), [], "") for _ in range(rows - len(asked))]
    rng.shuffle(asked)
    names = [c for c in COLUMNS if phones or c != "phone"]
    keep = [COLUMNS.index(c) for c in names]

    def table(name: str, ids: list[str], people: list[Person]) -> pa.Table:
        written = [_written(rng, p, wear) for p in people]
        columns = {
            c: pa.array([w[k] for w in written], pa.string())
            for c, k in zip(names, keep, strict=True)
        }
        return pa.table({name: pa.array(ids), **columns})

    ids = [f"C{i:06d}" for i in range(len(asked))]
    pairs = [(c, r) for c, (_, theirs, _) in zip(ids, asked, strict=True) for r in theirs]
    return Communities(
        table("cohort_id", ids, [p for p, _, _ in asked]),
        table("record_id", [f"R{i:06d}" for i in range(records)], [entries[e] for e in order]),
        pa.table({"cohort_id": [c for c, _ in pairs], "record_id": [r for _, r in pairs]}),
        {c: p.community for c, (p, _, _) in zip(ids, asked, strict=True)},
        {c: tie for c, (_, _, tie) in zip(ids, asked, strict=True)},
    )
