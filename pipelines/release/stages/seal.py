"""Stage 8: the package's content, built in memory part by part, sealed to each recipient."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from crypto.package import Part as SealPart
from crypto.package import write_package
from extracts.package import ReleaseFacts, iter_parts, recipient_readme
from pipelines.custody import confirmed_escrow, receipt_code
from pipelines.release.content import PackageContent, collect_content
from pipelines.release.context import ReleaseContext
from pipelines.release.stages.stage import Product
from pipelines.session import today


def package_and_seal(context: ReleaseContext) -> Product:
    """Seal one package to each recipient (and the Department's escrow key, where there is one).

    Plaintext is never written: each part is built in memory, sealed, and forgotten.
    """
    context.checkpoint_for_recipients()
    # What an earlier run sealed may be for a key that is no longer confirmed.
    shutil.rmtree(context.folder / "seal", ignore_errors=True)
    content, escrow = collect_content(context), confirmed_escrow(context.session)
    files: list[Path] = []
    packages: list[dict[str, object]] = []
    for member, fingerprint, recipient in context.recipients():
        target = context.staging.place("seal", member)
        # Only the opened package tells the code: who names it at the receipt holds the key.
        code = receipt_code(context.session, context.release, recipient.fingerprint)
        package = write_package(
            target,
            _parts(context, content, code),
            [recipient] if escrow is None else [recipient, escrow],
            context.signer,
            readme=_readme(content.release, member, recipient.fingerprint),
        )
        files += sorted(p for p in target.iterdir() if p.is_file())
        packages.append(
            {
                "member": member,
                "fingerprint": fingerprint,
                "parts": len(package.files),
                "bytes": sum(f.bytes for f in package.files),
                "sums": package.list_sha256,
                "hashes": [f.sha256_hex for f in package.files],
            }
        )
    facts = {"packages": packages, "sealed_on": today().isoformat(), "content": content.described}
    return Product(tuple(files), facts)


def seals_a_key_that_is_gone(context: ReleaseContext) -> bool:
    """Whether a package is sealed to a key that is not in force any more: then all are sealed anew, and an event says so."""
    packages = cast("list[dict[str, object]]", context.facts("seal").get("packages", []))
    usable = {fingerprint for _, fingerprint, _ in context.recipients()}
    gone = sum(1 for package in packages if package["fingerprint"] not in usable)
    if gone:
        context.note("packages_resealed", once=False, packages=gone, on=today().isoformat())
    return bool(gone)


def _parts(context: ReleaseContext, content: PackageContent, code: str) -> Iterator[SealPart]:
    """The parts of one recipient's package, one after the other, each with its code inside."""
    release = replace(content.release, extra={**content.release.extra, "receipt_code": code})
    parts = iter_parts(
        release,
        content.rows(),
        content.dictionary,
        content.report_html,
        max_part_bytes=context.session.settings.release.part_mebibytes * 1024 * 1024,
        extra_data=content.extra,
        formats=context.order.formats,
        sign=context.signer.sign_detached,
    )
    return (SealPart.from_bytes(part.name, part.content) for part in parts)


def _readme(release: ReleaseFacts, member: str, fingerprint: str) -> Callable[[list[str]], str]:
    return lambda names: recipient_readme(
        release, parts=names, member=member, fingerprint=fingerprint
    )
