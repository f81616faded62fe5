"""Submissions: collected from platforms, and taken in whatever their state."""
