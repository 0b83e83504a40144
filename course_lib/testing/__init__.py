"""How the course tests itself: the `course test` command and the pytest plugin that every run of pytest here loads."""
