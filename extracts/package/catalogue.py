"""The package for data catalogues: DCAT 3 as JSON-LD, ``catalogue.jsonld``.

It says what the data is, who answers for it and which files hold it, with their hashes; nothing that changes from run to run.
Addresses are relative to the opened package: it stands nowhere on a network.
"""

from extracts.package.contents import DataFile, Written
from extracts.package.datapackage import MEDIA_TYPES, name_of
from extracts.package.facts import ReleaseFacts

_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_RIGHTS = "http://publications.europa.eu/resource/authority/access-right/"


def catalogue(release: ReleaseFacts, written: Written) -> dict[str, object]:
    """Return the catalogue's entry of this package."""
    described: dict[str, object] = {
        "@context": _CONTEXT,
        "@id": f"urn:dataset:{name_of(release)}",
        "@type": "dcat:Dataset",
        "dcterms:identifier": name_of(release),
        "dcterms:title": release.title,
        "dcterms:description": f"{release.system_name} ({release.system}): {release.project_title}",
        "dcterms:publisher": {"@type": "foaf:Organization", "foaf:name": release.sender},
        "dcat:contactPoint": {
            "@type": "vcard:Organization",
            "vcard:fn": release.sender,
            "vcard:hasEmail": {"@id": f"mailto:{release.contact}"},
        },
        "dcat:version": release.snapshot_id,
        "dcterms:language": {"@id": "http://id.loc.gov/vocabulary/iso639-1/en"},
        "dcterms:accessRights": {
            "@id": _RIGHTS + ("NON_PUBLIC" if release.kind == "aggregated" else "RESTRICTED")
        },
        "dcterms:license": {"@id": "CONDITIONS.txt"},
        "dcterms:bibliographicCitation": release.citation,
        "dcterms:conformsTo": {"@id": "datapackage.json"},
        "dcat:distribution": [_distribution(one) for one in written.files],
    }
    if release.years:
        first, last = release.years
        described["dcterms:temporal"] = {
            "@type": "dcterms:PeriodOfTime",
            "dcat:startDate": {"@value": f"{first}-01-01", "@type": "xsd:date"},
            "dcat:endDate": {"@value": f"{last}-12-31", "@type": "xsd:date"},
        }
    return described


def _distribution(one: DataFile) -> dict[str, object]:
    media = MEDIA_TYPES.get(one.extension, "application/octet-stream")
    return {
        "@id": one.path,
        "@type": "dcat:Distribution",
        "dcterms:title": one.path.rpartition("/")[2],
        "dcat:downloadURL": {"@id": one.path},
        "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{media}"},
        "dcat:byteSize": {"@value": str(one.bytes), "@type": "xsd:nonNegativeInteger"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@value": one.sha256, "@type": "xsd:hexBinary"},
        },
    }
