"""Speed and quality benches, outside the package: each prints a table and reads nothing that is not named to it."""
