"""The studies of the course, each in a module of its own.

To add one, write a module with a function ``study() -> Study`` and name it in `helpers.experiments.catalogue.MODULES`.
"""
