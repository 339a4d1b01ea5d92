"""A customer and what they ordered: the words every other part of the report is written in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class OrderStatus(StrEnum):
    """Where an order stands."""

    DELIVERED = "delivered"
    SHIPPED = "shipped"
    PROCESSING = "processing"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"

    @property
    def earns(self) -> bool:
        """Whether an order in this status counts as revenue: money given back or never taken does not."""
        return self not in (OrderStatus.REFUNDED, OrderStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Customer:
    """The user a report is about."""

    id: int
    company: str
    contact: str
    city: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One product in an order, at the price of that day in euro cents."""

    product: str
    category: str
    quantity: int
    unit_price_cents: int

    @property
    def amount_cents(self) -> int:
        return self.quantity * self.unit_price_cents


@dataclass(frozen=True, slots=True)
class Order:
    """What was bought on one day in one go."""

    id: int
    placed_on: date
    status: OrderStatus
    lines: tuple[OrderLine, ...]

    @property
    def amount_cents(self) -> int:
        return sum(line.amount_cents for line in self.lines)


@dataclass(frozen=True, slots=True)
class OrderHistory:
    """Everything a report is made from: the same history always gives the same report."""

    customer: Customer
    orders: Sequence[Order]


class UnknownUserError(LookupError):
    """There is no such user. Trying again will not help."""

    def __init__(self, user_id: int) -> None:
        # The id alone goes into `args`, so that Celery can rebuild the error from its stored form.
        super().__init__(user_id)
        self.user_id = user_id

    def __str__(self) -> str:
        return f"There is no user {self.user_id}."
