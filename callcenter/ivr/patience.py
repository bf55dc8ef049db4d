"""How long words take to say, and how long a caller will listen."""

SYLLABLES_PER_SECOND = 4.5
"""Mandarin as a hotline speaks it; the shipped voice lies between 4 and 5."""

LONGEST_UNCUT_SECONDS = 20.0
"""Speech that a caller must hear out before he can press a key or has a person; longer, and callers hang up."""

UNKNOWN_SOUND_SECONDS = 60.0
"""Taken for a recorded sound whose words the flow does not give."""


def speech_seconds(text: str) -> float:
    """Estimate how long a text takes to say."""
    return sum(character.isalnum() for character in text) / SYLLABLES_PER_SECOND
