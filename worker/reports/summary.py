"""Adding up orders. Pure: orders in, figures out; amounts are euro cents."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from .orders import Order, OrderStatus

PERIOD_MONTHS = 24
TOP_PRODUCTS = 12
TREND_MONTHS = 3


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """One calendar month; `trend_cents` is the mean of it and up to two months before it."""

    month: date
    orders: int
    revenue_cents: int
    trend_cents: int


@dataclass(frozen=True, slots=True)
class CategoryTotal:
    """What one category earned, and its share of all revenue (0 to 1)."""

    category: str
    revenue_cents: int
    share: float


@dataclass(frozen=True, slots=True)
class ProductTotal:
    """What one product earned, and its share of all revenue (0 to 1)."""

    product: str
    category: str
    quantity: int
    revenue_cents: int
    share: float


@dataclass(frozen=True, slots=True)
class StatusTotal:
    """How many orders stand there, and their share of all orders (0 to 1)."""

    status: OrderStatus
    orders: int
    share: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a report.

    Revenue, items, months, categories and products count the orders that earn (`OrderStatus.earns`);
    `orders` and `statuses` count all of them. `growth` compares the last twelve months with the twelve
    before and is None where there are no such two years.
    """

    orders: int
    earning_orders: int
    items: int
    revenue_cents: int
    average_order_cents: int
    growth: float | None
    months: tuple[MonthTotal, ...]
    categories: tuple[CategoryTotal, ...]
    products: tuple[ProductTotal, ...]
    statuses: tuple[StatusTotal, ...]


def summarise(orders: Iterable[Order]) -> Summary:
    """Add up the last `PERIOD_MONTHS` calendar months, which end with the newest order's month."""
    everything = list(orders)
    months = _months_of(everything)
    within = [order for order in everything if order.placed_on >= months[0]] if months else []
    earning = [order for order in within if order.status.earns]
    revenue = sum(order.amount_cents for order in earning)
    totals = _month_totals(months, earning)
    return Summary(
        orders=len(within),
        earning_orders=len(earning),
        items=sum(line.quantity for order in earning for line in order.lines),
        revenue_cents=revenue,
        average_order_cents=round(revenue / len(earning)) if earning else 0,
        growth=_growth([month.revenue_cents for month in totals]),
        months=totals,
        categories=_category_totals(earning, revenue),
        products=_product_totals(earning, revenue)[:TOP_PRODUCTS],
        statuses=_status_totals(within),
    )


def _months_of(orders: Sequence[Order]) -> list[date]:
    """Return the first day of each month of the period, oldest first, months without orders included."""
    if not orders:
        return []
    numbers = [order.placed_on.year * 12 + order.placed_on.month - 1 for order in orders]
    newest = max(numbers)
    oldest = max(min(numbers), newest - PERIOD_MONTHS + 1)
    return [date(number // 12, number % 12 + 1, 1) for number in range(oldest, newest + 1)]


def _month_totals(months: Sequence[date], orders: Iterable[Order]) -> tuple[MonthTotal, ...]:
    count: Counter[date] = Counter()
    revenue: Counter[date] = Counter()
    for order in orders:
        month = order.placed_on.replace(day=1)
        count[month] += 1
        revenue[month] += order.amount_cents
    amounts = [revenue[month] for month in months]
    return tuple(
        MonthTotal(month, count[month], revenue[month], trend)
        for month, trend in zip(months, _trend(amounts), strict=True)
    )


def _trend(amounts: Sequence[int]) -> list[int]:
    windows = (amounts[max(0, end - TREND_MONTHS) : end] for end in range(1, len(amounts) + 1))
    return [round(sum(window) / len(window)) for window in windows]


def _growth(amounts: Sequence[int]) -> float | None:
    if len(amounts) < 24:
        return None
    before, latest = sum(amounts[-24:-12]), sum(amounts[-12:])
    return latest / before - 1 if before else None


def _category_totals(orders: Iterable[Order], revenue: int) -> tuple[CategoryTotal, ...]:
    amounts: Counter[str] = Counter()
    for order in orders:
        for line in order.lines:
            amounts[line.category] += line.amount_cents
    ranked = sorted(amounts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(CategoryTotal(name, amount, _share(amount, revenue)) for name, amount in ranked)


def _product_totals(orders: Iterable[Order], revenue: int) -> tuple[ProductTotal, ...]:
    sold: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for order in orders:
        for line in order.lines:
            total = sold[line.product, line.category]
            total[0] += line.quantity
            total[1] += line.amount_cents
    ranked = sorted(sold.items(), key=lambda item: (-item[1][1], item[0]))
    return tuple(
        ProductTotal(product, category, quantity, amount, _share(amount, revenue))
        for (product, category), (quantity, amount) in ranked
    )


def _status_totals(orders: Sequence[Order]) -> tuple[StatusTotal, ...]:
    """In the order of `OrderStatus`, those without an order left out."""
    count = Counter(order.status for order in orders)
    return tuple(
        StatusTotal(status, count[status], count[status] / len(orders))
        for status in OrderStatus
        if count[status]
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
