"""What several backends need of the machine: files, processes, mounts, control groups."""
