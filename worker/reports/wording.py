"""How amounts, shares and months are written for people."""

from datetime import date

# Not strftime: it follows the machine's locale, and the same data must give the same pages.
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def euros(cents: int) -> str:
    """`123456` → `€1,234.56`."""
    sign = "-" if cents < 0 else ""
    whole, part = divmod(abs(cents), 100)
    return f"{sign}€{whole:,}.{part:02}"


def short_euros(cents: int) -> str:
    """An amount for an axis: `150000` → `€1.5k`, `45000` → `€450`."""
    amount = cents / 100
    return f"€{amount / 1000:,.4g}k" if amount >= 1000 else f"€{amount:,.4g}"


def percent(share: float) -> str:
    """`0.1234` → `12.3%`."""
    return f"{share:.1%}"


def signed_percent(change: float) -> str:
    """`0.05` → `+5.0%`."""
    return f"{change:+.1%}"


def month_and_year(day: date) -> str:
    return f"{MONTHS[day.month - 1]} {day.year}"


def counted(number: int, noun: str) -> str:
    """`1, "order"` → `1 order`; `2, "order"` → `2 orders`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
