"""What tests are written with: annotated text, and fakes."""
