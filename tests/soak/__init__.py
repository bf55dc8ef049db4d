"""Thousands of short calls of every sort, a controller that is killed every minute, and the look at what came of it."""
