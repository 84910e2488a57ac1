"""From candidate pairs to log odds, shard by shard."""

from matching.scoring.budget import BudgetCost, budget_cost
from matching.scoring.scoring import Scorer
from matching.scoring.shards import (
    TABLES,
    RunShards,
    Scored,
    ShardPlan,
    plan_of,
    plan_tables,
    scored_of,
    scored_table,
)

__all__ = [
    "TABLES",
    "BudgetCost",
    "RunShards",
    "Scored",
    "Scorer",
    "ShardPlan",
    "budget_cost",
    "plan_of",
    "plan_tables",
    "scored_of",
    "scored_table",
]
