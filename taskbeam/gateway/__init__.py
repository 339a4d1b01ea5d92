"""The gateway: repeats the journal to whoever asks, over WebSocket, Server-Sent Events and REST."""
