"""``keys …``, ``recipient …``, ``passkey …``, ``escrow …``, ``switch …`` and ``settings …``: whose keys sign and open, and what takes two people besides projects and releases."""

from pathlib import Path

from pipelines.cli.commands import Group
from pipelines.cli.console import Console

# The Department's signing keys and the keyring's passphrase


keys_group = Group("The Department's signing keys over time.")
_FOR_LETTERS = (
    "Put the new fingerprint into the next letters: recipients compare it before they trust it."
)


@keys_group.add("show")
def show_keys(console: Console) -> None:
    """List the key that signs, former keys that verify, and revoked ones."""
    from pipelines.keys import signing_keys

    names = ("state", "fingerprint", "from", "until")
    console.show_rows("Signing keys", names, signing_keys(console.session))


@keys_group.add("rotate")
def rotate_key(console: Console, reason: str = "scheduled") -> None:
    """Make a new signing key; what the old one signed still verifies."""
    from pipelines.keys import rotate_signing_key

    console.show_pairs("Signing key", rotate_signing_key(console.session, reason))
    console.hint(_FOR_LETTERS)


@keys_group.add("token")
def use_token(
    console: Console,
    library: Path,
    label: str,
    key: str,
    reason: str = "scheduled",
) -> None:
    """Let a PKCS#11 token sign; DOJ_RELEASE_PIN_FILE names the file of its PIN."""
    import os

    from crypto.errors import PinWrong
    from crypto.keyring import PIN_VARIABLE
    from crypto.token import TokenPlace
    from pipelines.keys import rotate_signing_key

    session, pin = console.session, os.environ.get(PIN_VARIABLE)
    if not pin:
        raise PinWrong
    place = TokenPlace(library.absolute(), label, key, Path(pin))
    console.show_pairs("Signing key", rotate_signing_key(session, reason, place))
    console.hint(_FOR_LETTERS)


@keys_group.add("revoke")
def revoke_key(
    console: Console,
    fingerprint: str,
    reason: str = "compromised",
) -> None:
    """Let a former key verify nothing any more; what it signed has to be sent again."""
    from pipelines.keys import revoke_signing_key

    console.show_pairs("Signing key", revoke_signing_key(console.session, fingerprint, reason))


@keys_group.add("passphrase")
def change_keyring_passphrase(
    console: Console,
    new: Path,
) -> None:
    """Change the keyring's passphrase; one that was kept beside the keys is removed."""
    from pipelines.keys import change_passphrase

    console.show_pairs("Keyring", change_passphrase(console.session, new))
    console.hint("From now on DOJ_RELEASE_PASSPHRASE_FILE has to name a file that holds it.")


@keys_group.add("cluster")
def make_cluster_secret(
    console: Console,
    out: Path,
) -> None:
    """Make the secret that the machines of a Dask cluster share."""
    from crypto.resting import make_shared_secret, read_shared_secret, shared_secret_mark
    from pipelines.errors import FileExists

    if out.exists():
        raise FileExists(file="secret")
    make_shared_secret(out)
    console.show_pairs(
        "Cluster's secret",
        {"file": console.shown(out), "mark": shared_secret_mark(read_shared_secret(out))},
    )
    console.hint(
        "Copy it to each worker (chmod 600) and name it there in DOJ_RELEASE_CLUSTER_KEY_FILE."
    )


# Recipients: whose keys a project's packages are sealed to


recipient_group = Group("Recipients' keys, confirmed out of band.")


@recipient_group.add("add")
def add_key_of_member(
    console: Console,
    project: str,
    cert: Path,
    member: str,
) -> None:
    """Register a team member's certificate."""
    from pipelines.keys import add_recipient

    console.show_pairs("Recipient", add_recipient(console.session, project, cert, member))
    console.hint(
        "A second person compares the fingerprint by telephone, then runs `recipient confirm`."
    )


@recipient_group.add("confirm")
def confirm_key_of_member(
    console: Console,
    fingerprint: str,
) -> None:
    """Confirm a key by its fingerprint, as a second person."""
    from pipelines.keys import confirm_recipient

    console.show_pairs("Recipient", confirm_recipient(console.session, fingerprint))


@recipient_group.add("revoke")
def revoke_key_of_member(
    console: Console,
    project: str,
    fingerprint: str,
    reason: str = "replaced",
) -> None:
    """Take a key out of use: nothing more is sealed or handed over to it.

    A member's next key is added and confirmed first, where releases should go on.
    """
    from pipelines.keys import revoke_recipient

    console.show_pairs("Recipient", revoke_recipient(console.session, project, fingerprint, reason))


# Passkeys: who signs at a standing desk


passkey_group = Group("Passkeys of those who sign at a standing desk.")


@passkey_group.add("list")
def list_passkeys(console: Console) -> None:
    """List every passkey, whose it is, and whether it is in force."""
    from pipelines.passkeys import list_passkeys as found

    names = ("person", "state", "since", "site", "confirmed_by", "fingerprint")
    console.show_rows("Passkeys", names, found(console.session))


@passkey_group.add("invite")
def invite_person(console: Console, person: str) -> None:
    """Let a person register one, by an address that opens once."""
    from pipelines.passkeys import invite

    console.show_pairs("Invitation", invite(console.session, person))
    console.hint(
        "Hand it to the person themselves. They read out the fingerprint that they are shown, and somebody else than the two "
        "of you runs `passkey confirm`."
    )


@passkey_group.add("confirm")
def confirm_passkey(console: Console, fingerprint: str) -> None:
    """Confirm one by the fingerprint that its owner reads out."""
    from pipelines.passkeys import confirm

    console.show_pairs("Passkey", confirm(console.session, fingerprint))


@passkey_group.add("revoke")
def revoke_passkey(console: Console, fingerprint: str, reason: str = "lost") -> None:
    """End one; what it signed stays signed."""
    from pipelines.passkeys import revoke

    console.show_pairs("Passkey", revoke(console.session, fingerprint, reason))


# Escrow, switches and settings: two people


escrow_group = Group("The Department's own key, made and kept elsewhere.")
switch_group = Group("Settings less cautious than their defaults, by two people.")


@escrow_group.add("show")
def show_escrow(console: Console) -> None:
    """Show the confirmed key, those that wait, and every use."""
    from pipelines.custody import escrow_overview

    console.show_pairs("Escrow", escrow_overview(console.session))


@escrow_group.add("add")
def add_escrow(
    console: Console,
    cert: Path,
) -> None:
    """Take the certificate of a key that was made on another machine."""
    from pipelines.custody import add_escrow_certificate

    console.show_pairs("Escrow", add_escrow_certificate(console.session, cert))
    console.hint(
        "A second person compares the fingerprint out of band, then runs `escrow confirm`."
    )


@escrow_group.add("confirm")
def confirm_escrow(
    console: Console,
    fingerprint: str,
) -> None:
    """Confirm it, as a second person: packages are sealed to it from now on."""
    from pipelines.custody import confirm_escrow_certificate

    console.show_pairs("Escrow", confirm_escrow_certificate(console.session, fingerprint))


@escrow_group.add("request")
def request_escrow(
    console: Console,
    release: str,
    reason: str,
) -> None:
    """Ask to use it for a release."""
    from pipelines.custody import request_escrow

    console.show_pairs("Escrow", request_escrow(console.session, release, reason))
    console.hint("A second person runs `escrow allow REQUEST --out DIR`.")


@escrow_group.add("allow")
def allow_escrow(
    console: Console,
    request: str,
    out: Path,
) -> None:
    """Allow a use, as a second person; sealed copies go out."""
    from pipelines.custody import allow_escrow

    done = allow_escrow(console.session, request, out.absolute())
    console.show_pairs("Escrow", done | {"copies": console.shown(out)})


@switch_group.add("list")
def list_switches(console: Console) -> None:
    """List the switches, and what two people confirmed."""
    from pipelines.safeguards import switch_overview

    names = ("switch", "value", "default", "less_cautious", "confirmed")
    console.show_rows("Switches", names, switch_overview(console.session))


@switch_group.add("override")
def override_switch(console: Console, name: str) -> None:
    """Record the value that settings.toml has."""
    from pipelines.safeguards import override_setting

    console.show_pairs("Switch", override_setting(console.session, name))


@switch_group.add("confirm")
def confirm_switch(console: Console, name: str) -> None:
    """Confirm it, as a second person."""
    from pipelines.safeguards import confirm_setting

    console.show_pairs("Switch", confirm_setting(console.session, name))


settings_group = Group("Settings and people: one records a change, another confirms.")


@settings_group.add("show")
def show_settings(console: Console) -> None:
    """Show what settings.toml and people.toml say other than what is in force."""
    from pipelines.safeguards import overview

    console.show_pairs("Settings", overview(console.session))


@settings_group.add("record")
def record_settings(console: Console) -> None:
    """Record what settings.toml and people.toml say, as an administrator."""
    from pipelines.safeguards import record_change

    done = record_change(console.session)
    console.show_pairs("Settings", done)
    if not done["in_force"]:
        console.hint(
            f"A second person looks: `settings show`, then `settings confirm {done['digest']}`."
        )


@settings_group.add("confirm")
def confirm_settings(console: Console, digest: str) -> None:
    """Confirm it, as a second person."""
    from pipelines.safeguards import confirm_change

    console.show_pairs("Settings", confirm_change(console.session, digest))
