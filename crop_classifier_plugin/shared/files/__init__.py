"""Files that several processes share a folder with: locks, working folders, sets that change whole. Standard library
only: both sides import this."""
