"""The servers that are compared: how each is started, followed and published to. One file per server."""
