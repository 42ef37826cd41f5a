"""The recipe of the embedded model: a tiny Whisper trained from scratch on synthesised speech (see README.md)."""
