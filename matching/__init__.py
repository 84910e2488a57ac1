"""Linkage: cohort rows to register identities, and register entries to persons.

The way of a pair: ``normalise`` (text to comparable codes) → ``blocking`` (which pairs are worth comparing; its pair filter
drops those that can't matter) → ``comparison`` (each field of a pair to a small integer) → ``model`` (weights, learnt from
counted patterns) → ``scoring`` (log odds, shard by shard) → ``assignment`` (rivals share the probability; link or
review). ``linking`` and ``persons`` are the ways in. The room reads tables and writes where its caller says; it
knows nothing of approvals.
"""
