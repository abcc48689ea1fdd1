"""The files at hand: what is open or on disk, what belongs together, what is found in them."""
