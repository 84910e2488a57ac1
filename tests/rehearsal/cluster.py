"""A Dask cluster on the loopback: a scheduler and worker processes, TLS with an authority of its own."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crypto.resting import shared_secret
from tests.rehearsal.standing import environment, program, running


@dataclass(frozen=True)
class Local:
    """What the settings of a home say of it, and its workers."""

    settings: dict[str, Any]
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]
    shared: Path
    log: Path

    def kill_one(self) -> None:
        """End the first worker that runs as a machine that loses its power does."""
        _kill(next(worker for worker in self.workers if worker.poll() is None))

    def kill_scheduler(self) -> None:
        """The same with the scheduler."""
        _kill(self.scheduler)

    @property
    def alive(self) -> int:
        """Workers that run."""
        return sum(1 for worker in self.workers if worker.poll() is None)


def _kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)


def authority(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """A new authority and one certificate of it: (authority, certificate, key)."""
    folder.mkdir(mode=0o700, exist_ok=True)
    ca, cert, key = (folder / f"{name}-{end}.pem" for end in ("ca", "cert", "key"))
    ca_key, asked = folder / f"{name}-ca-key.pem", folder / f"{name}.csr"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]
    for words in (
        ["req", "-x509", *curve, "-days", "2", "-subj", f"/CN={name} authority",
         "-keyout", ca_key, "-out", ca],
        ["req", *curve, "-subj", f"/CN={name}", "-keyout", key, "-out", asked],
        ["x509", "-req", "-in", asked, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2", "-out", cert],
    ):  # fmt: skip
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
    ca_key.unlink()
    for path in (cert, key):
        path.chmod(0o600)
    return ca, cert, key


@contextmanager
def local_cluster(folder: Path, workers: int = 2, **env: str) -> Iterator[Local]:
    """Start it in a folder; ``env`` is of the workers alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    ca, cert, key = authority(folder / "tls", "cluster")
    shared, secret = folder / "shared", folder / "cluster.key"
    shared.mkdir(mode=0o700)
    shared_secret.make_shared_secret(secret)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tls = ["--tls-ca-file", ca, "--tls-cert", cert, "--tls-key", key]
    address = f"tls://127.0.0.1:{port}"
    quiet = ["--no-dashboard", "--dashboard-address", "127.0.0.1:0"]  # it listens all the same
    scheduler = ["scheduler", "--host", address, *quiet, "--no-show", *tls]
    worker = [
        "worker",
        address,
        "--host",
        "127.0.0.1",
        "--no-nanny",
        "--nthreads",
        "1",
        *quiet,
    ]
    worker += ["--local-directory", folder / "scratch", *tls]
    own = environment(folder, **{shared_secret.VARIABLE: str(secret), **env})
    own["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] = "true"
    for who in ("SCHEDULER", "WORKER"):
        own[f"DASK_DISTRIBUTED__{who}__HTTP__ROUTES"] = "[]"
    log = folder / "cluster.log"
    with ExitStack() as stack:

        def started(words: list[Any], log: Path) -> subprocess.Popen[bytes]:
            command = [program("dask"), *map(str, words)]
            return stack.enter_context(running(command, own, log))

        first = started(scheduler, log)
        processes = [started(worker, folder / f"worker-{n}.log") for n in range(workers)]
        settings = {
            "scheduler": address,
            "ca_file": str(ca),
            "certificate_file": str(cert),
            "key_file": str(key),
            "folder": str(shared),
            "secret_file": str(secret),
        }
        yield Local(settings, first, processes, shared, log)
