"""What Prefect's page shows of a run: stages, counts and codes from the stage records, nothing else."""

import json
from typing import TYPE_CHECKING

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pipelines.home import Home
from pipelines.release import describe_closed_years, public_count, read_order

if TYPE_CHECKING:
    from pipelines.release import Outcome, RefreshPlan


def publish_summary(home: Home, outcome: "Outcome") -> None:
    """One markdown artifact (how it ended) and one table (seconds, rows and files by stage)."""
    order = read_order(home, outcome.release)
    rows: list[list[object]] = []
    for path in sorted((home.runs / outcome.release / "stages").glob("*.json")):
        body = json.loads(path.read_text("utf-8"))
        made = public_count(body["facts"].get("rows"))
        rows.append([body["stage"], body["seconds"], made, len(body["files"])])
    code = (outcome.error or {}).get("code", "")
    text = (
        f"## {outcome.release}\n\n{order.kind} release of {order.system} for project {order.project},"
        f" snapshot {order.snapshot}.\n\n**{outcome.name}** at stage `{outcome.stage}`"
        + (f", {code}." if code else ".")
        + f"\n\n`doj-release release show {outcome.release}` links the report.\n"
    )
    key = f"release-{outcome.release.lower()}"
    create_markdown_artifact(markdown=text, key=key, description="How the release ended")
    create_table_artifact(
        table=[["stage", "seconds", "rows", "files"], *rows],
        key=f"{key}-stages",
        description="Stages of the release",
    )


def publish_plan(plan: "RefreshPlan") -> None:
    """One table: every year that was published before, with what becomes of it and why."""
    rows = [list(map(str, row.values())) for row in describe_closed_years(plan.closed, plan.behind)]
    create_table_artifact(
        table=[["year", "what", "why", "reason", "changed cells"], *rows],
        key=f"refresh-{plan.project.lower()}",
        description=f"Refresh of {plan.project}: {plan.reason}",
    )
