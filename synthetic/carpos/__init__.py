"""A made-up CARPOS register: cases, orders, parties, firearms."""

from synthetic.carpos.register import make_carpos
