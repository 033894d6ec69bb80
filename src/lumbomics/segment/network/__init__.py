"""The built-in network: its weights, its card, and running it."""
