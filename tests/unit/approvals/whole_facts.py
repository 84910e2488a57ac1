"""Facts of every kind of event, as many sets of them as a list of words has words."""

from collections.abc import Iterator, Mapping

from approvals.ledger.events import FactValue, Spec

_SAMPLES: tuple[FactValue, ...] = (
    "2026-11-23", 600, True, "d" * 64, "x1", "2016-2025", ("x1",), ("d" * 64,), ("personnel",), ("C-03",),
    "Q3JlZGVudGlhbC0x",
)  # fmt: skip


def whole(spec: Spec) -> Iterator[Mapping[str, FactValue]]:
    """Every must and may, in as many ways as a choice among words has words."""
    types = {**spec.must, **spec.may}
    choices = {n: list(_words(t.name)) for n, t in types.items()}
    for turn in range(max([1, *map(len, choices.values())])):
        yield {
            name: choices[name][turn % len(choices[name])]
            if choices[name]
            else next(value for value in _SAMPLES if fact.holds(value))
            for name, fact in types.items()
        }


def _words(name: str) -> list[str]:
    said = name.removeprefix("one of ")
    return said.split(", ") if said != name else []
