"""The Five Safes of a release: the caller's items, and the rules that bind every recipient.

Project, people and settings are judged elsewhere (the gate, the keys); their items come as they are.
What the recipient owes afterwards is added here, with its section, as information.
"""

from collections.abc import Sequence

from expectations.report.model import Item, Safe

_OWED: tuple[tuple[str, str], ...] = (
    ("Use only for the purposes of the application", "§ 964(a)"),
    ("No transfer to anybody else without written approval and authority in law", "§ 964(c)"),
    ("Publish only aggregates in which no category stands for fewer than {threshold} individuals", "§ 964(d)-(f)"),
    ("Send the complete draft ten business days before any publication", "§ 964(g)"),
    ("Report a breach at once", "§ 964(k)(1)"),
    ("Report completion within 30 days, with the certificate of destruction", "§§ 964(l), 967(a)"),
)  # fmt: skip
_OWED_AGGREGATED: tuple[tuple[str, str], ...] = (
    ("Do not try to undo the suppression, or to identify anybody", "§ 964(e)"),
    ("Do not sell the data; reports that rest on it may be sold", "§ 964(i)"),
)


def five_safes(
    kind: str,
    *,
    project: Sequence[Item] = (),
    people: Sequence[Item] = (),
    settings: Sequence[Item] = (),
    data: Sequence[Item] = (),
    outputs: Sequence[Item] = (),
    threshold: int = 10,
    owed: Sequence[tuple[str, str]] | None = None,
) -> tuple[Safe, ...]:
    """Return the five, in their order; what the recipient owes is added to the outputs.

    ``owed`` says it, as (text, section), where another law than CARPOS's regulation governs.
    """
    if owed is None:
        owed = _OWED_AGGREGATED if kind == "aggregated" else _OWED
    duties = [
        Item(
            text=text.format(threshold=threshold),
            status="info",
            section=section,
            detail="Recipient's duty",
        )
        for text, section in owed
    ]
    return (
        Safe(name="project", items=tuple(project)),
        Safe(name="people", items=tuple(people)),
        Safe(name="settings", items=tuple(settings)),
        Safe(name="data", items=tuple(data)),
        Safe(name="outputs", items=(*outputs, *duties)),
    )
