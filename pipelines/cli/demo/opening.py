"""Open one package exactly as its recipient does: with the three commands of its README."""

import subprocess
import tempfile
import zipfile
from pathlib import Path

from pipelines.cli.demo.errors import OpensslMissing
from pipelines.home import Home

MEMBER = "analyst"


def open_one(home: Home, project: str, release: str) -> dict[str, object]:
    """Verify, check and decrypt a package with stock programs; say what is inside.

    The plaintext stands in a temporary folder for as long as it takes to look at it.

    Raises:
        OpensslMissing: the program is missing, or does not open what we sealed.
    """
    package = home.outbox / project / release / MEMBER
    keys = home.root / "demo" / "keys"
    with tempfile.TemporaryDirectory(dir=home.root / "demo") as scratch:
        _run(
            "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "SHA256SUMS.p7s",
            "-content", "SHA256SUMS", "-certfile", str(home.signing_certificate), "-nointern",
            "-noverify", "-out", "/dev/null", cwd=package,
        )  # fmt: skip
        _run("sha256sum", "--quiet", "-c", "SHA256SUMS", cwd=package)
        files: list[str] = []
        for part in sorted(package.glob("part-*.zip.cms")):
            opened = Path(scratch) / part.stem
            _run(
                "openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", part.name,
                "-recip", str(keys / f"{MEMBER}.pem"), "-inkey", str(keys / f"{MEMBER}.key"),
                "-out", str(opened), cwd=package,
            )  # fmt: skip
            with zipfile.ZipFile(opened) as bag:
                files += bag.namelist()
            opened.unlink()
    return {"package": str(package), "parts": len(list(package.glob("*.cms"))), "files": files}


def _run(*command: str, cwd: Path) -> None:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, check=False)
    except FileNotFoundError:
        raise OpensslMissing(program=command[0]) from None
    if done.returncode:
        raise OpensslMissing(program=command[0], status=done.returncode)
