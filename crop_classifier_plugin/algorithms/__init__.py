"""What the Processing toolbox shows: each algorithm reads parameters, builds a job, has it run, shows the result."""
