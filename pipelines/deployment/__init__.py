"""A home's life on machines: made, upgraded, backed up, looked over."""

from pipelines.deployment.backup import back_up, restore
from pipelines.deployment.bucket_commands import evict, sweep, upload
from pipelines.deployment.doctor import examine
from pipelines.deployment.init import found_home, where
from pipelines.deployment.upgrade import upgrade

__all__ = [
    "back_up",
    "evict",
    "examine",
    "found_home",
    "restore",
    "sweep",
    "upgrade",
    "upload",
    "where",
]
