"""People, roles by folder, API tokens and the audit trail; permissions are decided here and nowhere else."""
