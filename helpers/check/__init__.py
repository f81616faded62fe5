"""Look through an exercise before it is handed in: ``python -m helpers.check knn.ipynb``.

The notebook runs from top to bottom in a fresh kernel, as it will for the grader. What passes and what does not is told question
by question; so is what is not written yet, what is missing, and what only worked because of a cell that is gone. The notebook
itself is not changed.
"""
