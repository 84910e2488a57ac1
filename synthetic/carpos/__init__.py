"""A made-up CARPOS register: cases, orders, parties, firearms, with the truth beside it and never inside."""

from synthetic.carpos.register import make_register
