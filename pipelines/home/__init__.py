"""A home on disk: where everything of one deployment lies, its settings, and how processes share it.

It makes paths, folders, locks and the settings' text. It opens no key, ledger or register, and knows no release.
"""

from pipelines.home.closed import network_file_system
from pipelines.home.errors import (
    HomeExists,
    HomeMissing,
    HomeUnusable,
    ReleaseHeld,
    SettingsUnusable,
)
from pipelines.home.home import (
    FOLDERS,
    FORMAT,
    VARIABLE,
    Home,
    chosen_folder,
    emptied_unless_done,
    empty,
    lay_out,
    open_home,
    write_private,
)
from pipelines.home.processes import is_unfinished, locked, sweep, sweep_home, unfinished
from pipelines.home.settings import (
    TEMPLATE,
    Bucket,
    Cluster,
    Disclosure,
    Linkage,
    Mail,
    Notices,
    Settings,
    Time,
    read_settings,
)
from pipelines.home.settings import Desk as DeskSettings
