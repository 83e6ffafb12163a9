"""Where jobs run. An executor takes job folders and yields results in completion order."""
