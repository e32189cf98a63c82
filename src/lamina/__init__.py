"""lamina: deep learning from raw data to one safe file. Importing it costs nothing; names load when first used."""
