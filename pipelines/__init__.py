"""Flows, stages, runners, settings and the command line: the only room that knows Prefect.

It joins the other rooms and holds no rule of the domain: what may leave is decided in
``approvals`` and ``extracts``, what holds in ``expectations``, how it leaves in ``crypto``.
"""
