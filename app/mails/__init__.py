"""Whoever asks for it is mailed how a report has ended: one use of the gateway's webhooks."""
