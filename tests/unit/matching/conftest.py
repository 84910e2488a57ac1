"""The compiled loop is compared with numpy where there is a compiler, and always in CI."""

import pytest

from tests.parts import require


@pytest.fixture(autouse=True)
def _a_compiler(request):
    """Installation compiles it: where it could not, what compares with it is left out."""
    if request.path.parent.name == "native":
        require("cc")
