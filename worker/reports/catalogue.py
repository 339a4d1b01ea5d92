"""What the sample shop sells, and the names of who buys there."""

from typing import NamedTuple


class Product(NamedTuple):
    """An article and its first price in euro cents."""

    name: str
    category: str
    price_cents: int


PRODUCTS = (
    Product("House espresso, 1 kg", "Coffee", 2190),
    Product("Filter roast Yirgacheffe, 1 kg", "Coffee", 2890),
    Product("Filter roast Huila, 1 kg", "Coffee", 2650),
    Product("Decaf Swiss Water, 1 kg", "Coffee", 2780),
    Product("Cold brew blend, 1 kg", "Coffee", 2340),
    Product("Single estate Gesha, 250 g", "Coffee", 3450),
    Product("Darjeeling first flush, 500 g", "Tea", 2490),
    Product("Earl Grey, 500 g", "Tea", 1690),
    Product("Sencha, 500 g", "Tea", 2150),
    Product("Chamomile, 250 g", "Tea", 990),
    Product("Chai concentrate, 1 l", "Tea", 1290),
    Product("Oat drink barista, 6 × 1 l", "Milk and syrups", 1380),
    Product("Almond drink, 6 × 1 l", "Milk and syrups", 1620),
    Product("Vanilla syrup, 700 ml", "Milk and syrups", 840),
    Product("Hazelnut syrup, 700 ml", "Milk and syrups", 840),
    Product("Drinking chocolate, 1 kg", "Milk and syrups", 1850),
    Product("Paper cups 240 ml, 1,000", "Supplies", 6900),
    Product("Cup lids 80 mm, 1,000", "Supplies", 3900),
    Product("Paper filters, 500", "Supplies", 2450),
    Product("Machine detergent, 900 g", "Supplies", 1990),
    Product("Milk system cleaner, 1 l", "Supplies", 1750),
    Product("Stainless milk jug, 600 ml", "Equipment", 2950),
    Product("Precision scale", "Equipment", 8900),
    Product("Tamper 58 mm", "Equipment", 5400),
    Product("Gooseneck kettle", "Equipment", 11900),
    Product("Burr set for grinder", "Equipment", 14500),
)

FIRST_NAMES = (
    *("Nora", "Emil", "Ines", "Jonas", "Leïla", "Mateo", "Freya", "Hugo", "Saoirse", "Anton"),
    *("Chloé", "Björn", "Paula", "Tomás", "Greta", "Milan", "Zoë", "Oskar", "Amelie", "Luca"),
)
LAST_NAMES = (
    *("Lindqvist", "Moreau", "Keller", "Duarte", "O’Brien", "Rossi", "Møller", "Fischer", "Novak"),
    *("Haddad", "Jansen", "Peeters", "Sørensen", "Costa", "Weber", "Laurent", "Byrne", "Santos"),
)
COMPANIES = (
    *("Harbour", "Corner", "Station", "Old Mill", "North Quay", "Garden", "Lantern", "Copper", "Blue Door"),
    *("Riverside", "Linden", "Market Hall", "Lighthouse", "Postoffice", "Foundry", "Orchard", "Tramway"),
)
TRADES = ("Café", "Coffee House", "Bakery", "Bistro", "Hotel", "Tea Room", "Kitchen", "Roastery Bar")
CITIES = (
    *("Hamburg", "Lyon", "Porto", "Copenhagen", "Ghent", "Dublin", "Vienna", "Gothenburg"),
    *("Utrecht", "Bologna", "Zürich", "Sevilla", "Bergen", "Leipzig", "Nantes", "Antwerp"),
)
