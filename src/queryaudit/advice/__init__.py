"""How captured facts become a fix. Pure: no Django, no database, no files."""
