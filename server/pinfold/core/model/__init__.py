"""Values only: no behaviour beyond their own invariants, no input or output."""
