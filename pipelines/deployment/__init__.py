"""A home's life on machines: made, upgraded, backed up and restored, examined, and its bucket looked after.

It knows a home as a whole. It never changes what a person wrote or what the ledger holds, and never makes or approves a release.
"""

from pipelines.deployment.backup import back_up, restore
from pipelines.deployment.bucket_commands import evict, sweep, upload
from pipelines.deployment.doctor import examine
from pipelines.deployment.files import write_files
from pipelines.deployment.init import init_home, upgrade
