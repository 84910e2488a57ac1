"""The validation report of a release, from what the stages recorded."""

from pipelines.release.reporting import drifting, explaining, reporting

__all__ = ["drifting", "explaining", "reporting"]
