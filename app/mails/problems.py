"""What can go wrong about mails, in addition to `taskbeam.gateway.problems`."""

from taskbeam.gateway import Problem

FOREIGN_ADDRESS = Problem(
    "foreign_address", 403, 4403, "A report is mailed to its user's own address, and to no other."
)
NO_MAIL = Problem("no_mail", 422, 4400, "This service mails nobody: leave out the address.")
BAD_SIGNATURE = Problem("bad_signature", 401, 4401, "The signature is not ours, or too old.")
