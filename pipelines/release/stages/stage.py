"""What a stage is: a name, a plain function of the context, and what it leaves behind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from pipelines.release.context import ReleaseContext
from pipelines.release.orders import Kind, Order
from pipelines.release.staging import FactValue


@dataclass(frozen=True)
class Product:
    """Files of a finished stage (inside the run's folder) and its facts (counts and codes)."""

    files: tuple[Path, ...] = ()
    facts: Mapping[str, FactValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """One step of a release.

    Attributes:
        name: also the name of its folder and of its Prefect task.
        title: what a person reads while it works.
        work: the function; it raises coded errors.
        kinds: the kinds of release that have this step.
        every_time: never skipped on resume, since what it asks may have changed meanwhile.
        last_of_dry_run: ``run --dry-run`` stops after it.
        is_stale: whether what it made, though unchanged, is not to be used any more: it runs again then.
    """

    name: str
    title: str
    work: Callable[[ReleaseContext], Product]
    kinds: tuple[str, ...] = get_args(Kind)
    every_time: bool = False
    last_of_dry_run: bool = False
    is_stale: "Callable[[ReleaseContext], bool] | None" = None

    def applies(self, order: Order) -> bool:
        """Whether a release of this order has the step."""
        return order.kind in self.kinds
