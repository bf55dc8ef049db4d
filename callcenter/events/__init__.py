"""What the hotline tells other programs by itself."""
