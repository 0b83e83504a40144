"""What was handed in: found, read and taken apart. Nothing of it is run."""
