"""Coded errors: one class per cause, a stable code, what to do next, and never a value.

This is the ground floor: every room imports it and it imports nothing. An error's text is built
only from its class (written by us) and from *facts*: whole numbers, row numbers, column names and
names that we made up ourselves. Cell values, paths and keys have no way in; what a caller might
pass by mistake is cut to printable ASCII and shortened.
"""

from errors.coded import CodedError, Exit, Fact, every_error

__all__ = ["CodedError", "Exit", "Fact", "every_error"]
