"""Questions asked of one graph, one per file."""
