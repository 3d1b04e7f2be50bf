"""The documentation tells the truth about the code and the tests."""
