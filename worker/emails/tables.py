"""The table of messages that were handed to the mail server, or are just being."""

from sqlalchemy import Float, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..tables import Base


class EmailRow(Base):
    """The mark of one message, under its natural key: what keeps a retry from sending it twice."""

    __tablename__ = "emails"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    recipient: Mapped[str] = mapped_column(String(320))
    message_id: Mapped[str] = mapped_column(Text)
    # Seconds since 1970. While `sent_at` is empty, the message is being handed over, or nobody knows.
    claimed_at: Mapped[float] = mapped_column(Float(53))
    sent_at: Mapped[float | None] = mapped_column(Float(53))
    reply: Mapped[str | None] = mapped_column(Text)
