"""The command line: parse, call one function, render. No arithmetic, and no torch until a command needs it.

Enters: what a person typed. Leaves: text on a terminal, files, an exit code. Must not know: how anything is computed.
"""
