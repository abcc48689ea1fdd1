"""The verbs that change an environment."""
