"""The ground floor: errors, specs, signature, randomness, storage, devices.

Enters: nothing of lamina. Leaves: what every other room needs. Must not know: tables, networks, files of models.
"""
