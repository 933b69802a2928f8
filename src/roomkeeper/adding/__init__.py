"""Adding systems by address: what a person typed becomes targets, targets become a job, each becomes a system."""
