"""Every rule of the regulation with what enforces it, and what counsel must answer.

It draws the documentation from the tables of this room. Nothing that runs a release reads it.
"""
