"""Whether a temperature that was fitted on one simulated season makes confidence mean what it says on others."""
