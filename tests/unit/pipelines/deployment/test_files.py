"""What a machine needs beside the program: a lock of what runs, a Dockerfile and units that keep what they promise."""

import configparser
import json
import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pipelines.deployment.files import deployment_files, needed_to_run, write_files
from pipelines.home import HomeExists

ROOT = Path(__file__).parents[4]
LOCK = (ROOT / "requirements.lock").read_text()
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
SERVICES = sorted((ROOT / "deploy").glob("*.service"))


def pinned(lock):
    return set(re.findall(r"(?m)^([a-z0-9][a-z0-9.-]*)(?:\[.*\])?==", lock))


def closure(name, extras):
    """By the metadata of what is installed here: another way to the same answer."""
    found, queue = set(), [(name, extra) for extra in extras]
    while queue:
        one, extra = queue.pop()
        try:
            needs = [Requirement(text) for text in requires(one) or ()]
        except PackageNotFoundError:
            continue
        for need in needs:
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                key = re.sub(r"[-_.]+", "-", need.name).lower()
                if (key, "") not in found:
                    queue += [(key, e) for e in ("", *need.extras)]
                found |= {(key, e) for e in ("", *need.extras)}
    return {key for key, _ in found}


def test_the_lock_of_what_runs_has_all_of_it_and_no_tool():
    lock = needed_to_run(LOCK)
    assert closure(
        "doj-release", ("", "postgres", "mysql", "adbc", "pkcs11", "dask", "s3", "formats")
    ) <= pinned(lock)
    assert pinned(lock) <= pinned(LOCK)
    assert pinned(lock).isdisjoint({"pytest", "moto", "playwright", "pyright", "ruff", "hatchling", "flask"})  # fmt: skip
    assert all("--hash=sha256:" in block for block in re.split(r"(?m)^(?=[a-z0-9])", lock)[1:])


def test_files_are_written_into_a_new_folder_alone(tmp_path):
    write_files(tmp_path / "out")
    there = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()}  # fmt: skip
    assert there == {name for name, _ in deployment_files()}
    assert {"prefect.yaml", "deploy/worker.env", "docs/decisions/README.md", "README.md"} <= there
    with pytest.raises(HomeExists):
        write_files(tmp_path / "out")


def instructions():
    text = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", DOCKERFILE))
    return [line.split(None, 1) for line in text.splitlines() if line.strip()]


def test_the_image_is_made_of_debian_and_the_lock():
    said = instructions()
    assert {re.fullmatch(r"debian:\d+\.\d+-slim( AS build)?", v) is not None for k, v in said if k == "FROM"} == {True}  # fmt: skip
    assert not [k for k, _ in said if k == "ADD"]
    runs = " ".join(v for k, v in said if k == "RUN")
    assert re.search(r"curl|wget|https?://|index-url", runs) is None
    assert runs.count("pip install") == 2
    assert "--require-hashes --no-deps --only-binary :all: -r" in runs
    assert "--no-deps --no-index /build/*.whl" in runs
    assert re.search(r"https?://(?!127\.0\.0\.1)", DOCKERFILE) is None


def test_the_image_runs_as_nobody_special_and_says_how_it_is():
    said = instructions()
    users = [v for k, v in said if k == "USER"]
    assert users[-1].isdigit()
    assert int(users[-1]) >= 1000
    last = [k for k, _ in said]
    assert last.index("USER") < last.index("CMD")
    (health,) = [v for k, v in said if k == "HEALTHCHECK"]
    assert "/health" in health
    command = json.loads(dict(said)["CMD"])
    assert command == ["doj-release", "deployment", "worker", "--health-check"]


def test_what_the_image_copies_is_in_the_folder(tmp_path):
    write_files(tmp_path / "out")
    (
        tmp_path / "out" / "doj_release-0.1.0-py3-none-any.whl"
    ).touch()  # docs/installing.md puts it there
    for key, value in instructions():
        if key == "COPY" and "--from" not in value:
            *sources, _ = value.split()
            assert all(list((tmp_path / "out").glob(source)) for source in sources), value


@pytest.mark.parametrize("path", SERVICES, ids=lambda p: p.stem)
def test_a_unit_runs_as_the_service_and_writes_into_its_folder_alone(path):
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read_string(path.read_text())
    service = unit["Service"]
    assert (service["User"], service["UMask"], service["LimitCORE"]) == ("dojrelease", "0077", "0")
    assert (service["ProtectSystem"], service["ReadWritePaths"]) == ("strict", "/srv/doj-release")
    file = ROOT / "deploy" / Path(service["EnvironmentFile"]).name
    named = dict(line.split("=", 1) for line in file.read_text().splitlines() if line[:1] not in ("#", ""))  # fmt: skip
    assert {"DO_NOT_TRACK", "PYTHONSAFEPATH", "PREFECT_PROFILES_PATH"} <= named.keys()


def test_the_rules_of_sudo_are_those_of_the_guide():
    rules = (ROOT / "deploy" / "sudoers").read_text().split("\n", 1)[1]
    assert f"```text\n{rules}```" in (ROOT / "docs" / "operations.md").read_text()
