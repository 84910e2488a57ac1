"""The README of a sealed package: three commands for somebody who has never used OpenSSL."""

from collections.abc import Sequence

VERIFY = (
    "openssl cms -verify -binary -inform DER -in SHA256SUMS.p7s -content SHA256SUMS "
    "-certfile department.pem -nointern -noverify -out /dev/null"
)
CHECK = "sha256sum -c SHA256SUMS"
_DECRYPT = (
    'openssl cms -decrypt -binary -inform DER -in "{sealed}" -recip my.pem -inkey my.key '
    '-out "{plain}" || rm -f "{plain}"'
)


def decrypt_command(sealed: str) -> str:
    """Give the command that opens one part, and leaves nothing behind when it does not hold."""
    return _DECRYPT.format(sealed=sealed, plain=sealed.removesuffix(".cms"))


def recipient_readme(sealed_names: Sequence[str]) -> str:
    """Write the README for these sealed files.

    Args:
        sealed_names: names that end in ``.cms``, in order.
    """
    opening = "\n".join(f"    {decrypt_command(name)}" for name in sorted(sealed_names))
    checked = "\n".join(f"    {name}: OK" for name in sorted(sealed_names))
    return _TEXT.format(verify=VERIFY, check=CHECK, opening=opening, checked=checked)


_TEXT = """\
HOW TO OPEN THIS PACKAGE

The data are sealed for you: only your private key opens them. Do the steps in this order.
If a step does not print what it should, stop, open nothing, and call the Department at the
number in your approval letter - not at one that you find in this package.

What you need
  * This folder, whole, and a terminal in it:
      Linux    any terminal; OpenSSL 3.0 or newer is there already
      Windows  "Git Bash", which comes with Git for Windows and brings OpenSSL
      macOS    its own "openssl" (LibreSSL) can't do this: run  brew install openssl@3  and then
               write  "$(brew --prefix openssl@3)/bin/openssl"  wherever it says openssl below
    "openssl version" must say OpenSSL 3.0 or newer. LibreSSL and .NET can't open these files.
  * Your certificate (my.pem) and your private key (my.key), copied into this folder.
    If you gave the Department a bare public key and no certificate, leave out "-recip my.pem".

0. Once: is department.pem the Department's?

    openssl x509 -in department.pem -noout -fingerprint -sha256

   The line must be the one in your approval letter. Compare all of it.

1. Did the Department write this package?

    {verify}

   It must say:  CMS Verification successful

2. Did every file arrive unchanged?

    {check}

   (macOS without sha256sum:  shasum -a 256 -c SHA256SUMS)
   It must say for every file:
    README.txt: OK
{checked}

3. Open.

{opening}

   Each prints nothing when it works, and asks for your key's password if it has one. If it
   prints an error, no file is left: whatever it had written was not to be trusted.

Keep what you opened only where your approval allows, and delete this folder's copy of your
private key when you are done.
"""
