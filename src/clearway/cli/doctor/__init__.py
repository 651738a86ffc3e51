"""`clearway doctor`: what is wrong with this node, and what to do about it."""

from clearway.cli.doctor.command import doctor

__all__ = ["doctor"]
