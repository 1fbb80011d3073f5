"""Projects that log people in by another package, and then by this one, over the same database."""
