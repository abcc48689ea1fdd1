"""What pip 26.3 itself makes of requirements files: the measure of Pinfold's own parser."""
