"""Clients that speak the contract by themselves, byte by byte, and come back with their cursor."""
