"""Grading a batch: the processes it needs, the order of work for one notebook, and what a result was graded with."""
