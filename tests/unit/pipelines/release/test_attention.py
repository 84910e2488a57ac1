"""What to look at: each rule says its case on planted numbers, and nothing on usual ones."""

from copy import deepcopy
from typing import Any

import pytest

from expectations.drift import Drift
from pipelines.release.reporting.attention import MEASURES, Material, judged, rules
from pipelines.release.reporting.charts import wilson
from pipelines.release.reporting.drift import DriftComparison
from systems.description import load_system

RATE = {"expected": 0.001, "low": 0.0, "high": 0.01}
USUAL: dict[str, dict[str, Any]] = {
    "identified": {
        "match": {
            "linked": 5000,
            "attempted": 9000,
            "expected": {"missed_match_rate": RATE, "false_match_rate": RATE},
            "groups": {"sex": [{"group": "f", "rows": 4000, "linked": 0.5, "missed": 0.002}]},
            "held_back": {"twin": 10},
        },
        "review": {"doubtful": 60, "left_out": 20},
        "extract": {
            "counts": {"not_attempted": 30, "cohort_rows": 9000, "orders": 7000, "orders_withheld": 9}
        },
    },
    "deidentified": {
        "extract": {
            "counts": {"rows": 10_000, "persons": 6000, "orders": 9000, "orders_withheld": 40},
            "suppressed": {
                "cells": {"order_county": 300},
                "persons_left_out": 12,
                "by_group": {
                    "person_sex": {
                        "F": {"persons": 2000, "lost": {"order_county": 0.04}},
                        "M": {"persons": 4000, "lost": {"order_county": 0.03}},
                        "X": {"persons": 9, "lost": {"order_county": 0.99}},
                    }
                },
            },
            "risk": {
                "persons": 6000,
                "persons_below": 0,
                "share_below": 0.0,
                "marketer": 0.02,
                "t_closeness": {"order_stage": 0.4},
                "filled_in": [{"k": 10, "persons_below": 0}],
            },
            "limit": {"k": 10, "max_share_below": 0.0, "max_marketer": 0.1, "t_distance": 0.8},
        }
    },
    "aggregated": {
        "extract": {
            "rows": 4000,
            "hidden": 100,
            "primary": 80,
            "secondary": 20,
            "exact": True,
            "revised_years": [],
        }
    },
}  # fmt: skip
YEARS = {str(2015 + n): 1000 + n for n in range(10)}


def material(kind: str, changes: dict[str, Any] | None = None, **more: Any) -> Material:
    """Usual numbers of a kind, with those at these paths (``extract.risk.marketer``) changed."""
    facts = {stage: {} for stage in ("intake", "match", "review", "extract")}
    facts |= deepcopy(USUAL[kind])
    for path, value in (changes or {}).items():
        *way, last = path.split(".")
        place: Any = facts
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[last] = value
    given: dict[str, Any] = {
        "drift": DriftComparison((Drift("order_stage", "register", 5000, 0.02, 0.1),), {}, None),
        "warnings": (),
        "had": {"order_county": 10_000},
        "years": YEARS if kind == "aggregated" else {},
        "record": load_system("CARPOS").record,
    }
    return Material(**facts, **(given | more))


@pytest.mark.parametrize("kind", USUAL)
def test_nothing_unusual_says_what_was_looked_at(kind: str):
    found = judged(kind, material(kind))
    assert found.notices == ()
    assert list(found.usual) == [r["looked"] for r in rules() if kind in r.get("kinds", [kind])]


def moved(distance: float) -> DriftComparison:
    return DriftComparison((Drift("order_stage", "release", 5000, distance, 0.1),), {}, "R001")


# rule → kind, what is planted, and words that its sentence must hold
PLANTED: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "warnings": ("aggregated", {}, {"warnings": ("All is well",)}, "does not hold: All is well"),
    "moved": ("identified", {}, {"drift": moved(0.4)}, "order_stage moved more"),
    "nearly_moved": ("identified", {}, {"drift": moved(0.095)}, "order_stage moved nearly"),
    "doubtful_left_out": ("identified", {"review.left_out": 200}, {}, "200 doubtful pairs were left out, 3.8 %"),
    "linked_worse": ("identified", {"match.groups.sex.0.missed": 0.06}, {}, "f (sex)"),
    "missed": ("identified", {"match.expected.missed_match_rate": {"expected": 0.03, "low": 0.01, "high": 0.07}}, {}, "7 %"),
    "false": ("identified", {"match.expected.false_match_rate": {"expected": 0.03, "low": 0.01, "high": 0.08}}, {}, "8 %"),
    "held_back": ("identified", {"match.held_back": {"twin": 400, "sex": 3}}, {}, "403 likely pairs"),
    "not_attempted": ("identified", {"extract.counts.not_attempted": 900}, {}, "900 rows"),
    "emptied": ("deidentified", {"extract.suppressed.cells.order_county": 4000}, {}, "order_county lost 40 %"),
    "emptied_unevenly": ("deidentified", {"extract.suppressed.by_group.person_sex.F.lost": {"order_county": 0.3}}, {},
                         "among F than among M, by 27.0 points"),
    "left_out": ("deidentified", {"extract.suppressed.persons_left_out": 400}, {}, "400 persons"),
    "small_classes": ("deidentified", {"extract.risk.persons_below": 3}, {}, "3 persons share"),
    "filled_in": ("deidentified", {"extract.risk.filled_in.0.persons_below": 7}, {}, "7 persons"),
    "near_limit": ("deidentified", {"extract.risk.t_closeness.order_stage": 0.76}, {}, "order_stage among rows that look alike is at 95 %"),
    "withheld": ("deidentified", {"extract.counts.orders_withheld": 900}, {}, "900 orders"),
    "hidden": ("aggregated", {"extract.hidden": 900}, {}, "900 cells are hidden, 22.5 %"),
    "protecting": ("aggregated", {"extract.secondary": 80}, {}, "1.0 others"),
    "hidden_total": ("aggregated", {}, {"years": YEARS | {"2020": None}}, "The total of 2020 is hidden"),
    "year_jumps": ("aggregated", {}, {"years": YEARS | {"2024": 600}}, "2024 has 40.4 % fewer"),
    "revised": ("aggregated", {"extract.revised_years": [2019]}, {}, "A closed year is revised"),
    "audited_less": ("aggregated", {"extract.exact": False}, {}, "not exact ones"),
}  # fmt: skip


@pytest.mark.parametrize("rule", PLANTED)
def test_a_rule_says_its_planted_case_and_no_other_speaks(rule: str):
    kind, changes, more, words = PLANTED[rule]
    found = judged(kind, material(kind, changes, **more))
    assert len(found.notices) == 1, [n.text for n in found.notices]
    (notice,) = found.notices
    assert words in notice.text
    assert "{" not in notice.text + notice.reason
    looked = next(r for r in rules() if r["measure"] == rule)
    assert notice.place == looked["place"]
    assert looked["looked"] not in found.usual


def test_every_rule_is_planted_and_every_measure_has_a_rule():
    named = [r["measure"] for r in rules()]
    assert sorted(named) == sorted(MEASURES) == sorted(PLANTED)


def test_the_gravest_come_first_and_no_more_than_seven():
    changes: dict[str, Any] = {}
    for rule in (
        "doubtful_left_out",
        "linked_worse",
        "missed",
        "false",
        "held_back",
        "not_attempted",
    ):
        changes |= PLANTED[rule][1]
    changes["extract.counts.orders_withheld"] = 900
    many = judged("identified", material("identified", changes, warnings=("W",), drift=moved(0.4)))
    assert len(many.notices) == 7
    weights = [n.weight for n in many.notices]
    assert weights == sorted(weights, reverse=True)


def test_small_groups_say_nothing_since_chance_makes_their_shares():
    changes = {"match.groups.sex": [{"group": "x", "rows": 49, "linked": 0.1, "missed": 0.9}]}
    assert judged("identified", material("identified", changes)).notices == ()


def test_a_release_without_links_is_looked_at_too():
    changes: dict[str, Any] = {
        "match.linked": 0, "match.groups": {}, "match.held_back": {}, "review.left_out": 0,
        "extract.counts.not_attempted": 0,
        "extract.counts.orders": 0, "extract.counts.orders_withheld": 0,
        "match.expected.false_match_rate": {"expected": 0.0, "low": 0.0, "high": 1.0},
    }  # fmt: skip
    assert judged("identified", material("identified", changes)).notices == ()


def test_an_interval_of_a_share_by_hand():
    """Wilson's, 5 of 10 and 0 of 20: (0.2366, 0.7634) and (0, 0.1611)."""
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
