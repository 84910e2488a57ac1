"""``keys …``: the Department's signing keys and the keyring's passphrase."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import CONSOLE, command, hint, show, show_pairs

group = typer.Typer(help="The Department's signing keys over time.", no_args_is_help=True)

_Reason = Annotated[
    str, typer.Option("--reason", help="scheduled, compromised, lost or staff_change.")
]


@group.command("show")
@command
def show_keys() -> None:
    """List the key that signs, former keys that verify, and revoked ones."""
    from pipelines.keys import signing_keys
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        rows = signing_keys(session)
    names = ("state", "fingerprint", "from", "until")
    show("Signing keys", names, [[row[n] for n in names] for row in rows], rows)


@group.command("rotate")
@command
def rotate(reason: _Reason = "scheduled") -> None:
    """Make a new signing key; what the old one signed still verifies."""
    from pipelines.keys import rotate_signing_key
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Signing key", rotate_signing_key(session, reason))
    hint(
        "Put the new fingerprint into the next letters: recipients compare it before they trust it."
    )


@group.command("token")
@command
def token(
    library: Annotated[Path, typer.Option("--library", help="The token's PKCS#11 module.")],
    label: Annotated[str, typer.Option("--token", help="The token's label.")],
    key: Annotated[str, typer.Option("--key", help="The label of its P-384 key pair.")],
    reason: _Reason = "scheduled",
) -> None:
    """Let a PKCS#11 token sign; DOJ_RELEASE_PIN_FILE names the file of its PIN."""
    import os

    from crypto.errors import PinWrong
    from crypto.keyring import PIN_VARIABLE
    from crypto.token import TokenPlace
    from pipelines.keys import rotate_signing_key
    from pipelines.session import open_session

    pin = os.environ.get(PIN_VARIABLE)
    if not pin:
        raise PinWrong
    with open_session(CONSOLE.home) as session:
        place = TokenPlace(library.absolute(), label, key, Path(pin))
        show_pairs("Signing key", rotate_signing_key(session, reason, place))
    hint(
        "Put the new fingerprint into the next letters: recipients compare it before they trust it."
    )


@group.command("revoke")
@command
def revoke(
    fingerprint: Annotated[str, typer.Argument(help="Of a former key, as `keys show` lists it.")],
    reason: _Reason = "compromised",
) -> None:
    """Let a former key verify nothing any more; what it signed has to be sent again."""
    from pipelines.keys import revoke_signing_key
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Signing key", revoke_signing_key(session, fingerprint, reason))


@group.command("passphrase")
@command
def passphrase(
    new: Annotated[Path, typer.Option("--new", metavar="FILE", help="Holds the new passphrase.")],
) -> None:
    """Change the keyring's passphrase; one that was kept beside the keys is removed."""
    from pipelines.keys import change_passphrase
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Keyring", change_passphrase(session, new))
    hint("From now on DOJ_RELEASE_PASSPHRASE_FILE has to name a file that holds it.")


@group.command("cluster")
@command
def cluster(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, readable by its owner.")],
) -> None:
    """Make the secret that the machines of a Dask cluster share."""
    from crypto.resting import make_shared_secret, read_shared_secret, shared_secret_mark
    from pipelines.errors import FileExists

    if out.exists():
        raise FileExists(file="secret")
    make_shared_secret(out)
    show_pairs(
        "Cluster's secret", {"file": str(out), "mark": shared_secret_mark(read_shared_secret(out))}
    )
    hint("Copy it to each worker (chmod 600) and name it there in DOJ_RELEASE_CLUSTER_KEY_FILE.")


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="keys")
