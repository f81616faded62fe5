"""What can go wrong with the sandbox, and with a student's process in it."""


class ConfinementError(Exception):
    """A process cannot be confined; no student's code may run in it."""


class SandboxError(Exception):
    """The sandbox itself did not do what it should; nothing is said about the submission."""


class NotConfined(SandboxError):
    """Students' code cannot be confined here, and nobody said that it may run without."""


class StudentError(Exception):
    """A student's process did not answer the checker."""


class CallTimeout(StudentError):
    """The call took too long and was interrupted. The process lives on."""


class StudentEnded(StudentError):
    """The process ended, or had to be ended, during the call; a fresh one has taken its place."""
