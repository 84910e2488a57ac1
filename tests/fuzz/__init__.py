"""Bytes near valid files, given to every parser of outside bytes: each returns, or raises a coded error of its family.

    python -m tests.fuzz --seconds 600 [--only table,codebook] [--seed 7]

`tests.fuzz.parsers` has the parsers and their seeds, `tests.fuzz.mutating` what is done to the seeds. What breaks a
parser is kept under ``fuzz-found/``: make a test of it, in the room where it broke.
"""
