"""Requests to addresses that others name: webhooks, push services."""
