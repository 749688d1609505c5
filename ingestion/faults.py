"""What a user is told when something that they can mend is wrong."""


class Fault(Exception):
    """A mistake in a file, a setting or the playbook, in words: what, where, and what to do about it."""
