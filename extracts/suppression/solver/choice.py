"""Which of many patterns of about the same size: drawn under a secret, so that nobody can rerun the choice.

Whoever knows a deterministic rule can rerun it on every table that fits a published one and rule out
those that would have got another pattern (minimality attack). Here prices are multiplied by numbers
drawn from (0, 1], so that each of the smallest patterns is the cheapest under some draw whatever the
values are, and now and then a cell that is not small is hidden as if it were, so that larger patterns
are possible, too. Draws are HMAC-SHA256 (RFC 2104) in counter mode under the secret, over a digest of
the whole table: the same table and secret give the same pattern, and another table tells nothing of it.
"""

import hashlib
import hmac

import numpy as np

from extracts.suppression.model import Flags, Floats, Ints
from extracts.suppression.solver.secondary import Search, secondary_cells

DECOYS = 1 / 40  # a secondary cell: each brings one or two more; and cells that are hidden besides
_LABEL = b"doj-release/suppression/choice/v1/"
_BYTES = 8  # of one number


class Choice:
    """The draws of one table."""

    def __init__(self, secret: bytes, search: Search) -> None:
        self._key = hmac.digest(secret, _LABEL + _digest(search), hashlib.sha256)

    def numbers(self, use: str, count: int) -> Floats:
        """Draw numbers from (0, 1], other ones for each use."""
        per = hashlib.sha256().digest_size
        blocks = range(-(-count * _BYTES // per))
        made = b"".join(
            hmac.digest(self._key, f"{use}/{block}".encode(), hashlib.sha256) for block in blocks
        )
        whole = np.frombuffer(made[: count * _BYTES], dtype=">u8").astype(np.float64)
        return (whole + 1.0) / 2.0**64

    def vary(self, search: Search) -> None:
        """Vary the prices of a search, and give it draws of its own."""
        search.prices = search.prices * self.numbers("prices", search.prices.size)
        search.drawn = True
        search.seed = int(self.numbers("neighbourhoods", 1)[0] * 2**32)

    def besides(self, search: Search, secondary: int) -> Flags:
        """Cells to hide whatever is needed, each that may be for itself: with these every pattern is possible.

        As many in the mean as there are decoys for so many secondary cells, or for one.
        """
        may = search.relations.free & ~search.primary
        chance = DECOYS * max(secondary, 1) / max(int(may.sum()), 1)
        return may & (self.numbers("besides", may.size) <= chance)

    def decoys(self, search: Search) -> Ints:
        """Inner cells to hide as if they were small, those of fewer persons likelier."""
        secondary = len(secondary_cells(search))
        count = int((self.numbers("count", secondary) <= DECOYS).sum())
        may = search.relations.free & ~search.primary & ~search.fixed
        cells = np.flatnonzero(may & (search.relations.margin == 0))
        waits = -np.log(self.numbers("decoys", search.prices.size)[cells])
        order = np.argsort(waits * search.relations.people[cells], kind="stable")
        return cells[order[:count]]


def _digest(search: Search) -> bytes:
    """SHA-256 over all that a pattern depends on."""
    one, policy = search.relations, search.policy
    text = f"{policy.threshold} {policy.zeros} {policy.spread} {policy.singletons} {one.shape}"
    found = hashlib.sha256(text.encode())
    weights = [search.weights] if (search.weights != 1).any() else []
    for part in (one.values, one.people, one.least, one.floor, one.free, search.fixed, *weights):
        found.update(np.asarray(part, dtype=">f8").tobytes() + b"/")
    for part in (one.matrix.indptr, one.matrix.indices, one.matrix.data):
        found.update(np.asarray(part, dtype=">f8").tobytes() + b"/")
    return found.digest()
