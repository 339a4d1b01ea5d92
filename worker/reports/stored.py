"""What the job reads from the database, and what it leaves there."""

from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload, selectinload

from .orders import Customer, Order, OrderHistory, OrderLine, UnknownUserError
from .tables import OrderLineRow, OrderRow, ReportRow, UserRow

# The most that PostgreSQL's integer column holds; SQLite's driver refuses only much larger numbers.
LARGEST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Report:
    """A finished report, found by its natural key `(user_id, report_version)`."""

    user_id: int
    report_version: str
    file_name: str
    orders: int
    revenue_cents: int
    pages: int
    size_bytes: int


def load_history(session: Session, user_id: int) -> OrderHistory:
    """Return the user and all their orders by id. Raises UnknownUserError."""
    user = session.get(UserRow, user_id) if 0 < user_id <= LARGEST_ID else None
    if user is None:
        raise UnknownUserError(user_id)
    with_products = joinedload(OrderLineRow.product, innerjoin=True)
    with_lines = selectinload(OrderRow.lines).options(with_products)
    orders = session.scalars(
        select(OrderRow).where(OrderRow.user_id == user_id).order_by(OrderRow.id).options(with_lines)
    )
    customer = Customer(user.id, user.company, user.contact, user.city)
    return OrderHistory(customer, [_order(row) for row in orders])


def _order(row: OrderRow) -> Order:
    lines = (
        OrderLine(line.product.name, line.product.category, line.quantity, line.unit_price_cents)
        for line in row.lines
    )
    return Order(row.id, row.placed_on, row.status, tuple(lines))


def find_report(session: Session, user_id: int, version: str) -> Report | None:
    row = session.get(ReportRow, (user_id, version))
    if row is None:
        return None
    return Report(
        user_id=row.user_id,
        report_version=row.report_version,
        file_name=row.file_name,
        orders=row.orders,
        revenue_cents=row.revenue_cents,
        pages=row.pages,
        size_bytes=row.size_bytes,
    )


def save_report(session: Session, report: Report) -> None:
    """Store the row, or bring up to date the one that another worker or an earlier try has stored."""
    values = asdict(report)
    key = ("user_id", "report_version")
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(
        dialect.insert(ReportRow)
        .values(values)
        .on_conflict_do_update(
            index_elements=key, set_={name: value for name, value in values.items() if name not in key}
        )
    )
    session.commit()
