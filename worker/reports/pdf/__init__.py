"""How a report looks: charts, pages and the finished PDF."""
