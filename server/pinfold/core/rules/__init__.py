"""What Pinfold says of a dependency file: one declaration a rule, one family a module."""
