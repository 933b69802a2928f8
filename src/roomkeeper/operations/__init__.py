"""What is listed and what is done, each said once; the surfaces are derived from it."""
