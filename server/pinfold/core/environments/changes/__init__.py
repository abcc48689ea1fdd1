"""How an environment is changed so that it can be put back: at once, after a crash, and later."""
