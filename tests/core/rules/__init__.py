"""Tests of the rules, family by family."""
