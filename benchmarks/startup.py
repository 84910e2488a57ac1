"""How long commands take before and beside their work: --help, imports, and a run without Prefect.

    python benchmarks/startup.py [--rows 1000]

A run is timed in a process that has imported everything before that the run imports: what its command
takes beyond the sum of its stages is what the pipeline costs.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
TRIES = 3


def main() -> None:
    given = argparse.ArgumentParser()
    given.add_argument("--rows", type=int, default=1000)
    rows = given.parse_args().rows
    folder = Path(tempfile.mkdtemp(prefix="startup-"))
    try:
        for words in (("--help",), ("run", "--help"), ("release", "--help")):
            best = min(_timed([str(BIN / "doj-release"), *words]) for _ in range(TRIES))
            print(
                f"doj-release {' '.join(words):18} {best[0]:6.2f} s  {best[1]:6.2f} s of processor"
            )
        _run(folder, rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _timed(words: list[str], env: dict[str, str] | None = None) -> tuple[float, float]:
    """(wall seconds, processor seconds) of a command."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(words, env=env, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode in (0, 7), done.stderr[-500:]
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, used


def _run(folder: Path, rows: int) -> None:
    home, orders = folder / "home", max(2000, 2 * rows)
    project = _founded(home, folder, orders, rows)
    env = os.environ | {"DOJ_RELEASE_HOME": str(home)}
    words = ["run", project, "--kind", "identified", "--doubtful", "exclude", "--no-orchestrator"]
    listing = folder / "modules.json"
    program = (
        "import json, sys\nfrom pipelines.cli.app import main\n"
        f"try:\n    main({words!r})\nfinally:\n"
        f"    open({str(listing)!r}, 'w').write(json.dumps(sorted(sys.modules)))\n"
    )
    _timed([sys.executable, "-c", program], env)
    modules = [m for m in json.loads(listing.read_text()) if m != "__main__"]
    told = folder / "told.json"
    imported_first = (
        "import contextlib, importlib, json, time\nbegan = time.monotonic()\n"
        f"for name in {modules!r}:\n"
        "    with contextlib.suppress(Exception):\n        importlib.import_module(name)\n"
        "between = time.monotonic()\nfrom pipelines.cli.app import main\n"
        f"try:\n    main({words!r})\nfinally:\n    spent = between - began, time.monotonic() - between\n"
        f"    open({str(told)!r}, 'w').write(json.dumps(spent))\n"
    )
    found: list[tuple[float, float, float]] = []
    for _ in range(TRIES):
        _timed([sys.executable, "-c", imported_first], env)
        imports, command = json.loads(told.read_text())
        newest = max((home / "runs").glob("*/stages"), key=lambda p: p.parent.name)
        stages = sum(json.loads(p.read_text())["seconds"] for p in newest.glob("*.json"))
        found.append((command - stages, stages, imports))
    beside, stages, imports = min(found)
    print(
        f"{rows:,} cohort rows up to the approval: imports {imports:.1f} s, stages {stages:.1f} s,"
    )
    print(f"    {beside:.2f} s beside them; prefect imported: {'prefect' in modules}")


def _founded(home: Path, folder: Path, orders: int, rows: int) -> str:
    """A demo home with a register, one project and a cohort; the project's number."""
    from approvals.application.reading import example_application
    from crypto.cms.certificates import make_recipient
    from crypto.cms.recipients import Recipient
    from pipelines import registers
    from pipelines.cohort.registry import register_cohort
    from pipelines.deployment.init import init_home
    from pipelines.home.home import open_home
    from pipelines.keys import add_recipient, confirm_recipient
    from pipelines.made_up import record_checks
    from pipelines.session import Session, today
    from synthetic.cohorts import make_cohort
    from synthetic.registers.system import make_system

    init_home(home, demo=True)
    office = Session(open_home(home))
    last = today().year - 1
    truth = make_system(
        "CARPOS", folder / "source", records=orders, seed=5, first_year=last - 9, last_year=last
    )
    files = sorted((folder / "source").glob("*.parquet"))
    registers.load_register(office, "CARPOS", files, lambda _text: None)
    form = folder / "application.toml"
    form.write_text(example_application("standard", on=today(), kind="identified"))
    state = office.projects.submit(form, office.person, today())
    office.projects.approve(state.number, office.person, today())
    record_checks(office.projects, state.number, office.person, today(), folder)
    _, pem = make_recipient("p384", "Recipient")
    (folder / "lead.pem").write_bytes(pem)
    add_recipient(office, state.number, folder / "lead.pem", "lead")
    confirm_recipient(office, Recipient.from_pem(pem, on=today()).fingerprint)
    make_cohort(folder, truth, rows=rows, seed=5)
    register_cohort(office, state.number, folder / "cohort.csv", None, None)
    office.projects.confirm_cohort(state.number, None, office.person, today())
    office.close()
    return state.number


if __name__ == "__main__":
    main()
