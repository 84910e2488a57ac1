"""A standing desk, at which several people act: its site, what it asked their passkeys for, and a proxy that verified a certificate.

It knows challenges and whose certificate a subject is. It signs nobody in, and reads no ledger.
"""

from pipelines.desk.standing.challenges import LIVES, Challenges
from pipelines.desk.standing.place import Standing, tls_of
from pipelines.desk.standing.proxy import Proxy
