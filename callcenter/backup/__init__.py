"""A home laid aside while it works, and brought back: what belongs to it, the proof of it, both ways."""
