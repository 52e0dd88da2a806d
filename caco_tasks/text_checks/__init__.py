"""One text check per line of a file: the checks of the stages, for texts of anybody's own. See `check_file`."""
