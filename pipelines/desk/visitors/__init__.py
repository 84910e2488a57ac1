"""Who is at the desk: codes that open it once, and who is signed in since.

It knows secrets by their digests, for how long a visitor may be idle, and tokens of forms. It never decides who may do what.
"""

from pipelines.desk.visitors.codes import OneTimeCode
from pipelines.desk.visitors.signed_in import SignedIn, Unsigned, Visitor
