"""nbgrader's own things: its course folder, the roles of its cells, and its gradebook."""
