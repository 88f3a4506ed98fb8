"""VLT/SPHERE: IRDIS, IFS, ZIMPOL and the telemetry of its adaptive optics."""
