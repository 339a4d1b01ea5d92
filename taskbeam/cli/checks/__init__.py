"""What `taskbeam doctor` asks (`…_facts`), and what it makes of the answers (`…_rules`: pure)."""
