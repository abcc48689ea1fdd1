"""What is wrong with an environment, and what mends it."""
