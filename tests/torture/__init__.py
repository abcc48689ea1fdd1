"""What is killed, cut and filled up on purpose, to see that nothing is lost."""
