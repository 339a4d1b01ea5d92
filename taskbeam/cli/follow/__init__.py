"""Commands that follow tasks at a gateway, in the terminal."""
