"""The library of the course: attention mechanisms, the small world they are tried in, exercises that check themselves."""
