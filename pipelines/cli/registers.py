"""``register load``, ``map``, ``describe``, ``show``, ``accept``, ``retire``, ``diff``, ``make-up``, ``index`` and ``list``."""

import contextlib
import shlex
import shutil
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import typer

from errors import Exit
from pipelines.cli.commands import Group
from pipelines.cli.console import Console
from pipelines.errors import FileExists, OptionsDisagree
from systems.errors import RegisterRefused

_COLUMNS = (
    "snapshot", "state", "system", "loaded", "entries", "persons", "persons_lower", "years", "synthetic",
)  # fmt: skip
_WORST = 10
register_group = Group("What the Department holds, as pinned snapshots.")


@register_group.add()
def load(
    console: Console,
    system: str,
    files: list[Path] | None = None,
    from_: str | None = None,
    password_file: Path | None = None,
    problems: Path | None = None,
    against: str | None = None,
    delta: bool = False,
    relearn: bool = False,
) -> None:
    """Validate files or a database's tables, resolve persons, pin a snapshot.

    Against an earlier one it says what changed, and resolves only whom that touches.
    """
    from pipelines.registers import Against, as_moment, load_register
    from systems.register import is_report

    _check_where(console, files, from_, password_file)
    if problems is not None and problems.exists() and not is_report(problems):
        raise FileExists(option="--problems")
    if against is None and (delta or relearn):
        raise OptionsDisagree(option=f"--{'delta' if delta else 'relearn'} without --against")
    base = Against(against, delta, relearn) if against else None
    here = console.session.home.register / system.upper() / "problems.csv"
    try:
        with (
            console.steps() as report,
            _source(console, files, from_, password_file, report) as source,
        ):
            name, share = system.upper(), report.share
            info = load_register(console.session, name, source, report, base, share=share)
            if from_ is not None:
                info["read"] = as_moment(source)
    except RegisterRefused as refused:
        _tell_problems(console, refused, problems or here)
        raise
    here.unlink(missing_ok=True)  # of a load before, which this one mends
    _show_snapshot(console, info)
    if info["state"] == "waiting":
        name = info["snapshot"]
        who = ", ".join(info["may_accept"]) or "a second person, whom people.toml has yet to name,"
        console.explain(f"It is kept aside: {who} may accept it after `register show {name}`.")
        raise typer.Exit(int(Exit.WAITING))
    console.hint("Releases that are ordered from now on use this snapshot.")


def _check_where(
    console: Console, files: list[Path] | None, from_: str | None, password_file: Path | None
) -> None:
    _ = console.session  # somebody whom the home does not know learns nothing else
    if bool(files) == bool(from_) or (password_file and not from_):
        raise OptionsDisagree(option="files, or --from and its --password-file")


@contextlib.contextmanager
def _source(
    console: Console,
    files: list[Path] | None,
    from_: str | None,
    password_file: Path | None,
    report: Callable[[str], None],
    *,
    look: bool = False,
) -> Generator[Any]:
    """The files, or the database's tables while somebody is logged in."""
    from systems.register import FileSource

    if from_ is None:
        yield FileSource(files or (), console.session.limits)
        return
    from pipelines.registers import from_database

    report("Logging in to the database")
    with from_database(console.session, from_, password_file, look=look) as source:
        yield source


def _tell_problems(console: Console, refused: RegisterRefused, path: Path) -> None:
    """Show the worst of what does not fit, and write all of it."""
    from systems.register import write_report

    write_report(refused.listed, path)
    console.handed.deliver()  # what is refused ends here
    if not console.json:
        title = f"What does not fit: {len(refused.listed)}, all in {console.shown(path)}"
        heads = ("table", "column", "problem", "rows", "first rows", "expected")
        names = ("table", "column", "problem", "count", "first_rows", "expected")
        if any(row["source"] for row in refused.listed):
            heads, names = ("from", *heads), ("source", *names)
        console.show_rows(title, names, refused.listed[:_WORST], heads)


@register_group.add("map")
def map_tables(
    console: Console,
    system: str,
    files: list[Path] | None = None,
    from_: str | None = None,
    password_file: Path | None = None,
    out: Path | None = None,
) -> None:
    """Begin a mapping: their tables, columns and codes to ours."""
    from pipelines.registers import left_out, write_proposal

    _check_where(console, files, from_, password_file)
    code = system.upper()
    with (
        console.steps() as report,
        _source(console, files, from_, password_file, report, look=True) as source,
    ):
        report("Looking at what is there")
        made, path = write_proposal(console.session, code, source, out)
    facts = {
        "mapping": console.shown(path),
        "tables": [f"{ours} from {theirs}" for ours, theirs in made.tables.items()],
        "columns filled in": made.columns,
        "columns left open": made.open,
        "not taken yet": made.untaken,
        "nothing found for": made.missing,
        "no plain values, to be ignored": left_out(source),
    }
    console.show_pairs("Mapping", facts if console.json else {k: v for k, v in facts.items() if v})
    console.hint(
        f"Next: edit it (`doj-release register describe {code} TABLE` shows what ours are), then load the same again."
    )


@register_group.add()
def describe(console: Console, system: str, what: str | None = None) -> None:
    """Show a system's tables, a table's columns, or a list's codes."""
    from pipelines.registers import describe_system

    title, names, rows = describe_system(console.session.systems.load(system.upper()), what)
    console.show_rows(title, names, rows)


def _show_snapshot(console: Console, info: Mapping[str, Any]) -> None:
    """Show a snapshot; what is missing is said in any case."""
    if missing := info["missing_tables"]:
        all_, given = len(missing) + len(info["rows"]), len(info["rows"])
        text = f"{given} of {all_} tables are there; missing: {', '.join(missing)}"
        console.session.warnings.append(f"{info['snapshot']}: {text}")
    if console.json:
        console.emit(info)
        return
    hidden = ("findings", "missing_tables")
    shown = {k: v for k, v in info.items() if k not in hidden and v not in (None, [])}
    console.show_pairs("Snapshot", shown)
    for title, failed in (("What fails of what is expected", True), ("Told besides", False)):
        found = [one for one in info["findings"] if one["failed"] is failed]
        if found:
            console.show_rows(title, ("rule", "text"), found)


@register_group.add("show")
def show(console: Console, snapshot: str, out: Path | None = None) -> None:
    """Show what was said of a snapshot before it was pinned."""
    from pipelines.registers import show_snapshot, snapshot_page_of

    told = show_snapshot(console.session, snapshot)
    if out is not None:
        _write_page(console, out, snapshot_page_of(console.session, told))
    _show_snapshot(console, told)
    if told["state"] == "waiting":
        console.hint(
            f"`register accept {snapshot} --reason …` takes it into use, `register retire` takes it away."
        )


def _write_page(console: Console, out: Path, page: str) -> None:
    from pipelines.custody import write_copy

    write_copy(out, page.encode())
    console.explain(f"Written: {console.shown(out)}")


@register_group.add("accept")
def accept(console: Console, snapshot: str, reason: str) -> None:
    """Take a snapshot that waits into use, as a second person."""
    from pipelines.registers import accept_snapshot

    console.show_pairs("Snapshot", accept_snapshot(console.session, snapshot, reason))


@register_group.add("retire")
def retire(console: Console, snapshot: str, reason: str) -> None:
    """Order nothing new from a snapshot; what was ordered goes on."""
    from pipelines.registers import retire_snapshot

    console.show_pairs("Snapshot", retire_snapshot(console.session, snapshot, reason))


@register_group.add("diff")
def diff(console: Console, before: str, after: str, out: Path | None = None) -> None:
    """Compare two snapshots of a system, table by table and by key."""
    from pipelines.registers import diff_page_of, diff_snapshots

    told = diff_snapshots(console.session, before, after)
    if out is not None:
        _write_page(console, out, diff_page_of(console.session, told))
    if console.json:
        console.emit(told)
        return
    heads = ("table", "before", "after", "added", "changed", "deleted", "columns")
    console.show_rows(f"{before} and {after}", heads, told["tables"])
    console.show_pairs("Persons", told["persons"])
    if told["findings"]:
        console.show_rows("What is beyond the settings", ("rule", "text"), told["findings"])


@register_group.add("make-up")
def make_up(
    console: Console,
    system: str,
    folder: Path,
    records: int = 10_000,
    seed: int = 1,
) -> None:
    """Write a made-up register to try things with.

    The truth behind it stands beside it, never inside.
    """
    from pipelines.session import today
    from synthetic.registers import make_system

    last, register = today().year - 1, folder / "register"
    years, before = {"first_year": last - 9, "last_year": last}, register.exists()
    try:
        made = make_system(system.upper(), register, records=records, seed=seed, **years)
    except OSError:
        if not before:  # half of a register would be taken for a whole one
            shutil.rmtree(register, ignore_errors=True)
        raise
    facts = {
        "system": system.upper(),
        "files": [console.shown(path) for path in made.files],
        "truth": console.shown(made.path),
        "entries": made.persons.num_rows,
    }
    console.show_pairs("Made-up register", facts)
    console.hint(
        f"doj-release register load {system.upper()} {shlex.quote(console.shown(folder))}/register/*.parquet"
    )


@register_group.add("index")
def index_snapshot(console: Console, snapshot: str) -> None:
    """Make again what releases read of a snapshot."""
    from pipelines.registers import renew_index

    with console.steps() as report:
        info = renew_index(console.session, snapshot, report)
    found = info.index
    assert found is not None
    facts = {"snapshot": info.snapshot_id, "version": found.version, "files": len(found.files)}
    console.show_pairs("Index", facts)


@register_group.add("list")
def list_snapshots(console: Console, system: str | None = None) -> None:
    """List the snapshots, oldest first."""
    from pipelines.registers import list_registers

    rows = list_registers(console.session, system.upper() if system else None)
    console.show_rows("Snapshots", _COLUMNS, rows)
