"""Raw frames of any camera: headers, images, observations, calibrations."""
