"""A sealed package: written whole or not at all, and verified before anybody opens it.

    part-001.zip.cms   CMS AuthEnvelopedData for every recipient (`seal`)
    README.txt         the recipient's commands
    SHA256SUMS         hashes of the two above, for ``sha256sum -c``
    SHA256SUMS.p7s     detached signature over the list (`signing`)
    department.pem     the signer's certificate; trusted only after its fingerprint is compared

`verify_package` follows the same order as the recipient: (1) the pinned signer, (2) its signature
over the list, (3) exactly the listed files, (4) their hashes. It decrypts nothing.

``SHA256SUMS`` is what the sha256sum program writes and reads; names are held to what survives that format, the
README's commands and every operating system. Cipher, hash and disk run outside Python's lock, so parts are sealed in
threads; each part is a CMS object of its own.
"""

import contextlib
import io
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives import hashes

from crypto import cms, errors, files
from crypto.cms import digest
from errors import CodedError

# -- parts: their names, the list of their hashes, and the sealing of several side by side

LONGEST_LIST = 1024 * 1024  # bytes of a list: some nine thousand parts, 2 TiB of plaintext
_NAME = re.compile(
    r"(?!\.|-| |(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z))[\w.() +,=@-]{1,200}(?<![. ])",
    re.ASCII | re.IGNORECASE,
)
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)\n")


def check_names(names: list[str]) -> None:
    """Refuse names that could not stand on the list, or that differ in case alone.

    Raises:
        PartNameUnusable: with the position (1-based) of the first.
    """
    seen: set[str] = set()
    for position, name in enumerate(names, start=1):
        if not _NAME.fullmatch(name) or name.lower() in seen:
            raise errors.PartNameUnusable(position=position)
        seen.add(name.lower())


def write_sums(sums: Mapping[str, str]) -> bytes:
    """Write the list, by name; ``sums`` maps file names to hex SHA-256."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode("ascii")


def read_sums(data: bytes) -> dict[str, str]:
    """Read a list of exactly the form that `write_sums` writes.

    Raises:
        PackageUnreadable: another form, no line, a name twice or out of order.
    """
    try:
        text = data.decode("ascii")
        found = {match[2]: match[1] for match in _LINE.finditer(text)}
        check_names(list(found))
    except (UnicodeDecodeError, errors.PartNameUnusable):
        raise errors.PackageUnreadable from None
    if not found or write_sums(found) != data:
        raise errors.PackageUnreadable
    return found


SUFFIX = ".cms"
# Parts in work at once. Each thread beyond the second adds little (the disk is one), and each part
# that a caller makes in memory costs up to 256 MiB while it is in work.
AT_ONCE = min(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Part:
    """Something to seal that need not be a file: plaintext may never touch the disk.

    Attributes:
        name: its file name once opened; sealed it gets ``.cms``.
        open: gives a seekable stream at its beginning, closed by the sealer.
    """

    name: str
    open: Callable[[], BinaryIO]

    @classmethod
    def of(cls, path: Path) -> "Part":
        """Take a regular file under its own name."""
        return cls(path.name, lambda: files.open_regular(path))

    @classmethod
    def from_bytes(cls, name: str, data: bytes) -> "Part":
        """Take bytes in memory."""
        return cls(name, lambda: io.BytesIO(data))


@dataclass(frozen=True)
class SealedFile:
    """One sealed file: name with ``.cms``, hex SHA-256 and size in bytes of the ciphertext."""

    name: str
    sha256_hex: str
    bytes: int


def seal_parts(
    directory: Path,
    parts: Iterable[Path | Part],
    recipients: Sequence[cms.Recipient],
    *,
    at_once: int = AT_ONCE,
) -> list[SealedFile]:
    """Seal parts into a directory, in the order given, ``at_once`` of them side by side.

    A part is asked for only when one of the earlier is done, so that a generator's parts are never
    more than ``at_once`` in memory. After an error what stands in the directory is worthless.

    Raises:
        PartMissing: there was none.
        PartNameUnusable, PartTooLarge, SourceChanged, FileUnusable: a part can't be sealed.
    """
    names: list[str] = []
    sealed: list[SealedFile] = []
    waiting: deque[Future[SealedFile]] = deque()
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="seal") as pool:
        try:
            for given in parts:
                part = Part.of(given) if isinstance(given, Path) else given
                names.append(part.name + SUFFIX)
                check_names(names)
                waiting.append(pool.submit(_seal_one, directory, part, recipients))
                del given, part  # the worker alone keeps it
                if len(waiting) >= at_once:
                    sealed.append(waiting.popleft().result())
            while waiting:
                sealed.append(waiting.popleft().result())
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if not sealed:
        raise errors.PartMissing(count=0)
    return sealed


def _seal_one(directory: Path, part: Part, recipients: Sequence[cms.Recipient]) -> SealedFile:
    name = part.name + SUFFIX
    with files.coded(), part.open() as source, files.open_new(directory / name) as sink:
        size = source.seek(0, io.SEEK_END)
        source.seek(0)
        digest = cms.seal_stream(source, size, recipients, sink)
    with files.coded():
        files.sync(directory / name)
    return SealedFile(name, digest.sha256_hex, digest.bytes)


# -- the whole

LIST, SIGNATURE = "SHA256SUMS", "SHA256SUMS.p7s"
README, CERTIFICATE = "README.txt", "department.pem"
_BLOCK = 1024 * 1024  # bytes read at a time for hashing
Readme = Callable[[list[str]], str]


@dataclass(frozen=True)
class Package:
    """What was written, or verified.

    Attributes:
        directory: where it stands now.
        files: the sealed files, in order.
        list_sha256: hex SHA-256 of ``SHA256SUMS``, which names the whole package.
        signer: fingerprint of the signer's public key.
        recipients: fingerprints, in the order given; a verified package does not name them.
    """

    directory: Path
    files: tuple[SealedFile, ...]
    list_sha256: str
    signer: str
    recipients: tuple[str, ...] = ()


def write_package(
    directory: Path,
    parts: Iterable[Path | Part],
    recipients: Sequence[cms.Recipient],
    signer: cms.Signer,
    *,
    readme: str | Readme | None = None,
) -> Package:
    """Seal parts for all recipients into a new directory, which appears whole or not at all.

    Args:
        directory: must not exist; its parent must.
        parts: files, or `Part` for what is in memory; asked for one after another, so a generator
            that makes each when asked keeps two in memory and the next.
        recipients: 1 to 64, each once.
        signer: signs the list of hashes.
        readme: text in place of the usual README, or a function that makes it of the names of the
            parts, in order and without ``.cms``.

    Raises:
        PackageExists: the directory is there.
        PartNameUnusable, PartTooLarge, RecipientsWrong, SourceChanged: a part can't be sealed.
        FileUnusable: a part can't be read, or the directory can't be written.
    """
    cms.check_recipients(recipients)
    if directory.exists() or directory.is_symlink():
        raise errors.PackageExists
    partial = files.temporary_beside(directory)
    with files.directory_written_whole(partial, directory):
        sealed = seal_parts(partial, parts, recipients)
        list_sha256 = _sign(partial, sealed, signer, readme)
    fingerprints = tuple(recipient.fingerprint for recipient in recipients)
    return Package(directory, tuple(sealed), list_sha256, signer.fingerprint, fingerprints)


def _sign(
    directory: Path, sealed: list[SealedFile], signer: cms.Signer, readme: str | Readme | None
) -> str:
    text = _readme_text([file.name for file in sealed], readme)
    sums = {file.name: file.sha256_hex for file in sealed}
    sums[README] = _sha256(text.encode())
    listed = write_sums(sums)
    written = {
        README: text.encode(),
        LIST: listed,
        SIGNATURE: signer.sign_detached(listed),
        CERTIFICATE: cms.read_identity(signer.certificate_pem, bare_key=False).pem,
    }
    for name, data in written.items():
        files.write_small(directory / name, data)
    return _sha256(listed)


def _readme_text(sealed: list[str], readme: str | Readme | None) -> str:
    if readme is None:
        return _usual_readme(sorted(sealed))
    return readme if isinstance(readme, str) else readme([n.removesuffix(SUFFIX) for n in sealed])


_DECRYPT = (
    '    openssl cms -decrypt -binary -inform DER -in "{sealed}" -recip my.pem -inkey my.key '
    '-out "{plain}" || rm -f "{plain}"'
)


def _usual_readme(sealed: list[str]) -> str:
    """Three commands for somebody who has never used OpenSSL; an opening leaves nothing behind when it does not hold."""
    text = resources.files("crypto.package").joinpath("readme.txt").read_text("utf-8")
    return text.format(
        opening="\n".join(
            _DECRYPT.format(sealed=name, plain=name.removesuffix(SUFFIX)) for name in sealed
        ),
        checked="\n".join(f"    {name}: OK" for name in sealed),
    )


def _sha256(data: bytes) -> str:
    return digest(data, hashes.SHA256()).hex()


def verify_package(directory: Path, signer_certificate_pem: bytes) -> Package:
    """Verify a package against one pinned signer; nothing in the package is trusted before.

    Args:
        directory: the package.
        signer_certificate_pem: the certificate that you got elsewhere, not from the package.

    Raises:
        NotACertificate, WeakKey, WrongCurve, WrongCertificateUse: the pinned certificate is unfit.
        PackageUnreadable: no well-formed list.
        SignatureUnreadable, SignerUnknown, SignatureDoesNotHold: the list is not the signer's.
        PartMissing, PartUnexpected: other files than the signed ones.
        HashDoesNotHold: a file differs; with the positions (1-based) on the list.
    """
    # (1) the signer is the pinned one; the package's own certificate may only be the same
    pinned = cms.read_identity(signer_certificate_pem, bare_key=False)
    _check_enclosed_certificate(directory, pinned.pem)
    # (2) the pinned signer signed the list
    listed = _read(directory / LIST, LONGEST_LIST, errors.PackageUnreadable)
    signature = _read(directory / SIGNATURE, cms.LONGEST_SIGNATURE, errors.SignatureUnreadable)
    cms.verify_detached(listed, signature, signer_certificate_pem)
    # (3) every listed file is there and nothing else
    sums = read_sums(listed)
    _check_entries(directory, set(sums))
    # (4) every file has its signed hash
    sealed = _check_hashes(directory, sums)
    return Package(directory, sealed, _sha256(listed), pinned.fingerprint)


def verify_by_any(directory: Path, signer_certificates: Sequence[bytes]) -> Package:
    """Verify a package against the first of several pinned signers that signed it.

    Raises:
        SignerUnknown: none of them did.
        CodedError: as `verify_package`.
    """
    for pinned in signer_certificates:
        with contextlib.suppress(errors.SignerUnknown):
            return verify_package(directory, pinned)
    raise errors.SignerUnknown


def _check_enclosed_certificate(directory: Path, pinned: bytes) -> None:
    if not (directory / CERTIFICATE).exists():
        return
    with contextlib.suppress(CodedError):
        if files.read_small(directory / CERTIFICATE, cms.LONGEST_SIGNATURE) == pinned:
            return
    raise errors.SignerUnknown


def _read(path: Path, longest: int, error: type[CodedError]) -> bytes:
    try:
        return files.read_small(path, longest)
    except errors.FileUnusable:
        raise error from None


def _check_entries(directory: Path, listed: set[str]) -> None:
    try:
        found = {entry.name for entry in directory.iterdir()}
    except OSError:
        raise errors.PackageUnreadable from None
    if missing := listed - found:
        raise errors.PartMissing(count=len(missing))
    unexpected = found - listed - {LIST, SIGNATURE, README, CERTIFICATE}
    if unexpected or not any(name.endswith(SUFFIX) for name in listed):
        raise errors.PartUnexpected(count=len(unexpected))


def _check_hashes(directory: Path, sums: dict[str, str]) -> tuple[SealedFile, ...]:
    sealed: list[SealedFile] = []
    wrong: list[int] = []
    for position, (name, signed) in enumerate(sums.items(), start=1):
        found = _hash(directory / name)
        if found is None or found[0] != signed:
            wrong.append(position)
        elif name.endswith(SUFFIX):
            sealed.append(SealedFile(name, signed, found[1]))
    if wrong:
        raise errors.HashDoesNotHold(lines=wrong)
    return tuple(sealed)


def _hash(path: Path) -> tuple[str, int] | None:
    made, count = hashes.Hash(hashes.SHA256()), 0
    try:
        with files.open_regular(path) as handle:
            while block := handle.read(_BLOCK):
                made.update(block)
                count += len(block)
    except (errors.FileUnusable, OSError):
        return None
    return made.finalize().hex(), count
