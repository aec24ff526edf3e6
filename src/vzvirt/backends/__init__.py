"""The ports' implementations, each named for the technology it wraps; blind to each other."""
