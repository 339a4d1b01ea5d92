"""From Redis to the clients: what each is due, in order and without a gap."""
