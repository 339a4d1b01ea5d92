"""A Redis Cluster: which server has which slot, and what its redirections ask for."""
