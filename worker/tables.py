"""What all tables of the shop have in common."""

from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Every table of the shop."""
