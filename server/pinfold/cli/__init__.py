"""The terminal's face of Pinfold: the only place that prints."""
