"""The library of the course: attention, the small world it is tried in, exercises that check themselves."""
