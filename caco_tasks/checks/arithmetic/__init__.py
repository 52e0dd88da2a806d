"""Written arithmetic: found in texts, read whole, and computed. `equations` is what others call."""
