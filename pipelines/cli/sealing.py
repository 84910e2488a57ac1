"""``seal`` and ``verify``: sealing alone."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import CONSOLE, command, show_pairs


@command
def seal(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="At most 256 MiB each.")],
    to: Annotated[
        list[Path],
        typer.Option("--to", metavar="CERT", help="A recipient's certificate; repeat it."),
    ],
    sign: Annotated[
        Path, typer.Option("--sign", metavar="KEY", help="The signer's private key (PEM).")
    ],
    sign_cert: Annotated[
        Path, typer.Option("--sign-cert", metavar="CERT", help="The signer's certificate.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder.")],
) -> None:
    """Seal files to recipients and sign their hashes.

    CMS AuthEnvelopedData, which stock OpenSSL 3 opens, and a signed SHA256SUMS.
    """
    from pipelines.keys import seal_files

    show_pairs("Sealed", seal_files(files, to, sign, sign_cert, out))


@command
def verify(
    directory: Annotated[Path, typer.Argument(metavar="DIR")],
    signer: Annotated[
        Path | None,
        typer.Option("--signer", metavar="CERT", help="The pinned signer (default: the home's)."),
    ] = None,
) -> None:
    """Check a package; exit 5 when it does not hold.

    The pinned signer, its signature over the list, the files on it and their hashes.
    """
    from pipelines.keys import verify_directory

    show_pairs("Verified", verify_directory(directory, signer, CONSOLE.home))


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("seal")(seal)
    app.command("verify")(verify)
