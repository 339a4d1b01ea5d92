"""Web Push over HTTP: devices that are told of ends."""
