"""The dashboards of the hub: Voila's settings and its door."""
