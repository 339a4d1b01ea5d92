"""The tables: a shop's users, products and orders, and the reports made from them."""

from datetime import date, datetime

from sqlalchemy import Date, DateTime, Enum, ForeignKey, Integer, String, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..tables import Base
from .orders import OrderStatus


class UserRow(Base):
    """A business that buys from the shop."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    company: Mapped[str] = mapped_column(String(120))
    contact: Mapped[str] = mapped_column(String(120))
    city: Mapped[str] = mapped_column(String(80))


class AddressRow(Base):
    """Where a user is written to, and nowhere else."""

    __tablename__ = "addresses"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))


class ProductRow(Base):
    """An article of the catalogue."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    category: Mapped[str] = mapped_column(String(60))


class OrderRow(Base):
    """An order of a user."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    placed_on: Mapped[date] = mapped_column(Date)
    status: Mapped[OrderStatus] = mapped_column(
        # Plain text in the database, so that a new status needs no change of a column type.
        Enum(OrderStatus, native_enum=False, length=20, values_callable=lambda kind: [s.value for s in kind])
    )
    lines: Mapped[list["OrderLineRow"]] = relationship(order_by="OrderLineRow.position", lazy="raise")


class OrderLineRow(Base):
    """One product of an order, at the price of that day."""

    __tablename__ = "order_lines"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int] = mapped_column(Integer)
    unit_price_cents: Mapped[int] = mapped_column(Integer)
    product: Mapped[ProductRow] = relationship(lazy="raise")


class ReportRow(Base):
    """A finished report: the mark that lets a retry hand it out instead of making it again."""

    __tablename__ = "reports"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    report_version: Mapped[str] = mapped_column(String(40), primary_key=True)
    file_name: Mapped[str] = mapped_column(String(120))
    orders: Mapped[int] = mapped_column(Integer)
    revenue_cents: Mapped[int] = mapped_column(Integer)
    pages: Mapped[int] = mapped_column(Integer)
    size_bytes: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
