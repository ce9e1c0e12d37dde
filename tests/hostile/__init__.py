"""Servers and documents that do what the open internet does to a news aggregator. For tests; binds to loopback only."""
