"""Environments: which one a file is judged against, and what is installed in it."""
