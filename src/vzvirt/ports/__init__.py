"""What the manager needs of the world, as protocols named for the need."""
