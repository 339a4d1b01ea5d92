"""Small order histories, written by hand."""

from datetime import date

from worker.reports.orders import Customer, Order, OrderHistory, OrderLine, OrderStatus

CUSTOMER = Customer(id=7, company="Corner Café", contact="Zoë O’Brien", city="Zürich")


def line(
    product: str = "House espresso", category: str = "Coffee", quantity: int = 1, unit_price_cents: int = 1000
) -> OrderLine:
    return OrderLine(product, category, quantity, unit_price_cents)


def order(
    order_id: int,
    placed_on: date,
    *lines: OrderLine,
    status: OrderStatus = OrderStatus.DELIVERED,
) -> Order:
    return Order(order_id, placed_on, status, lines or (line(),))


def history(*orders: Order, customer: Customer = CUSTOMER) -> OrderHistory:
    return OrderHistory(customer, list(orders))
