"""What a release holds: the extract of its kind and the content of its package."""

from pipelines.release.content import aggregates, closed_years, deidentifying, package
from pipelines.release.content.closed_years import CHANGES, told
from pipelines.release.content.package import Content

__all__ = ["CHANGES", "Content", "aggregates", "closed_years", "deidentifying", "package", "told"]
