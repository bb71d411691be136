"""From the form to restricted rows: codebook, exports of the form tool, the door that lets no person in, the store."""
