"""Made-up registers of any of the five systems, by one way in; a maker knows its own system alone."""

from synthetic.registers.system import make_system
