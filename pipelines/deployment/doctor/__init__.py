"""What this machine and this home can and can't do, each finding with what to do about it.

It looks and changes nothing, but for one object that it writes to a bucket and deletes again.
"""

from pipelines.deployment.doctor.doctor import examine
