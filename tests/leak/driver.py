"""One process with one embedded Prefect server, in which commands of the story run by turns.

Reads one JSON object a line: ``words`` for the command line, ``ruin`` where something is to break.
`began.py` starts it, with two inherited pipes.
"""

import dataclasses
import json
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import duckdb
import pyarrow as pa

from extracts import identified
from pipelines.cli.app import main
from pipelines.home.home import open_home
from pipelines.orchestration import Orchestrator, launch
from pipelines.release import content
from pipelines.release.stages import STAGES


def raised(how, text):
    """Raise an exception that quotes a value, as libraries do."""
    if how == "value":
        raise ValueError(text)
    if how == "database":
        duckdb.sql(f"SELECT CAST('{text}' AS INTEGER)").fetchall()
    if how == "arrow":
        pa.array([text]).cast(pa.int64())
    if how == "file":
        Path(f"/nonexistent/{text}").read_text()
    if how == "chain":
        try:
            raise KeyError(text)
        except KeyError as error:
            raise RuntimeError(text) from error
    raise AssertionError(how)


@contextmanager
def ruined(ruin):
    """Break a stage, the summary for Prefect's page, or the values of an extract."""
    with ExitStack() as stack:
        where, how, text = ruin["where"], ruin["how"], ruin["text"]
        if where == "extract values":
            share = identified.Share
            spoilt = _spoilt_share(share.extract, text)
            stack.enter_context(mock.patch.object(share, "extract", spoilt))
            stack.enter_context(
                mock.patch.object(content, "make_rows", _spoilt(content.make_rows, text))
            )
        elif where == "summary":
            from pipelines.flows import flows

            def broken(*_):
                raised(how, text)

            stack.enter_context(mock.patch.object(flows, "publish_summary", broken))
        else:
            stage = next(s for s in STAGES if s.name == where)
            whole = stage.work
            object.__setattr__(stage, "work", lambda _context: raised(how, text))
            stack.callback(object.__setattr__, stage, "work", whole)
        yield


def _spoilt(build, text):
    def built(*words, **named):
        made = build(*words, **named)  # after suppression and attack, which would empty it
        spoilt = _with_text(made.extract.table, text)
        return dataclasses.replace(made, extract=dataclasses.replace(made.extract, table=spoilt))

    return built


def _spoilt_share(extract, text):
    return lambda share: _with_text(extract(share), text)


def _with_text(table, text):
    name = "order_brady"  # in both kinds
    index = table.column_names.index(name)
    values = [f"{text}{i}" if i < 9 else v for i, v in enumerate(table[name].to_pylist())]
    return table.set_column(index, name, pa.array(values))


class Shared:
    """The server of this process, for every command that asks for one."""

    def __init__(self, server):
        self._server = server

    def __call__(self, _home):
        return self

    def __enter__(self):
        return self._server

    def __exit__(self, *_):
        return None


def command(words):
    """The command line in this process; its exit code."""
    try:
        main(words)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def drive(home, orders, answers):
    """Serve until the orders end."""
    with Orchestrator(open_home(Path(home))) as server:
        launch.Orchestrator = Shared(server)
        for line in orders:
            order = json.loads(line)
            with ExitStack() as stack:
                if order.get("ruin"):
                    stack.enter_context(ruined(order["ruin"]))
                code = command(order["words"])
            sys.stdout.flush()
            heavy = [name for name in sys.modules if name.startswith("prefect.server")]
            answers.write(json.dumps({"code": code, "heavy": heavy[:1]}) + "\n")
            answers.flush()
