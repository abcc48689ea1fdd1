"""From what was asked for to a plan that can be shown and run."""
