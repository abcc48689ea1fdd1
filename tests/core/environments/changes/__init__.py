"""Tests of the way environments are changed."""
