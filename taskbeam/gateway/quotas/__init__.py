"""What one tenant may take of what all share: jobs, and bytes of uploads. Redis counts, for all gateways."""
