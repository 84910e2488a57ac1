"""What Prefect's page shows of a run: stages, counts and codes from the stage records, nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from errors import Exit
from pipelines.home import Home
from pipelines.operations import in_words
from pipelines.release import STAGES, describe_closed_years, public_count, read_order, summarise
from systems.texts import in_one_line

if TYPE_CHECKING:
    from pipelines.release import Outcome, RefreshPlan

_RESUME = (
    "Somebody has to act at the command line; *Resume* then goes on with this run. It decides nothing: where the"
    " ledger has no decision, the run waits again."
)


def publish_summary(home: Home, outcome: "Outcome") -> None:
    """How it ended, a link to the report, and the stages (seconds, rows, files) as the data walk.

    One artifact, since Prefect's page shows those of a run in the order of ids that mean nothing.
    """
    order = read_order(home, outcome.release)
    code = (outcome.error or {}).get("code", "")
    parts = [
        f"## {outcome.release}",
        f"{order.kind} release of {order.system} for project {order.project}, snapshot {order.snapshot}.",
        f"**{in_words(outcome.state)}** at stage `{outcome.stage}`"
        + (f", {code}." if code else "."),
    ]
    if outcome.exit is Exit.WAITING:
        parts.append(_RESUME)
    parts.append("\n".join(_stages(home, outcome.release)))
    proven = home.runs / outcome.release / "stages" / "validate.json"
    if proven.is_file():
        told = json.loads(proven.read_text("utf-8"))["facts"].get("tally", "")
        parts.append(f"In the report {told}." if told else "")
    parts.append(f"`doj-release release show {outcome.release}` links the report.")
    if report := summarise(home, outcome).get("report"):
        parts.append(
            f"[department.html]({Path(report).absolute().as_uri()}): `{in_one_line(report).replace('`', '?')}`"
        )
    create_markdown_artifact(
        markdown="\n\n".join(parts) + "\n",
        key=f"release-{outcome.release.lower()}",
        description=f"{in_words(outcome.state)}: stages and report",
    )


def _stages(home: Home, release: str) -> Iterator[str]:
    yield "| stage | seconds | rows | files |\n|---|---|---|---|"
    for stage in STAGES:
        path = home.runs / release / "stages" / f"{stage.name}.json"
        if path.is_file():
            body = json.loads(path.read_text("utf-8"))
            made = public_count(body["facts"].get("rows"))
            yield f"| {stage.name} | {body['seconds']} | {made} | {len(body['files'])} |"


def publish_plan(plan: "RefreshPlan") -> None:
    """One table: every year that was published before, with what becomes of it and why."""
    rows = [list(map(str, row.values())) for row in describe_closed_years(plan.closed, plan.behind)]
    create_table_artifact(
        table=[["year", "what", "why", "reason", "changed cells"], *rows],
        key=f"refresh-{plan.project.lower()}",
        description=f"Refresh of {plan.project}: {plan.reason}",
    )
