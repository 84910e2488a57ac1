"""What this machine and this home can and can't do, each finding with what to do about it."""

from pipelines.deployment.doctor.doctor import examine

__all__ = ["examine"]
