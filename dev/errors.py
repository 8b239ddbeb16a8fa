"""What stops a command, and what to do about it."""


class DevError(Exception):
    """A step cannot go on.

    Parameters
    ----------
    problem
        What is wrong, in one sentence.
    advice
        What the person at the terminal can do about it.
    """

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}\n  What to do: {advice}")
        self.problem = problem
        self.advice = advice
