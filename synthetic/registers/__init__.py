"""Made-up registers of any of the five systems."""

from synthetic.registers.system import make_system

__all__ = ["make_system"]
