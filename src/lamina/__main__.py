"""``python -m lamina``, as `torchrun` starts it: the command line."""

from lamina.cli.app import main

if __name__ == "__main__":
    main()
