"""The linter's rules, a file a subject. A rule takes a `Page` and yields the problems that it finds."""
