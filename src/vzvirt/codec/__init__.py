"""Text and values: each format on its own, none knows another."""
