"""Where answers run: a server, its workers, the walls around them, and what goes to and fro."""
