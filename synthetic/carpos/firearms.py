"""Firearms on a made-up register's orders, and what became of them."""

import numpy as np
import pyarrow as pa

from synthetic.carpos.cases import FAMILY_NAMES, STEPS
from synthetic.carpos.orders import Orders
from synthetic.people import NO_DAY, absent, choose, days_column, text

_TEMPORARY = STEPS.index("temporary")


def firearm(rng: np.random.Generator, orders: Orders) -> pa.Table:
    """Firearms: on half of the gun violence orders, on few others."""
    gun = orders.family == FAMILY_NAMES.index("GV")
    chance = np.where(gun, 0.55, 0.05)
    count = np.where(rng.random(len(gun)) < chance, rng.geometric(0.5, len(gun)), 0)
    order = np.repeat(np.arange(len(gun)), count)
    size = len(order)
    return pa.table(
        {
            "firearm_id": 5_000_000 + rng.permutation(size),
            "order_id": orders.order_id[order],
            "make": text(
                rng.choice(np.array(["GLK", "SW", "RUG", "COL", "SIG", "REM"], dtype=object), size)
            ),
            "caliber": text(
                rng.choice(np.array(["9", "45", "380", "22", "12"], dtype=object), size)
            ),
            "type": text(
                rng.choice(np.array(["PISTOL", "REVOLVER", "RIFLE", "SHOTGUN"], dtype=object), size)
            ),
            "serial": [f"SYN{n:07d}" for n in rng.integers(0, 10**7, size).tolist()],
            "source": text(
                rng.choice(np.array(["CLETS001", "AFS", "declaration"], dtype=object), size)
            ),
        }
    )


def relinquishment(rng: np.random.Generator, orders: Orders, last_day: int) -> pa.Table:
    """Whether firearms were to be given up, and the proof where one was filed."""
    family = np.array(FAMILY_NAMES, dtype=object)[orders.family]
    order = np.flatnonzero((orders.step >= _TEMPORARY) & ~np.isin(family, ("FOREIGN", "OTHER")))
    size = len(order)
    gun = family[order] == "GV"
    options = np.array(
        ["surrendered_LE", "sold_dealer", "stored_dealer", "none_possessed", "not_filed"],
        dtype=object,
    )
    disposition = choose(
        gun,
        rng.choice(options, size, p=[0.45, 0.15, 0.10, 0.15, 0.15]),
        rng.choice(options, size, p=[0.05, 0.02, 0.01, 0.22, 0.70]),
    )
    filed = disposition != "not_filed"
    given = np.isin(disposition, options[:3])
    form = choose(family[order] == "CPO", "CR-210", choose(family[order] == "JV", "JV-270", None))
    form = choose(
        absent(form),
        [f"{name[:2] if name != 'EF' else 'EA'}-800" for name in family[order]],
        form,
    )
    return pa.table(
        {
            "order_id": orders.order_id[order],
            "ordered": rng.random(size) < np.where(gun, 1.0, 0.93),
            "proof_form": text(choose(filed, form, None)),
            "filed_on": days_column(
                np.where(
                    filed,
                    np.minimum(orders.issued[order] + rng.integers(1, 15, size), last_day),
                    NO_DAY,
                )
            ),
            "disposition": text(disposition),
            "count": pa.array(np.where(given, rng.geometric(0.5, size), 0)),
        }
    )
