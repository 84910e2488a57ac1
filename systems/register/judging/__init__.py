"""What is said of a snapshot before it is pinned: what it holds, beside the one before, and beside what is expected.

It knows counts, shares and years, worked out once and kept encrypted with the snapshot, since counts of few are about people.
It never says who may accept a snapshot that fails.
"""

from systems.register.judging.expectations import Expectations, Finding, as_text, few
from systems.register.judging.judgement import (
    Judgement,
    compare_profiles,
    judge,
    judgement_of,
    keep_judgement,
    months_of,
    profile_of,
)
from systems.register.judging.profile import FEW, ColumnProfile, Profile, TableProfile
