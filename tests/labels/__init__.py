"""Labels as they are in use: every template, symbol and output; worn, bent and dirty ones; looked at as pictures."""
