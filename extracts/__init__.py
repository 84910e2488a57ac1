"""What leaves: identified, de-identified and aggregated extracts, and the content of a package.

The room never sees a recipient's key or a project's secret: research ids come from an `IdMaker`,
signatures from a function, both from the caller. It reads a snapshot through the connection
that it is given, and writes nothing but the history of publication and the files of ``suppress``
and ``rates``.
"""
