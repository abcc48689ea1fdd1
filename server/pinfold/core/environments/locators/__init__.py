"""Where each tool keeps its environments and interpreters, and what they are recognised by."""
