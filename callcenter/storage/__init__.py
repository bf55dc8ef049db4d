"""The store: SQLite or PostgreSQL behind the office's ports, and the files of recordings."""
