"""The programs that put packages into environments."""
