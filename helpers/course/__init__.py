"""A student's copy of the course: the folder that it lies in, the student's own notebooks in it, and how both stay up to date.

``python -m helpers.start`` and ``python -m helpers.update`` are its two doors. Nothing here is needed by a notebook.
"""
