"""What is known of each layer, function and method, as data: one entry each, no torch."""
