"""Who is alive: each worker holds a lease, and a watchdog tells what became of the runs of the others."""
