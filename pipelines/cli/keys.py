"""``keys …``, ``recipient …``, ``escrow …`` and ``switch …``: whose keys sign and open, and what takes two people besides projects and releases."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Console, command

# The Department's signing keys and the keyring's passphrase


keys_group = typer.Typer(help="The Department's signing keys over time.", no_args_is_help=True)

_Reason = Annotated[
    str, typer.Option("--reason", help="scheduled, compromised, lost or staff_change.")
]


@keys_group.command("show")
@command
def show_keys(console: Console) -> None:
    """List the key that signs, former keys that verify, and revoked ones."""
    from pipelines.keys import signing_keys
    from pipelines.session import open_session

    with open_session(console.home) as session:
        rows = signing_keys(session)
    names = ("state", "fingerprint", "from", "until")
    console.show("Signing keys", names, [[row[n] for n in names] for row in rows], rows)


@keys_group.command("rotate")
@command
def rotate_key(console: Console, reason: _Reason = "scheduled") -> None:
    """Make a new signing key; what the old one signed still verifies."""
    from pipelines.keys import rotate_signing_key
    from pipelines.session import open_session

    with open_session(console.home) as session:
        console.show_pairs("Signing key", rotate_signing_key(session, reason))
    console.hint(
        "Put the new fingerprint into the next letters: recipients compare it before they trust it."
    )


@keys_group.command("token")
@command
def use_token(
    console: Console,
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
    with open_session(console.home) as session:
        place = TokenPlace(library.absolute(), label, key, Path(pin))
        console.show_pairs("Signing key", rotate_signing_key(session, reason, place))
    console.hint(
        "Put the new fingerprint into the next letters: recipients compare it before they trust it."
    )


@keys_group.command("revoke")
@command
def revoke_key(
    console: Console,
    fingerprint: Annotated[str, typer.Argument(help="Of a former key, as `keys show` lists it.")],
    reason: _Reason = "compromised",
) -> None:
    """Let a former key verify nothing any more; what it signed has to be sent again."""
    from pipelines.keys import revoke_signing_key
    from pipelines.session import open_session

    with open_session(console.home) as session:
        console.show_pairs("Signing key", revoke_signing_key(session, fingerprint, reason))


@keys_group.command("passphrase")
@command
def change_keyring_passphrase(
    console: Console,
    new: Annotated[Path, typer.Option("--new", metavar="FILE", help="Holds the new passphrase.")],
) -> None:
    """Change the keyring's passphrase; one that was kept beside the keys is removed."""
    from pipelines.keys import change_passphrase
    from pipelines.session import open_session

    with open_session(console.home) as session:
        console.show_pairs("Keyring", change_passphrase(session, new))
    console.hint("From now on DOJ_RELEASE_PASSPHRASE_FILE has to name a file that holds it.")


@keys_group.command("cluster")
@command
def make_cluster_secret(
    console: Console,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, readable by its owner.")],
) -> None:
    """Make the secret that the machines of a Dask cluster share."""
    from crypto.resting import make_shared_secret, read_shared_secret, shared_secret_mark
    from pipelines.errors import FileExists

    if out.exists():
        raise FileExists(file="secret")
    make_shared_secret(out)
    console.show_pairs(
        "Cluster's secret", {"file": str(out), "mark": shared_secret_mark(read_shared_secret(out))}
    )
    console.hint(
        "Copy it to each worker (chmod 600) and name it there in DOJ_RELEASE_CLUSTER_KEY_FILE."
    )


# Recipients: whose keys a project's packages are sealed to


recipient_group = typer.Typer(help="Recipients' keys, confirmed out of band.", no_args_is_help=True)


@recipient_group.command("add")
@command
def add_key_of_member(
    console: Console,
    project: Annotated[str, typer.Argument(metavar="PROJECT")],
    cert: Annotated[
        Path, typer.Argument(metavar="CERT", help="X.509 certificate or public key, PEM.")
    ],
    member: Annotated[str, typer.Option("--member", metavar="NAME", help="The team member's id.")],
) -> None:
    """Register a team member's certificate."""
    from pipelines.keys import add_recipient
    from pipelines.session import open_session

    with open_session(console.home) as session:
        console.show_pairs("Recipient", add_recipient(session, project, cert, member))
    console.hint(
        "A second person compares the fingerprint by telephone, then runs `recipient confirm`."
    )


@recipient_group.command("confirm")
@command
def confirm_key_of_member(
    console: Console,
    fingerprint: Annotated[
        str, typer.Argument(help="SHA-256 of the public key, as read out by its owner.")
    ],
) -> None:
    """Confirm a key by its fingerprint, as a second person."""
    from pipelines.keys import confirm_recipient
    from pipelines.session import open_session

    with open_session(console.home) as session:
        console.show_pairs("Recipient", confirm_recipient(session, fingerprint))


@recipient_group.command("revoke")
@command
def revoke_key_of_member(
    console: Console,
    project: Annotated[str, typer.Argument(metavar="PROJECT")],
    fingerprint: Annotated[str, typer.Argument(help="SHA-256 of the public key.")],
    reason: Annotated[
        str, typer.Option("--reason", help="compromised, lost, replaced or left_team.")
    ] = "replaced",
) -> None:
    """Take a key out of use: nothing more is sealed or handed over to it.

    A member's next key is added and confirmed first, where releases should go on.
    """
    from pipelines.keys import revoke_recipient
    from pipelines.session import open_session

    with open_session(console.home) as session:
        console.show_pairs("Recipient", revoke_recipient(session, project, fingerprint, reason))


# Escrow and switches: two people


escrow_group = typer.Typer(
    help="The Department's own key, made and kept elsewhere.", no_args_is_help=True
)
switch_group = typer.Typer(
    help="Settings less cautious than their defaults, by two people.", no_args_is_help=True
)


@escrow_group.command("show")
@command
def show_escrow(console: Console) -> None:
    """Show the confirmed key, those that wait, and every use."""
    from pipelines.custody import escrow_overview
    from pipelines.session import open_session

    with open_session(console.home) as session:
        console.show_pairs("Escrow", escrow_overview(session))


@escrow_group.command("add")
@command
def add_escrow(
    console: Console,
    cert: Annotated[Path, typer.Argument(metavar="CERT", help="Certificate or public key, PEM.")],
) -> None:
    """Take the certificate of a key that was made on another machine."""
    from pipelines.custody import add_escrow_certificate
    from pipelines.session import open_session

    with open_session(console.home) as session:
        console.show_pairs("Escrow", add_escrow_certificate(session, cert))
    console.hint(
        "A second person compares the fingerprint out of band, then runs `escrow confirm`."
    )


@escrow_group.command("confirm")
@command
def confirm_escrow(
    console: Console,
    fingerprint: Annotated[str, typer.Argument(help="As read out by the key's custodian.")],
) -> None:
    """Confirm it, as a second person: packages are sealed to it from now on."""
    from pipelines.custody import confirm_escrow_certificate
    from pipelines.session import open_session

    with open_session(console.home) as session:
        console.show_pairs("Escrow", confirm_escrow_certificate(session, fingerprint))


@escrow_group.command("request")
@command
def request_escrow(
    console: Console,
    release: Annotated[str, typer.Argument(metavar="RELEASE")],
    reason: Annotated[str, typer.Option("--reason", help="proof, recovery or court_order.")],
) -> None:
    """Ask to use it for a release."""
    from pipelines.custody import request_escrow
    from pipelines.session import open_session

    with open_session(console.home) as session:
        console.show_pairs("Escrow", request_escrow(session, release, reason))
    console.hint("A second person runs `escrow allow REQUEST --out DIR`.")


@escrow_group.command("allow")
@command
def allow_escrow(
    console: Console,
    request: Annotated[str, typer.Argument(metavar="REQUEST")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder.")],
) -> None:
    """Allow a use, as a second person; sealed copies go out."""
    from pipelines.custody import allow_escrow
    from pipelines.session import open_session

    with open_session(console.home) as session:
        console.show_pairs("Escrow", allow_escrow(session, request, out.absolute()))


@switch_group.command("list")
@command
def list_switches(console: Console) -> None:
    """List the switches, and what two people confirmed."""
    from pipelines.session import open_session, switch_overview

    with open_session(console.home) as session:
        rows = switch_overview(session)
    names = ("switch", "value", "default", "less_cautious", "confirmed")
    console.show("Switches", names, [[row[n] for n in names] for row in rows], rows)


@switch_group.command("override")
@command
def override_switch(
    console: Console, name: Annotated[str, typer.Argument(help="Such as disclosure.row_k.")]
) -> None:
    """Record the value that settings.toml has."""
    from pipelines.session import open_session, override_setting

    with open_session(console.home) as session:
        console.show_pairs("Switch", override_setting(session, name))


@switch_group.command("confirm")
@command
def confirm_switch(console: Console, name: Annotated[str, typer.Argument()]) -> None:
    """Confirm it, as a second person."""
    from pipelines.session import confirm_setting, open_session

    with open_session(console.home) as session:
        console.show_pairs("Switch", confirm_setting(session, name))
