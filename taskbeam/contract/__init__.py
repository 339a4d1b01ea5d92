"""The events of the contract (docs/contract.md) and the fates of tasks, as types for programs in Python."""
