"""Groups of commands: one module a group, wired by one line of observatoire/cli.py."""
