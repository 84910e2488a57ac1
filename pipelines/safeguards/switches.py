"""Which settings are less cautious than their defaults, and what two people confirmed of them."""

from collections.abc import Callable, Mapping
from typing import Any

from approvals import people as staff
from errors import nearest
from pipelines.errors import OptionsDisagree
from pipelines.home import Settings
from pipelines.session import Session, today

# setting → whether a value is as cautious as the default, or more so
CAUTIOUS: Mapping[str, Callable[[Any], bool]] = {
    "disclosure.threshold": lambda persons: persons >= Settings().disclosure.threshold,
    "disclosure.method": lambda method: method == "suppress",
    "disclosure.late_records": lambda what: what != "auto",
    "disclosure.linkage_rates": lambda given: given is False,
    "disclosure.row_k": lambda persons: persons >= Settings().disclosure.row_k,
    "linkage.threshold": lambda probability: probability >= Settings().linkage.threshold,
    "linkage.review_from": lambda probability: probability <= Settings().linkage.review_from,
    "linkage.never_link": lambda guards: set(guards) >= set(Settings().linkage.never_link),
    "linkage.model": lambda file: not file,
    "review.second_share": lambda share: share >= Settings().review.second_share,
    "review.hide_probability": lambda hidden: hidden is True,
    "review.alike_rows": lambda rows: rows <= Settings().review.alike_rows,
    "review.feeds_model": lambda fed: fed is False,
    "release.release_approval": lambda policy: policy == "second_person",
    "release.background_check_deidentified": lambda asked: asked is True,
    "storage.network_home": lambda allowed: allowed is False,
    "approvals.regulation_text": lambda text: text == "adopted",
    "approvals.public_agency_individual_level": lambda given: given is False,
    "approvals.opened_kinds": lambda kinds: not kinds,
    "approvals.team_affiliation": lambda who: who == "all",
    "approvals.affiliation_letter": lambda asked: asked is True,
    "approvals.timeframe_years": lambda years: years <= Settings().approvals.timeframe_years,
    "approvals.soft_papers": lambda asked: asked is True,
    "desk.synced_passkeys": lambda what: what == "refuse",
}


def value_of(settings: Settings, name: str) -> object:
    """The value of a setting by its dotted name."""
    section, _, key = name.partition(".")
    return getattr(getattr(settings, section), key)


def less_cautious(settings: Settings) -> dict[str, str]:
    """The switches that depart from their default to the less cautious side, with their values."""
    return {
        name: as_id(value_of(settings, name))
        for name, cautious in CAUTIOUS.items()
        if not cautious(value_of(settings, name))
    }


def as_id(value: object) -> str:
    """A value as the ledger can hold it: lists by dots."""
    return ".".join(map(str, value)) if isinstance(value, tuple) else str(value)  # type: ignore[arg-type]


def check_switches(session: Session) -> None:
    """Refuse to release under settings that two people have not confirmed; a demo home may.

    Raises:
        SwitchNotConfirmed: with the switches' names (exit 3).
    """
    found = less_cautious(session.settings)
    if found and not session.demo:
        staff.check_switches_confirmed(session.ledger, found)


def switch_overview(session: Session) -> list[dict[str, object]]:
    """Every switch with its value, and whether it needs and has two people's word."""
    departing, standing = less_cautious(session.settings), staff.confirmed_switches(session.ledger)
    return [
        {
            "switch": name,
            "value": value_of(session.settings, name),
            "default": value_of(Settings(), name),
            "less_cautious": name in departing,
            "confirmed": name in departing and standing.get(name) == departing[name],
        }
        for name in CAUTIOUS
    ]


def override_setting(session: Session, name: str) -> dict[str, object]:
    """Record the value that settings.toml has, as the first of two people.

    Raises:
        OptionsDisagree: no such switch, or it is as cautious as its default.
        RoleMissing: only an administrator may.
    """
    value = less_cautious(session.settings).get(name)
    if value is None:
        named = {} if name in CAUTIOUS else nearest(name, CAUTIOUS)
        raise OptionsDisagree(
            option="a switch that settings.toml sets below its cautious default", **named
        )
    staff.override_switch(session.ledger, name, value, session.person, today().isoformat())
    return {"switch": name, "value": value, "confirmed": False}
