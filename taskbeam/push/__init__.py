"""Web Push: what a browser subscribes with, and what its push service is sent. Pure; sends nothing."""
