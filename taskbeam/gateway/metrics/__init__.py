"""What a gateway counts, as Prometheus reads it."""
