"""One story a session: a home, poisoned rows, every command, one Prefect server."""

from collections.abc import Iterator

import pytest

from tests.leak import acts
from tests.leak.processes import Processes
from tests.leak.story import Driver, Stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory) -> Iterator[Stage]:
    """Everything has happened and every process has ended."""
    from pipelines.deployment.init import init_home

    stage = Stage(tmp_path_factory.mktemp("leak"))
    init_home(stage / "home", demo=True)
    settings = stage / "home" / "settings.toml"
    strict = settings.read_text().replace("threshold = 0.90 ", "threshold = 0.99 ")
    settings.write_text(strict)  # so that some pairs are doubtful
    with Processes(stage / "captured" / "processes.txt"):
        driver = Driver(stage)  # the server starts while the register loads
        try:
            for act in acts.STORY:
                act(stage, driver)
        finally:
            driver.close()
    return stage
