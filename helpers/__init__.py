"""What the course's notebooks share: data, budget, plots, checks and a fast nearest-neighbour search.

Importing this package costs next to nothing: each module is imported by name, and Keras only by those that need it.

>>> from helpers import budget
>>> budget.name() in ("ci", "cpu", "gpu")
True
"""
