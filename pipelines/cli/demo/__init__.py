"""The demonstration: the main job, end to end, on made-up people."""

from pipelines.cli.demo.demo import demonstrate

__all__ = ["demonstrate"]
