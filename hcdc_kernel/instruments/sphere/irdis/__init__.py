"""SPHERE/IRDIS imaging, from raw frames to the calibrated cube."""
