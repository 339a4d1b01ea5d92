"""What the tests start and speak with: gateways, workers and clients, all of them real."""
