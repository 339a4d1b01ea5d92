"""What is wrong with an upload, and would be wrong again."""


class NotAnImageError(Exception):
    """No picture of a kind that we read, or a damaged one."""


class TooManyPixelsError(Exception):
    """A picture whose header says that it would take too much memory, however few bytes it came in."""


class TooLargeToDecodeError(Exception):
    """A picture that takes more memory or CPU time than its decoder may have."""


class UploadGoneError(Exception):
    """The upload is not kept any more."""
