"""The language server over real pipes, and the conversions that need none."""
