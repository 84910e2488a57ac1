"""Stage 8: the package's content, built in memory part by part, sealed to each recipient."""

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from crypto.cms import Recipient
from crypto.package import Package, write_package
from crypto.package import Part as SealPart
from extracts.package import iter_parts, recipient_readme
from pipelines.custody import confirmed_escrow, receipt_code
from pipelines.release.content import package as contents
from pipelines.release.stages.stage import Product
from pipelines.session import today

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.release.content import Content
    from pipelines.release.context import Context


def package_and_seal(context: "Context") -> Product:
    """Seal one package to each recipient (and the Department's escrow key, where there is one).

    Plaintext is never written: each part is built in memory, sealed, and forgotten.
    """
    context.checkpoint_once()
    # What an earlier run sealed may be for a key that is no longer confirmed.
    shutil.rmtree(context.folder / "seal", ignore_errors=True)
    content = contents.collect(context)
    files: list[Path] = []
    packages: list[dict[str, object]] = []
    for member, fingerprint, recipient in context.recipients():
        target = context.place("seal", member)
        package = _seal(context, content, member, recipient, target)
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
    return Product(tuple(files), {"packages": packages, "sealed_on": today().isoformat()})


def _seal(
    context: "Context", content: "Content", member: str, recipient: Recipient, target: "Path"
) -> Package:
    # Only the opened package tells the code: who names it at the receipt holds the key.
    code = receipt_code(context, context.release, recipient.fingerprint)
    release = replace(content.release, extra={**content.release.extra, "receipt_code": code})
    limit = context.settings.release.part_mebibytes * 1024 * 1024
    parts = iter_parts(
        release,
        content.rows(),
        content.dictionary,
        content.report_html,
        max_part_bytes=limit,
        extra_data=content.extra,
        formats=context.order.formats,
        sign=context.signer.sign_detached,
    )
    escrow = confirmed_escrow(context)
    recipients = [recipient] if escrow is None else [recipient, escrow]

    def readme(names: list[str]) -> str:
        return recipient_readme(
            release, parts=names, member=member, fingerprint=recipient.fingerprint
        )

    return write_package(
        target,
        (SealPart.from_bytes(part.name, part.content) for part in parts),
        recipients,
        context.signer,
        readme=readme,
    )
