"""Text of a spec -> Graph: the only room that knows YAML and line numbers."""
