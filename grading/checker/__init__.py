"""The trusted checker: runs the instructor's test cells in a process that no student's code ever enters."""
