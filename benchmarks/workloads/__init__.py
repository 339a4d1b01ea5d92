"""What the clients and the publisher do during a round. One file per workload."""
