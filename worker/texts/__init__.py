"""Texts, written word by word by a language model that each job trains."""
