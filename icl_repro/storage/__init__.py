"""Files that are whole or not there, and what is kept in them between sessions."""
