"""How pixels change: arrays in, arrays out; no units, files or settings objects."""
