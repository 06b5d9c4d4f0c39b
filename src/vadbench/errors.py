"""The one exception of vadbench."""


class VadbenchError(Exception):
    """A problem the user can act on.

    The message is one line that says what failed, where, what is allowed and what to do; the command line
    prints it without a traceback and exits with code 2.
    """
