"""The only room that knows sympy: recorded expressions in a normal form, compared, solved, written for people."""
