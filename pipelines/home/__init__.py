"""A home on disk: where everything of one deployment lies, its settings, its locks, what a killed process left."""

from pipelines.home.errors import HomeExists, HomeMissing, ReleaseHeld, SettingsUnusable
from pipelines.home.home import FOLDERS, FORMAT, VARIABLE, Home, lay_out, open_home, write_private
from pipelines.home.locks import held
from pipelines.home.settings import TEMPLATE, Bucket, Cluster, Mail, Settings, read_settings
from pipelines.home.signals import orderly
from pipelines.home.temporary_files import sweep, sweep_home, unfinished

__all__ = [
    "FOLDERS",
    "FORMAT",
    "TEMPLATE",
    "VARIABLE",
    "Bucket",
    "Cluster",
    "Home",
    "HomeExists",
    "HomeMissing",
    "Mail",
    "ReleaseHeld",
    "Settings",
    "SettingsUnusable",
    "held",
    "lay_out",
    "open_home",
    "orderly",
    "read_settings",
    "sweep",
    "sweep_home",
    "unfinished",
    "write_private",
]
