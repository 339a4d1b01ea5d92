"""The operators' view: what happened in each second, published as the journal of a task that never ends."""
