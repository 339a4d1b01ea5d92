"""A small login: accounts, their sessions, and what is theirs. An application has its own instead."""
