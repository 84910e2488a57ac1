"""Prefect's worker of processes, which starts this program's flows and nothing that the server names.

A deployment says where the code of its runs is, which steps fetch it, with which command and environment it starts, and what is
called when it is cancelled; whoever has the server's password can write one. Of all that this worker reads the flow's name.
"""

import asyncio
import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import anyio
from prefect.runner._flow_run_executor import FlowRunExecutionResult, FlowRunExecutorContext
from prefect.runner._starter_engine import EngineCommandStarter
from prefect.utilities.processutils import setup_signal_handlers_worker
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker, ProcessWorkerResult

if TYPE_CHECKING:
    from anyio.abc import TaskStatus
    from prefect.client.schemas.objects import FlowRun, State

# What it imports stays: nobody looks for cycles among it (`pipelines.start.imports_that_stay`), a fifth of the start.
_ENGINE = "import gc; gc.disable(); from pipelines.flows.engine import main; gc.freeze(); gc.enable(); main()"


class _Configuration(ProcessJobConfiguration):
    """Nothing of a pool's template, a deployment's or a run's variables."""

    @classmethod
    async def from_template_and_values(cls, *_: Any, **__: Any) -> Self:
        return cls()


class _NoHooks:
    """Prefect's runner would load the flow, to learn what it wants called."""

    async def run_cancellation_hooks(self, flow_run: "FlowRun", state: "State[Any]") -> None: ...
    async def run_crashed_hooks(self, flow_run: "FlowRun", state: "State[Any]") -> None: ...


class OwnFlows(ProcessWorker):
    """A worker of a pool of processes."""

    job_configuration = _Configuration

    @classmethod
    def __dispatch_key__(cls) -> str:
        """What Prefect knows it by, besides its own worker of processes."""
        return "doj-release"

    async def run(
        self,
        flow_run: "FlowRun",
        configuration: ProcessJobConfiguration,  # noqa: ARG002  # Prefect's signature
        task_status: "TaskStatus[int] | None" = None,
    ) -> ProcessWorkerResult:
        """Have one run done by a process of its own (`pipelines.flows.engine`), which refuses what is not ours."""
        name = (await self.client.read_flow(flow_run.flow_id)).name
        command = shlex.join([sys.executable, "-P", "-c", _ENGINE, name])
        done: list[FlowRunExecutionResult | None] = []
        async with FlowRunExecutorContext() as context:
            starter = EngineCommandStarter(
                command=command, cwd=Path.cwd(), env=dict(os.environ), control_channel=context.control_channel
            )  # fmt: skip
            executor = context.create_executor(
                flow_run, starter, propose_submitting=False, hook_runner=_NoHooks()
            )

            async def execute(*, task_status: "TaskStatus[Any]") -> None:
                done.append(await executor.submit(task_status=task_status))

            async with anyio.create_task_group() as group:
                handle = await group.start(execute)
                if task_status is not None:
                    task_status.started(handle.pid)
        (result,) = done
        if result is None or result.status_code is None:
            raise RuntimeError("no process")
        number = str(result.handle.pid)
        return ProcessWorkerResult(status_code=result.status_code, identifier=number)


def main(pool: str, name: str, *health: str) -> None:
    """Take runs of a pool until a signal comes.

    Args:
        pool: its name.
        name: the worker's.
        health: anything, for an answer on the health check's port.
    """
    setup_signal_handlers_worker(os.getpid(), "the worker", print)
    worker = OwnFlows(work_pool_name=pool, name=name, create_pool_if_not_found=False)
    with suppress(KeyboardInterrupt):  # what Prefect makes of SIGTERM
        asyncio.run(worker.start(with_healthcheck=bool(health)))


if __name__ == "__main__":
    main(*sys.argv[1:])
