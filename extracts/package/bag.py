"""The content of a package: a BagIt bag (RFC 8493) cut into ZIP files, built in memory.

The bag is plaintext, so it never touches a disk here: `iter_parts` hands over one part at a time to
be sealed. A part is a complete ZIP (no clock in it) of whole files, compressed but for
those that are already; all parts are unpacked
into one folder, which then is a valid bag. The documents and manifests travel in the last part,
since a manifest can only be written when every hash is known.

It does not know recipients' keys; what it signs with is a function that the caller brings.
"""

import datetime as dt
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from extracts.errors import PartTooSmall
from extracts.package import formats as written
from extracts.package.catalogue import catalogue
from extracts.package.codebook import codebook
from extracts.package.contents import DataFile, Written
from extracts.package.datapackage import datapackage
from extracts.package.dictionary import DataDictionary, dictionary_page
from extracts.package.documents import conditions, destruction, inner_readme, release_note
from extracts.package.facts import ReleaseFacts
from extracts.package.scripts import scripts
from extracts.package.tally import Counter, parquet_rows

MAX_PART_BYTES = 256 * 1024 * 1024  # plaintext; `openssl cms -decrypt` holds a part in memory twice
_DOCUMENTS = 4 * 1024 * 1024  # smallest sensible part: documents of a release fit well within
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first instant that ZIP knows, so that equal files stay equal
_COMPRESSED = (".parquet", ".xlsx", ".p7s")  # what compressing would not make smaller
_LEVEL = 3  # of deflate, 1 to 9: a CSV to a quarter at 100 MB a second; 6 takes thrice as long for a fifth off that
_SWOLLEN = (
    1024  # deflate adds at most one byte to so many that it can't make smaller (zlib: 5 to 16 KiB)
)
_LOCAL, _CENTRAL, _END = 30, 46, 22  # bytes of the three ZIP records without their names

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Part:
    """One part of a package: its file name and its plaintext, which no repr shows."""

    name: str
    content: bytes = field(repr=False)


def iter_parts(
    release: ReleaseFacts,
    data: written.Rows,
    dictionary: DataDictionary,
    report_html: str,
    *,
    max_part_bytes: int = MAX_PART_BYTES,
    extra_data: Mapping[str, bytes] | None = None,
    formats: Sequence[written.Format] = (),
    sign: Sign | None = None,
) -> Iterator[Part]:
    """Yield the parts of one package, each at most ``max_part_bytes`` of plaintext.

    Args:
        release: what the package says about itself.
        data: the rows; read once, in order.
        dictionary: describes exactly the columns of ``data``.
        report_html: the recipient's edition of the validation report.
        max_part_bytes: between 4 MiB and 256 MiB.
        formats: more forms of the same rows, for Stata, SPSS or SAS.
        extra_data: more files for ``data/``, name → content (a workbook of an aggregate).
        sign: makes a detached signature over the tag manifest, which then travels as
            ``tagmanifest-sha256.txt.p7s``: what is inside names its project and recipients, and
            can't be passed on as if meant for somebody else.

    Raises:
        DataChanged: ``data`` has other columns than ``dictionary`` describes.
        PartTooSmall: one row or document does not fit into a part.
        FormatCannotHold: a value would be cut in one of the ``formats``.
    """
    if not _DOCUMENTS <= max_part_bytes <= MAX_PART_BYTES:
        raise PartTooSmall(bytes=max_part_bytes)
    dictionary.check(data.schema)
    bag = _Bag(max_part_bytes)
    counter = Counter(dictionary, release.threshold, zeros=release.zeros == "published")
    also = {
        written.PROGRAMS[form].extension: partial(
            written.program_file, form, dictionary, release.title
        )
        for form in formats
    }
    row_counts: dict[str, int] = {}
    room = max_part_bytes - 4096 - max_part_bytes // _SWOLLEN
    for stem, files in _numbered(written.encode_rows(counter.watch(data), room, also)):
        together = {f"data/{stem}.{ext}": one for ext, one in files.items()}
        row_counts |= dict.fromkeys(together, parquet_rows(files["parquet"]))
        yield from bag.add_together(together)
    for name, content in sorted((extra_data or {}).items()):
        yield from bag.add(f"data/{name}", content)
    contents = Written(bag.data_files(row_counts), counter.tally())
    documents = _documents(release, dictionary, report_html, contents, formats)
    for name, content in documents.items():
        yield from bag.add(name, content)
    for name, content in bag.tag_files(release).items():
        yield from bag.add(name, content)
    listing = bag.manifest(payload=False)
    yield from bag.add("tagmanifest-sha256.txt", listing)
    if sign:
        yield from bag.add("tagmanifest-sha256.txt.p7s", sign(listing))
    yield bag.close()


def _numbered(pairs: Iterator[written.Encoded]) -> Iterator[tuple[str, written.Encoded]]:
    """``extract`` where there is one file, ``extract-001`` … where the rows were cut."""
    current, number = next(pairs), 1
    for following in pairs:
        yield f"extract-{number:03}", current
        current, number = following, number + 1
    yield (f"extract-{number:03}" if number > 1 else "extract"), current


def _documents(
    release: ReleaseFacts,
    dictionary: DataDictionary,
    report_html: str,
    contents: Written,
    formats: Sequence[written.Format],
) -> dict[str, bytes]:
    notes = written.program_notes(formats, dictionary)
    texts = {
        "README.txt": inner_readme(release, formats, rates=_has_rates(contents)),
        "CONDITIONS.txt": conditions(release),
        "dictionary.html": dictionary_page(release, dictionary, notes, contents.tally),
        "datapackage.json": _json(datapackage(release, dictionary, contents)),
        "codebook.xml": codebook(release, dictionary, contents),
        "catalogue.jsonld": _json(catalogue(release, contents)),
        **{f"read/{name}": text for name, text in scripts(release, dictionary, contents).items()},
        "RELEASE.txt": release_note(release),
        "validation-report.html": report_html,
        "provenance.json": _json(provenance(release)),
        "ledger-checkpoint.json": _json(dict(release.ledger_checkpoint)),
    }
    if release.kind != "aggregated":  # what carries no duty has no certificate
        texts["DESTRUCTION.txt"] = destruction(release)
    return {name: text.encode() for name, text in texts.items()}


def _has_rates(contents: Written) -> bool:
    return any(one.path == "data/linkage-rates.csv" for one in contents.files)


def provenance(release: ReleaseFacts) -> dict[str, object]:
    """Return where the data comes from and for whom it is; the one place for run facts."""
    return {
        "release_id": release.release_id,
        "packaged_on": release.packaged_on.isoformat(),
        "project_number": release.project_number,
        "kind": release.kind,
        "system": release.system,
        "snapshot_id": release.snapshot_id,
        "order_scope": list(release.order_scope),
        "years": list(release.years) if release.years else None,
        "individuals": release.individuals,
        "code_version": release.code_version,
        "configuration_digest": release.configuration_digest,
        "input_digests": dict(release.input_digests),
        "recipients": [{"member": m, "fingerprint": key} for m, key in release.recipients],
        "synthetic": release.synthetic,
        **release.extra,
    }


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False, default=_plain) + "\n"


def _plain(value: object) -> str:
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


class _Bag:
    """Files on their way into parts, and the hashes of all that went before."""

    def __init__(self, max_part_bytes: int) -> None:
        self._max = max_part_bytes
        self._number = 0
        self._hashes: dict[str, tuple[str, int]] = {}
        self._start()

    def _start(self) -> None:
        self._number += 1
        self._sink = io.BytesIO()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED)
        self._size = _END

    def add(self, path: str, content: bytes) -> Iterator[Part]:
        """Put one file into the bag; yield the part that had no more room for it."""
        return self.add_together({path: content})

    def add_together(self, files: Mapping[str, bytes]) -> Iterator[Part]:
        """Put files that belong into one part; yield the part that had no more room for them."""
        records = len(files) * (_LOCAL + _CENTRAL)
        sizes = {path: len(one) + len(one) // _SWOLLEN + 64 for path, one in files.items()}
        needed = records + sum(2 * len(path.encode()) + sizes[path] for path in files)
        if _END + needed > self._max:
            raise PartTooSmall(bytes=self._max)
        if self._size + needed > self._max:
            yield self.close()
            self._start()
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = 3  # Unix, on whatever machine it is made
            entry.external_attr = 0o600 << 16
            stored = path.endswith(_COMPRESSED)
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            self._zip.writestr(entry, content, compresslevel=_LEVEL)
            self._hashes[path] = (hashlib.sha256(content).hexdigest(), len(content))
        self._size += needed

    def close(self) -> Part:
        """Return the part that is being filled, complete."""
        self._zip.close()
        content = self._sink.getvalue()
        self._sink.close()
        return Part(f"part-{self._number:03}.zip", content)

    def data_files(self, rows: Mapping[str, int]) -> tuple[DataFile, ...]:
        """Return the payload, with the rows that are known of its files."""
        return tuple(
            DataFile(path, digest, size, rows.get(path))
            for path, (digest, size) in sorted(self._hashes.items())
        )

    def manifest(self, *, payload: bool) -> bytes:
        """Return ``hash  path`` lines of the payload, or of every other file so far."""
        lines = [
            f"{digest}  {path}\n"
            for path, (digest, _) in sorted(self._hashes.items())
            if path.startswith("data/") == payload
        ]
        return "".join(lines).encode()

    def tag_files(self, release: ReleaseFacts) -> dict[str, bytes]:
        """Return the files that make the folder a bag, but for the tag manifest."""
        sizes = [size for path, (_, size) in self._hashes.items() if path.startswith("data/")]
        info = [
            ("Source-Organization", release.sender),
            ("Contact-Email", release.contact),
            ("External-Identifier", release.release_id),
            ("External-Description", release.title),
            ("Bagging-Date", release.packaged_on.isoformat()),
            ("Payload-Oxum", f"{sum(sizes)}.{len(sizes)}"),
            ("Project-Number", release.project_number),
            *(("Recipient-Fingerprint", fingerprint) for _, fingerprint in release.recipients),
        ]
        return {
            "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "bag-info.txt": "".join(f"{label}: {value}\n" for label, value in info).encode(),
            "manifest-sha256.txt": self.manifest(payload=True),
        }
