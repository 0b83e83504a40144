"""Questions of chapter 5."""

QUESTIONS = ()
