"""Sealing in memory, for tests."""

import io

from crypto.cms.seal import seal_stream


def seal_bytes(data, recipients):
    sink = io.BytesIO()
    seal_stream(io.BytesIO(data), len(data), recipients, sink)
    return sink.getvalue()
