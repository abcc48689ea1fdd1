"""What is done to environments on demand: asked for, planned, agreed to, carried out, or undone."""
