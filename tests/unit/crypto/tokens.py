"""A PKCS#11 token in software (SoftHSM), made by the tests in a folder of their own."""

import os
import subprocess
from pathlib import Path

from tests.parts import SOFTHSM, require

PIN = "482916"
KEY = "signing"
TOKEN = "department"


def library() -> Path:
    """SoftHSM's shared library."""
    require("softhsm2-util")
    return next(Path(path) for path in SOFTHSM if Path(path).is_file())


def make_token(folder: Path, *, curve: str = "EC:secp384r1", name: str = TOKEN) -> Path:
    """Make a token with one key pair; the folder's configuration is used from now on."""
    require("softhsm2-util", "pkcs11-tool")
    (folder / "tokens").mkdir(exist_ok=True)
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    run(
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        name,
        "--so-pin",
        "9" * 8,
        "--pin",
        PIN,
    )
    tool = ("pkcs11-tool", "--module", library(), "--token-label", name, "--login", "--pin", PIN)
    run(*tool, "--keypairgen", "--key-type", curve, "--label", KEY, "--usage-sign")
    pin = folder / "pin"
    pin.write_text(PIN + "\n")
    pin.chmod(0o600)
    return pin


def run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True, timeout=60)
