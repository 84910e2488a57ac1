"""The closing table of the demonstration: what was made, and where everything is."""

import json
from typing import TYPE_CHECKING, Any

from pipelines.cli.console import Console, emit

if TYPE_CHECKING:
    from pipelines.cli.demo.demo import Story


def tell(story: "Story", console: Console) -> None:
    """Print the table for a person, or everything as JSON."""
    rows = [_row(story, kind) for kind in story.releases]
    if console.json:
        emit(
            {
                "home": str(story.home.root),
                "register": story.register,
                "releases": rows,
                "opened": story.opened,
                "seconds": {name: round(s, 1) for name, s in story.seconds.items()},
            }
        )
        return
    _print(story, rows)


def _row(story: "Story", kind: str) -> dict[str, Any]:
    release, project = story.releases[kind], story.projects[kind]
    outbox = story.home.outbox / project / release
    stages = story.home.runs / release / "stages"
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
        "recipients": packages,
        "bytes": size,
        "outbox": str(outbox),
        "report": str(story.home.projects / project / "reports" / release / "department.html"),
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


def _print(story: "Story", rows: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console as RichConsole
    from rich.table import Table

    out = RichConsole(highlight=False, width=None if RichConsole().is_terminal else 100)
    root = story.home.root
    made = Table(title="Released", title_justify="left", box=box.SIMPLE_HEAD, header_style="bold")
    for name in ("kind", "release", "content", "checks", "sealed to"):
        made.add_column(name)
    for row in rows:
        held = f"{row['checks'] - row['warnings']} of {row['checks']} hold"
        made.add_row(
            row["kind"], row["release"], row["content"], held, ", ".join(row["recipients"])
        )
    out.print(made)
    places = Table(
        title="Where everything is", title_justify="left", box=box.SIMPLE_HEAD, show_header=False
    )
    places.add_column()
    places.add_column(overflow="fold")
    for name, path in (
        ("home", root),
        ("sealed packages", root / "outbox"),
        ("reports", root / "projects" / "<project>" / "reports" / "<release>"),
        ("ledger", story.home.ledger_place()),
        ("signing certificate", story.home.signing_certificate),
        ("recipients' keys", root / "demo" / "keys"),
        ("cohort", root / "demo" / "cohort.csv"),
        ("synthetic register", root / "demo" / "source"),
    ):
        places.add_row(name, str(path))
    out.print(places)
    files = len(story.opened["files"])  # type: ignore[arg-type]
    out.print(f"openssl opened [bold]{rows[0]['release']}[/bold]'s package: {files} files inside.")
    spent = ", ".join(f"{name} {s:.0f} s" for name, s in story.seconds.items() if name != "all")
    out.print(f"{story.seconds['all']:.0f} s in all ({spent}).")
    out.print(f"\nNext: doj-release --home {root} project list")
