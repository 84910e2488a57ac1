"""Linkage: cohort rows to register identities, and register entries to persons.

The way of a pair: ``normalise`` (text to comparable codes) → ``blocking`` (which pairs are worth a
look; ``screening`` drops what can't matter) → ``levels`` (each field of a pair to a small integer) → ``model`` (weights, learnt from
counted patterns) → ``compete`` (rivals share the probability) → ``deciding`` (link or review).
This room reads tables and writes where it is told; it knows nothing about approvals.
"""
