"""What a process counts, as plain integers: rules without I/O. Nothing here knows who reads them."""
