"""A sealed package: its parts, its list of hashes, written whole or not at all and verified before it is opened."""

from crypto.package.parts import Part
from crypto.package.sealed_package import Package, verify_by_any, write_package

__all__ = ["Package", "Part", "verify_by_any", "write_package"]
