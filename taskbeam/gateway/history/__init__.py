"""Tasks that have ended, kept in SQL: what the operators' list reads on from when Redis has them no more."""
