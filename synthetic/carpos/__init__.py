"""A made-up CARPOS register: cases, orders, parties, firearms."""

from synthetic.carpos.details import make_carpos
