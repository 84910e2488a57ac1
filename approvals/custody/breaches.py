"""How many individuals a breach affects, as the packages know it (§ 964(k)(2))."""

from collections.abc import Sequence

from approvals.custody.errors import UnknownRelease
from approvals.custody.state import ReleaseState


def individuals_known(releases: Sequence[ReleaseState], named: Sequence[str] = ()) -> int:
    """An upper bound: the individuals in the releases named, else in all that were handed over.

    Whether two releases hold the same people is not known here, so they count for each.

    Args:
        releases: of the project.
        named: ids of those that the breach concerns.

    Raises:
        UnknownRelease: one of them is none of the project's.
    """
    if set(named) - {r.release for r in releases}:
        raise UnknownRelease
    concerned = [
        r
        for r in releases
        if (r.release in named if named else any(p.handed_over for p in r.packages.values()))
    ]
    return sum(r.individuals or 0 for r in concerned)
