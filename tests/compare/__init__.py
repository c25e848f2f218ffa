"""Other implementations, installed and really run: PyTorch."""
