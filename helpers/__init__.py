"""What the course's notebooks share: data, pre-trained networks, budget, plots, checks and more.

Importing this package costs next to nothing: each module is imported by name, and Keras only by those that need it.

>>> from helpers import budget
>>> budget.name() in ("ci", "cpu", "gpu")
True
"""
