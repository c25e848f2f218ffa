"""Questions that ask many graphs, or one graph many times."""
