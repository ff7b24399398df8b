"""One file for each rule, in a folder for each family."""
