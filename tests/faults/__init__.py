"""The laboratory: faults that are forced upon the running product, and what its clients are told meanwhile.

Clients that share no code with the product follow tasks that keep a ledger of what they do. A fault strikes;
afterwards the checker compares what each client was told with the journal and with the ledger.
"""
