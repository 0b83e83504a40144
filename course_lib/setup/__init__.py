"""From a bare Python to a running course. Standard library only: this runs before anything is installed."""
