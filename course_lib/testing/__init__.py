"""How the course tests itself: the `course test` command, and the plugin that every run of pytest loads."""
