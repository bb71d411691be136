"""Releases: built aside, checked, made current by one rename; identical inputs give identical bytes."""
