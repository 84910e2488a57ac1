"""``demo``: the main job, end to end, on made-up people."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.cli.console import Console

if TYPE_CHECKING:
    from pipelines.demo import Demonstration


def demo(
    console: Console,
    records: int = 250_000,
    cohort: int = 5_000,
    ledger: str = "",
) -> None:
    """Make a demo home and run one release of each kind."""
    from pipelines.demo import demonstrate

    root = console.home or console.placed(Path("demo-home"))
    with console.steps() as report:
        made = demonstrate(root, records=records, cohort=cohort, report=report, ledger_url=ledger)
    _show(console, made)


def _show(console: Console, made: "Demonstration") -> None:
    """Print what was made, and where everything is: tables for a person, or everything as JSON."""
    rows = [_row(made, kind) for kind in made.releases]
    if console.json:
        console.emit(
            {
                "home": str(made.home.root),
                "register": made.register,
                "releases": rows,
                "opened": made.opened,
                "seconds": {name: round(s, 1) for name, s in made.seconds.items()},
            }
        )
        return
    _print(made, rows)


def _row(made: "Demonstration", kind: str) -> dict[str, Any]:
    release, project = made.releases[kind], made.projects[kind]
    outbox = made.home.outbox / project / release
    stages = made.home.runs / release / "stages"
    extract = json.loads((stages / "extract.json").read_text("utf-8"))["facts"]
    proven = json.loads((stages / "validate.json").read_text("utf-8"))["facts"]
    packages = sorted(p.name for p in outbox.iterdir())
    size = sum(f.stat().st_size for f in outbox.rglob("*.cms"))
    return {
        "kind": kind,
        "project": project,
        "release": release,
        "content": _content(kind, extract),
        "checks": proven["checks"],
        "warnings": proven["warnings"],
        "tally": proven["tally"],
        "recipients": packages,
        "bytes": size,
        "outbox": str(outbox),
        "report": str(made.home.projects / project / "reports" / release / "department.html"),
    }


def _content(kind: str, facts: dict[str, Any]) -> str:
    counts = facts.get("counts", {})
    if kind == "identified":
        return (
            f"{counts['cohort_rows']:,} cohort rows, {counts['matched']:,} matched,"
            f" {counts['orders']:,} orders"
        )
    if kind == "deidentified":
        return f"{counts['rows']:,} rows, {counts['persons']:,} persons"
    return (
        f"{facts['rows']:,} cells, {facts['hidden']:,} hidden"
        f" ({facts['primary']:,} small, {facts['secondary']:,} to protect them)"
    )


def _print(made: "Demonstration", rows: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console as RichConsole
    from rich.markup import escape
    from rich.table import Table

    out = RichConsole(highlight=False, width=None if RichConsole().is_terminal else 100)
    root = made.home.root
    released = Table(
        title="Released", title_justify="left", box=box.SIMPLE_HEAD, header_style="bold"
    )
    for name in ("kind", "release", "content", "checks", "sealed to"):
        released.add_column(name)
    for row in rows:
        released.add_row(
            *(row[name] for name in ("kind", "release", "content", "tally")),
            ", ".join(row["recipients"]),
        )
    out.print(released)
    places = Table(
        title="Where everything is", title_justify="left", box=box.SIMPLE_HEAD, show_header=False
    )
    places.add_column()
    places.add_column(overflow="fold")
    for name, path in (
        ("home", root),
        ("sealed packages", root / "outbox"),
        ("reports", root / "projects" / "<project>" / "reports" / "<release>"),
        ("ledger", made.home.ledger_place()),
        ("signing certificate", made.home.signing_certificate),
        ("recipients' keys", root / "demo" / "keys"),
        ("cohort", root / "demo" / "cohort.csv"),
        ("synthetic register", root / "demo" / "source"),
    ):
        places.add_row(name, escape(str(path)))
    out.print(places)
    files = len(made.opened["files"])  # type: ignore[arg-type]
    out.print(f"openssl opened [bold]{rows[0]['release']}[/bold]'s package: {files} files inside.")
    spent = ", ".join(f"{name} {s:.0f} s" for name, s in made.seconds.items() if name != "all")
    out.print(f"{made.seconds['all']:.0f} s in all ({spent}).")
    out.print(f"\nNext: doj-release --home {escape(shlex.quote(str(root)))} project list")
