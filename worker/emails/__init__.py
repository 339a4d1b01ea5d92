"""The e-mail job: a message is handed to an SMTP server, at most once."""
