"""The report job: a customer's orders, added up and printed as a PDF."""
