"""The hotline over HTTP and WebSocket (contract.md §4-5)."""
