"""Why a message could not be sent, told apart by what a retry can do about it.

Each error passes all that it is made of to `args`, so that Celery can rebuild it from its stored form.
"""


class EmailError(Exception):
    """A message that was not sent, or not for certain."""


class InvalidEmailError(EmailError):
    """The message cannot be written down as RFC 5322 wants it. Trying again will not help."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


class ServerSaidNoError(EmailError):
    """The server answered, and the message was not taken."""

    def __init__(self, what: str, code: int, reply: str) -> None:
        super().__init__(what, code, reply)

    def __str__(self) -> str:
        what, code, reply = self.args
        return f"The mail server refuses {what}: {code} {reply}"


class RefusedError(ServerSaidNoError):
    """No for good (a 5yz reply to the message). Trying again will not help."""


class NotNowError(ServerSaidNoError):
    """No for the moment (a 4yz reply), or no to us instead of to the message. Worth another try."""


class OutcomeUnknownError(EmailError):
    """The server was given the message, and nobody knows whether it took it. It is not given it again."""

    def __init__(self, key: str) -> None:
        super().__init__(key)

    def __str__(self) -> str:
        return f"The message {self.args[0]!r} may have been sent: the mail server's answer was lost."


class BeingSentError(EmailError):
    """Another job is giving the server this message right now. Worth another look."""

    def __init__(self, key: str) -> None:
        super().__init__(key)

    def __str__(self) -> str:
        return f"The message {self.args[0]!r} is being sent by another job."
