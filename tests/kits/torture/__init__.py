"""Jobs under fault: killed, out of disk or memory, signalled, in each other's way, given broken or hostile files."""
