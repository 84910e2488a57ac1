"""From text to codes that can be compared; nothing here compares."""
