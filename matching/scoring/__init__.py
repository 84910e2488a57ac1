"""From candidate pairs to log odds: trained on a part of the cohort, then shard by shard, here or on other machines.

A shard is a pure function of its plan; nothing here decides what is linked.
"""

from matching.scoring.budget import BudgetCost, budget_cost
from matching.scoring.scoring import (
    Learnt,
    RunShards,
    Scored,
    Scorer,
    ShardPlan,
    of_one_table,
)
from matching.scoring.tables import (
    TABLES,
    plan_of,
    plan_tables,
    scored_of,
    scored_table,
)
