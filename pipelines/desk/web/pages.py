"""Pages by topic: which path is answered by which function, for which roles, under which name of a command."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from starlette.responses import Response

Answer = TypeVar("Answer", bound=Callable[..., Response])


@dataclass(frozen=True)
class Page:
    """One path of the desk.

    ``roles`` may see it, where any are named; ``step`` is the command that does the same, in dots, under which a refusal is
    recorded; ``known`` says that a visitor must be signed in; ``largest`` is how many bytes its form may have; a ``quiet`` one
    asks by itself and does not keep its visitor signed in.
    """

    method: str
    path: str
    answer: Callable[..., Response]
    roles: frozenset[str] = frozenset()
    step: str = "desk"
    known: bool = True
    largest: int = 64 << 10
    quiet: bool = False


class Pages:
    """The pages of a topic, and how the desk's navigation calls it (empty: it has no place there)."""

    def __init__(self, title: str = "", first: str = "") -> None:
        self.title, self.first = title, first
        self._pages: list[Page] = []

    def __iter__(self) -> Iterator[Page]:
        return iter(self._pages)

    def get(
        self,
        path: str,
        *,
        roles: Sequence[str] = (),
        step: str = "desk",
        known: bool = True,
        quiet: bool = False,
    ) -> Callable[[Answer], Answer]:
        """A page to look at: its function takes the `Visit`, then the path's parts by name."""
        return self._add("GET", path, roles=frozenset(roles), step=step, known=known, quiet=quiet)

    def post(
        self,
        path: str,
        *,
        step: str,
        roles: Sequence[str] = (),
        known: bool = True,
        largest: int = 64 << 10,
    ) -> Callable[[Answer], Answer]:
        """A form's step, as the command ``step``; its function ends by leading to a page (`Visit.go`)."""
        return self._add(
            "POST", path, roles=frozenset(roles), step=step, known=known, largest=largest
        )

    def _add(self, method: str, path: str, **more: object) -> Callable[[Answer], Answer]:
        def added(answer: Answer) -> Answer:
            self._pages.append(Page(method, path, answer, **more))  # type: ignore[arg-type]
            return answer

        return added
