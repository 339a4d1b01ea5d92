"""The browser client in a real browser, behind a proxy that does it harm."""
