"""What Pinfold knows and does, without an editor or a terminal in sight."""
