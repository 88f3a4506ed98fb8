"""What is done to data, one step a file: settings, units and history around algorithms."""
