"""What Prefect's page shows of a run: stages, counts and codes from the stage records, nothing else."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from errors import Exit
from pipelines.home import Home
from pipelines.operations import in_words
from pipelines.release import STAGES, describe_closed_years, public_count, read_order, summarise

if TYPE_CHECKING:
    from pipelines.release import Outcome, RefreshPlan

_RESUME = (
    "Somebody has to act at the command line; *Resume* then goes on with this run. It decides nothing: where the"
    " ledger has no decision, the run waits again."
)


def publish_summary(home: Home, outcome: "Outcome") -> None:
    """How it ended, with a link to the report, and a table of the stages (seconds, rows, files) as the data walks.

    Prefect's page shows a run's artifacts by key, or newest first: the keys and the order of making say the same.
    """
    order = read_order(home, outcome.release)
    rows: list[list[object]] = []
    for stage in STAGES:
        path = home.runs / outcome.release / "stages" / f"{stage.name}.json"
        if path.is_file():
            body = json.loads(path.read_text("utf-8"))
            made = public_count(body["facts"].get("rows"))
            rows.append([stage.name, body["seconds"], made, len(body["files"])])
    code = (outcome.error or {}).get("code", "")
    text = (
        f"## {outcome.release}\n\n{order.kind} release of {order.system} for project {order.project},"
        f" snapshot {order.snapshot}.\n\n**{in_words(outcome.state)}** at stage `{outcome.stage}`"
        + (f", {code}." if code else ".")
        + f"\n\n`doj-release release show {outcome.release}` links the report.\n"
    )
    if report := summarise(home, outcome).get("report"):
        text += f"\n[department.html]({Path(report).absolute().as_uri()}): `{report}`\n"
    if outcome.exit is Exit.WAITING:
        text += f"\n{_RESUME}\n"
    key = f"release-{outcome.release.lower()}"
    create_table_artifact(
        table=[["stage", "seconds", "rows", "files"], *rows],
        key=f"{key}-2-stages",
        description="Stages of the release, as the data walk",
    )
    create_markdown_artifact(
        markdown=text, key=f"{key}-1-end", description="How the release ended, and its report"
    )


def publish_plan(plan: "RefreshPlan") -> None:
    """One table: every year that was published before, with what becomes of it and why."""
    rows = [list(map(str, row.values())) for row in describe_closed_years(plan.closed, plan.behind)]
    create_table_artifact(
        table=[["year", "what", "why", "reason", "changed cells"], *rows],
        key=f"refresh-{plan.project.lower()}",
        description=f"Refresh of {plan.project}: {plan.reason}",
    )
